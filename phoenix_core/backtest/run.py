"""Run an experiment over its days through NautilusTrader."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.backtest.experiment import Experiment, ReplayMode
from phoenix_core.backtest.history import history
from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.interval import BoundsOfRun
from phoenix_core.backtest.plan import Plan, plan_of
from phoenix_core.backtest.replay import Replay
from phoenix_core.backtest.result import Collected, Replayed, Result, not_flat, result_of
from phoenix_core.backtest.venue import Simulated, engine_with_venue, feed_latency_ns
from phoenix_core.catalog.instruments import instrument
from phoenix_core.errors import StrategyFailed
from phoenix_core.execution.account import SpotAccount
from phoenix_core.instruments.table import specification
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Key, Manifest
from phoenix_core.market import Listing, days_between
from phoenix_core.products import BACKTEST, SIGNALS
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.imported import contract_of, strategy_of

DayDone = Callable[[date, int], None]
Prepare = Callable[[DayInputs], DayInputs]


def _quietly(day: date, events: int) -> None:
    del day, events


def _as_read(day: DayInputs) -> DayInputs:
    return day


def run(lake: Lake, experiment: Experiment, day_done: DayDone = _quietly, prepare: Prepare = _as_read) -> Result:
    """Run an experiment.

    Days whose trades or signals are missing are left out and named. The balance is carried over them and a position is
    not: it is closed at the end of the day before, since nobody knows what the market, funding and margin were.

    Args:
        lake: The data folder.
        experiment: What to run.
        day_done: Told each day as it ends, with the events so far.
        prepare: What of a day is replayed, such as its signals in another order; such a result is nobody's to publish.

    Raises:
        ConfigInvalid: The strategy can't be imported or made of its config.
        InputMissing: Not one day of the range can be replayed.
        CatalogCorrupt: A file is not what was published.
        StrategyFailed: The strategy raised, or the engine stopped early.
        LedgerUnbalanced: The parts of the PnL are not the account's change.
    """
    listing = Listing.parse(experiment.listing)
    strategy = strategy_of(experiment.importable, _traded(listing, experiment.first))
    contract = contract_of(strategy)
    plan = plan_of(lake, experiment, contract.feeds)
    traded = instrument(plan.specification, expires=False)  # it is our settlement that delivers
    simulated = engine_with_venue(traded, experiment.venue, strategy, quotes_implied=plan.is_implied)
    quotes = ImpliedQuotes(traded.price_increment) if plan.is_implied else None
    skipper = contract.skipper(strategy) if contract.skipper else None
    replay = Replay(simulated, skipper, plan.closing_ns, feed_latency_ns(experiment.venue), quotes)
    feed = replay.skipping if experiment.replay is ReplayMode.SIGNALS else replay.full
    kept = Collected.of(plan)
    bounds = BoundsOfRun.of(plan, contract) if plan.is_implied else None
    try:
        if contract.remembers:
            kept.versions |= _remember(lake, listing, strategy, day := plan.days[0])
        for day in plan.days:
            kept.add(read := plan.priced(prepare(plan.reader.day(day))))
            if bounds:
                bounds.add(read)
            feed(read, ends_session=plan.ends_session(day))
            if plan.ends_session(day):
                _require_flat(simulated, day)
            day_done(day, replay.events)
        simulated.engine.end()
        left = _left(simulated, plan, replay.events)
    except (RuntimeError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
        raise StrategyFailed(
            f"The backtest of {listing} stopped on {day}: {type(error).__name__}: {error}. No result was published."
        ) from error
    finally:
        simulated.engine.dispose()
    interval, calibrated = bounds.interval() if bounds else (None, {})
    kept.versions |= calibrated
    return result_of(plan, kept, left, contract.annotations, interval)


def nothing_to_run(lake: Lake, experiment: Experiment) -> str | None:
    """Why no day can be run although all stages are done: each day's trades or signals were never published.

    Days that were never materialized are another matter: `run` names them as an error.
    """
    listing = Listing.parse(experiment.listing)
    days = days_between(experiment.first, experiment.last)
    reasons = {day: reason for day in days if (reason := _reason_absent(lake, listing, day))}
    if len(reasons) < len(days):
        return None
    first = reasons[experiment.first]
    return first if len(days) == 1 else f"none of {len(days)} days can be replayed; {experiment.first}: {first}"


def _reason_absent(lake: Lake, listing: Listing, day: date) -> str | None:
    required = [one.product.asset(listing) for one in BACKTEST.inputs if one.is_required]
    found = Manifest(lake).find_many(Key(asset, day.isoformat()) for asset in required)
    return next((entry.reason for entry in found.values() if not entry.published), None)


def _traded(listing: Listing, day: date) -> InstrumentId:
    return InstrumentId.from_str(specification(listing, day).instrument_id)


def _remember(lake: Lake, listing: Listing, strategy: Strategy, first: date) -> dict[str, str]:
    """Tell a strategy what was before its first day, and give the data versions of that."""
    for event in history(lake, listing, first):
        strategy.on_historical_data(event)
    sources = sources_of(Manifest(lake), SIGNALS, listing, first)
    return {name: version for name, version in sources.items() if "@" in name}


def _require_flat(simulated: Simulated, day: date) -> None:
    position = simulated.closing.position
    if position != 0 or simulated.exchange.unfinished_orders():
        raise StrategyFailed(not_flat(day, position))


def _left(simulated: Simulated, plan: Plan, events: int) -> Replayed:
    account, traded = simulated.account, plan.specification
    balances, lowest = {}, Decimal(0)
    if isinstance(account, SpotAccount):
        balances, lowest = {traded.quote: account.quote, traded.base: account.base}, account.lowest
    return Replayed(
        fills=simulated.recorder.fills,
        decisions=simulated.recorder.decisions,
        sent=tuple(simulated.exchange.sent.values()),
        orders=simulated.recorder.orders_by_end,
        settled=simulated.settlement.settled,
        final=account.balance,
        events=events,
        balances=balances,
        overdrawn=lowest,
    )
