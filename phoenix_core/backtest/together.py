"""Experiments run together, on listings that share one venue, one account and one clock; one alone is a backtest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId, StrategyId
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.backtest.experiment import Experiment, ReplayMode
from phoenix_core.backtest.history import history
from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.interval import BoundsOfRun
from phoenix_core.backtest.lane import Lane
from phoenix_core.backtest.plan import Plan, plan_of
from phoenix_core.backtest.replay import Replay
from phoenix_core.backtest.result import Collected, Replayed, Result, not_flat, result_of
from phoenix_core.backtest.venue import Seat, Simulated, engine_with_seats, feed_latency_ns
from phoenix_core.catalog.instruments import instrument
from phoenix_core.errors import StrategyFailed
from phoenix_core.execution.account import SpotAccount
from phoenix_core.execution.limits import Limits
from phoenix_core.instruments.table import specification
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.products import SIGNALS
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.spill import Spill
from phoenix_core.strategies.contract import Contract
from phoenix_core.strategies.imported import contract_of, hears_only, strategy_of

DayDone = Callable[[date, int], None]
Prepare = Callable[[DayInputs], DayInputs]


def quietly(day: date, events: int) -> None:
    """Say nothing of a day that ended."""
    del day, events


def as_read(day: DayInputs) -> DayInputs:
    """Replay a day as it was read."""
    return day


def run_together(
    lake: Lake,
    experiments: Sequence[Experiment],
    limits: Limits,
    day_done: DayDone = quietly,
    prepare: Prepare = as_read,
) -> tuple[list[Result], Decimal]:
    """Run experiments of equal venues and ranges as one: each on a listing of its own, all with one account.

    Args:
        lake: The data folder.
        experiments: At least one. Where several things happen at one instant, in this order.
        limits: What the account lets in; they count what they refused.
        day_done: Told each day as it ends, with the events so far.
        prepare: What of a day is replayed.

    Returns:
        The result of each, and the balance in the end. Of several, each result begins with the whole balance and has
        its own gains only.

    Raises:
        ConfigInvalid: A strategy can't be imported or made of its config.
        InputMissing: Not one day of the range can be replayed for one of the listings.
        CatalogCorrupt: A file is not what was published.
        StrategyFailed: A strategy raised, or the engine stopped early.
        LedgerUnbalanced: The parts of the PnL of a single one are not the account's change.
    """
    spill = Spill(lake.scratch)
    cast = [_Part.of(lake, experiment, spill) for experiment in experiments]
    if len(cast) > 1:
        for number, part in enumerate(cast, 1):
            stand_apart(part.seat, number)
            part.bounds = None  # they are of an account that it has for itself
    first = experiments[0]
    simulated = engine_with_seats([part.seat for part in cast], first.venue, limits)
    engine = simulated[0].engine
    replay = Replay([], feed_latency_ns(first.venue))
    day = first.first
    try:
        for part, one in zip(cast, simulated, strict=True):
            part.enters(lake, one)
        for day in sorted({day for part in cast for day in part.plan.days}):
            today = [part for part in cast if day in part.plan.days]
            for part in today:
                part.begin(day, prepare)
            replay.lanes = [part.lane for part in today]
            (replay.skipping if first.replay is ReplayMode.SIGNALS else replay.full)()
            for part in today:
                part.end(day)
            day_done(day, replay.events)
        engine.end()
        balance = simulated[0].account.balance
        left = [part.left(replay.events, None if len(cast) > 1 else balance) for part in cast]
    except (RuntimeError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
        names = ", ".join(experiment.listing for experiment in experiments)
        raise StrategyFailed(
            f"The backtest of {names} stopped on {day}: {type(error).__name__}: {error}. No result was published."
        ) from error
    finally:
        engine.dispose()
    return [part.result(replayed) for part, replayed in zip(cast, left, strict=True)], balance


def stand_apart(seat: Seat, number: int) -> None:
    """Let a strategy be told from the others: by the names of its orders, and by what it hears."""
    strategy, tag = seat.strategy, f"{number:03d}"
    strategy.change_id(StrategyId(f"{strategy.id.value.rpartition('-')[0]}-{tag}"))
    strategy.change_order_id_tag(tag)
    hears_only(strategy, seat.instrument.id)


@dataclass
class _Part:
    """One experiment among those that run together."""

    plan: Plan
    strategy: Strategy
    contract: Contract
    kept: Collected
    seat: Seat
    bounds: BoundsOfRun | None
    lane: Lane = field(init=False)

    @classmethod
    def of(cls, lake: Lake, experiment: Experiment, spill: Spill) -> "_Part":
        listing = Listing.parse(experiment.listing)
        strategy = strategy_of(experiment.importable, _traded(listing, experiment.first))
        contract = contract_of(strategy)
        plan = plan_of(lake, experiment, contract.feeds)
        traded = instrument(plan.specification, expires=False)  # it is our settlement that delivers
        bounds = BoundsOfRun.of(plan, contract) if plan.is_implied else None
        return cls(plan, strategy, contract, Collected.of(plan, spill), Seat(traded, strategy, plan.is_implied), bounds)

    def enters(self, lake: Lake, simulated: Simulated) -> None:
        """Take its place at the venue, with what its strategy remembers."""
        venue = self.plan.experiment.venue
        quotes = ImpliedQuotes(self.seat.instrument.price_increment) if self.plan.is_implied else None
        skipper = self.contract.skipper(self.strategy) if self.contract.skipper else None
        self.lane = Lane(simulated, skipper, self.plan.closing_ns, feed_latency_ns(venue), quotes)
        if self.contract.remembers:
            self.kept.versions |= _remember(lake, self.plan.reader.listing, self.strategy, self.plan.days[0])

    def begin(self, day: date, prepare: Prepare) -> None:
        """Read a day."""
        self.kept.add(read := self.plan.priced(prepare(self.plan.reader.day(day))))
        if self.bounds:
            self.bounds.add(read)
        self.lane.begin(read, ends_session=self.plan.ends_session(day))

    def end(self, day: date) -> None:
        """Hold the end of a session against the account."""
        simulated = self.lane.simulated
        position = simulated.closing.position
        if self.plan.ends_session(day) and (position != 0 or simulated.exchange.unfinished_orders()):
            raise StrategyFailed(not_flat(day, position))

    def left(self, events: int, final: Decimal | None) -> Replayed:
        """What the replay leaves of it."""
        simulated, traded = self.lane.simulated, self.plan.specification
        account, balances, lowest = simulated.account, {}, Decimal(0)
        if isinstance(account, SpotAccount):
            balances, lowest = {traded.quote: account.quote, traded.base: account.base}, account.lowest
        return Replayed(
            fills=simulated.recorder.fills,
            decisions=simulated.recorder.decisions,
            sent=tuple(simulated.exchange.sent.values()),
            orders=simulated.recorder.orders_by_end,
            settled=simulated.watched.settled,
            final=final,
            events=events,
            balances=balances,
            overdrawn=lowest,
        )

    def result(self, left: Replayed) -> Result:
        """What it gave."""
        interval, calibrated = self.bounds.interval() if self.bounds else (None, {})
        return result_of(self.plan, self.kept.and_versions(calibrated), left, self.contract.annotations, interval)


def _traded(listing: Listing, day: date) -> InstrumentId:
    return InstrumentId.from_str(specification(listing, day).instrument_id)


def _remember(lake: Lake, listing: Listing, strategy: Strategy, first: date) -> dict[str, str]:
    """Tell a strategy what was before its first day, and give the data versions of that."""
    for event in history(lake, listing, first):
        strategy.on_historical_data(event)
    sources = sources_of(Manifest(lake), SIGNALS, listing, first)
    return {name: version for name, version in sources.items() if "@" in name}
