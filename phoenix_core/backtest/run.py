"""Run an experiment over its days and publish what it gave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.backtest.experiment import Experiment, ReplayMode
from phoenix_core.backtest.gaps import Gap
from phoenix_core.backtest.history import history
from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import DayInputs, InputReader
from phoenix_core.backtest.interval import IntervalOfRun
from phoenix_core.backtest.ledger import Ledger, closed_at_end, equity_curve, fills_frame, ledger
from phoenix_core.backtest.replay import Replay
from phoenix_core.backtest.venue import Simulated, as_traded, engine_with_venue, feed_latency_ns, order_latency_ns
from phoenix_core.catalog.instruments import instrument
from phoenix_core.catalog.store import catalog_asset
from phoenix_core.datasets import BOOK_TICKER
from phoenix_core.errors import InputMissing, StrategyFailed
from phoenix_core.execution.capacity import Capacity, capacity
from phoenix_core.execution.decisions import Decision
from phoenix_core.execution.orders import Sent
from phoenix_core.instruments.specification import Specification
from phoenix_core.instruments.table import assumptions, specification
from phoenix_core.intervals.interval import Interval
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Key, Manifest
from phoenix_core.market import DAY_NS, NS_PER_SECOND, Listing, day_start_ns, days_between
from phoenix_core.products import BACKTEST, INSTRUMENT, SIGNALS
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.imported import contract_of, strategy_of

_MINUTE_NS = 60 * NS_PER_SECOND
_SPARE_NS = 2_000_000  # an arrival is put between milliseconds

DayDone = Callable[[date, int], None]


def _quietly(day: date, events: int) -> None:
    del day, events


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment gave.

    Attributes:
        experiment: What was run.
        fills: Each fill with its decision.
        ledger: Every change of the account, round trips, and the parts of the PnL.
        equity: The account valued each minute.
        final_balance: The engine's balance at the end, flat.
        days: Days that were replayed.
        missing: Days that could not be, and why.
        without: What some days ran without, by day.
        assumptions: What a reader must know to judge the figures.
        orders: Orders by how they ended.
        closed_at_end: Fills that the end of the range forced.
        events: Events that the engine saw.
        versions: Data versions of all inputs, by asset and day.
        gaps: Times without trades, in which nothing was entered.
        decisions: Every order that was decided on, filled or not.
        sent: Every request as it went to the exchange.
        capacity: Share of the market's volume that the fills were.
        interval: Bounds of net where quotes were implied; None: they were published.
    """

    experiment: Experiment
    fills: pl.DataFrame
    ledger: Ledger
    equity: pl.DataFrame
    final_balance: Decimal
    days: tuple[date, ...]
    missing: dict[date, str]
    without: dict[date, tuple[str, ...]]
    assumptions: tuple[str, ...]
    orders: dict[str, int]
    closed_at_end: int
    events: int
    versions: dict[str, str]
    gaps: tuple[Gap, ...] = ()
    decisions: tuple[Decision, ...] = ()
    sent: tuple[Sent, ...] = ()
    capacity: Capacity = field(default_factory=Capacity)
    interval: Interval | None = None

    @property
    def excluded_seconds(self) -> float:
        """Time in which the data had nothing to trade on: missing days, gaps, and five minutes after each gap."""
        gaps = sum((gap.entries_blocked_until_ns - gap.start_ns) / NS_PER_SECOND for gap in self.gaps)
        return gaps + len(self.missing) * DAY_NS / NS_PER_SECOND

    @property
    def insolvent_ns(self) -> int | None:
        """When the account was first worth nothing, after a change or at a minute's end; None: never."""
        worth = (("cash", self.ledger.rows.filter(pl.col("position") == 0)), ("equity", self.equity))
        times = [table.filter(pl.col(name) <= 0)["ts"] for name, table in worth]
        return min((int(found[0]) for found in times if found.len()), default=None)


def run(lake: Lake, experiment: Experiment, day_done: DayDone = _quietly) -> Result:
    """Run an experiment.

    Days whose trades or signals are missing are left out and named. The balance is carried over them and a position is
    not: it is closed at the end of the day before, since nobody knows what the market, funding and margin were.

    Args:
        lake: The data folder.
        experiment: What to run.
        day_done: Told each day as it ends, with the events so far.

    Raises:
        ConfigInvalid: The strategy can't be imported or made of its config.
        InputMissing: Not one day of the range can be replayed.
        CatalogCorrupt: A file is not what was published.
        StrategyFailed: The strategy raised, or the engine stopped early.
        LedgerUnbalanced: The parts of the PnL are not the account's change.
    """
    listing = Listing.parse(experiment.listing)
    strategy = strategy_of(experiment.importable, _traded(listing, experiment.first))
    contract, late_ns = contract_of(strategy), feed_latency_ns(experiment.venue)
    reader = InputReader(lake, listing, experiment.signals, contract.feeds, late_ns)
    wanted = days_between(experiment.first, experiment.last)
    missing = {day: why for day in wanted if (why := reader.why_missing(day)) is not None}
    days = [day for day in wanted if day not in missing]
    if not days:
        first, why = next(iter(missing.items()))
        raise InputMissing(
            f"No day of {experiment.first}...{experiment.last} can be replayed for {listing}: {first}: {why}. "
            "Materialize the signals of the range first."
        )
    implied = experiment.venue.imply_quotes or any(not _has_quotes(lake, listing, day) for day in days)
    inputs = _Collected()
    for day in missing:
        inputs.versions |= reader.versions(day)  # a day that is there later makes another result
    spec = _specification(lake, listing, experiment, days[0])
    traded = instrument(spec)
    simulated = engine_with_venue(traded, experiment.venue, strategy, quotes_implied=implied)
    engine, settlement, recorder = simulated.engine, simulated.settlement, simulated.recorder
    quotes = ImpliedQuotes(traded.price_increment) if implied else None
    closing_ns = order_latency_ns(experiment.venue) + _SPARE_NS
    bounds = IntervalOfRun.of(reader, experiment, spec, strategy, contract) if implied else None
    skipper = contract.skipper(strategy) if contract.skipper else None
    replay = Replay(simulated, skipper, closing_ns, late_ns, quotes)
    feed = replay.skipping if experiment.replay is ReplayMode.SIGNALS else replay.full
    try:
        if contract.remembers:
            inputs.versions |= _remember(lake, listing, strategy, day := days[0])
        for day in days:
            inputs.add(read := _priced(reader.day(day), experiment))
            ends = day + timedelta(1) not in days
            if bounds:
                bounds.plan(read, replay.session_ends(read, ends_session=ends))
            feed(read, ends_session=ends)
            if ends:
                _require_flat(simulated, day)
            day_done(day, replay.events)
        engine.end()
        final = _final_balance(simulated)
    except (RuntimeError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
        raise StrategyFailed(
            f"The backtest of {listing} stopped on {day}: {type(error).__name__}: {error}. No result was published."
        ) from error
    finally:
        engine.dispose()
    interval, calibrated = bounds.computed() if bounds else (None, {})
    inputs.versions |= calibrated
    starting, annotations = experiment.venue.starting_balance, contract.annotations
    books = ledger(recorder.fills, settlement.settled, starting, final, annotations)
    fills, minutes = fills_frame(recorder.fills, annotations), _with_missing_days(pl.concat(inputs.prices), days)
    return Result(
        experiment=experiment,
        fills=fills,
        ledger=books,
        equity=equity_curve(minutes, books.rows, starting),
        final_balance=final,
        days=tuple(days),
        missing=missing,
        without=inputs.without,
        assumptions=(
            *_assumptions(experiment, spec, implied=implied),
            *assumptions(spec, days[-1]),
            *_said_of_missing(days),
        ),
        orders=recorder.orders_by_end,
        closed_at_end=closed_at_end(recorder.fills),
        events=replay.events,
        versions=dict(sorted(inputs.versions.items())),
        gaps=tuple(inputs.gaps),
        decisions=recorder.decisions,
        sent=tuple(simulated.exchange.sent.values()),
        interval=interval.around(books.parts.net) if interval else None,
        capacity=capacity(fills, minutes, experiment.venue.largest_share),
    )


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


class _Collected:
    """What is kept of each day after its ticks are gone."""

    def __init__(self) -> None:
        self.prices: list[pl.DataFrame] = []
        self.without: dict[date, tuple[str, ...]] = {}
        self.versions: dict[str, str] = {}
        self.gaps: list[Gap] = []

    def add(self, day: DayInputs) -> None:
        self.prices.append(day.prices)
        self.without[day.day] = day.without
        self.gaps += day.gaps
        self.versions |= day.versions


def _priced(day: DayInputs, experiment: Experiment) -> DayInputs:
    """The day as the venue's settings see it: without funding, or with signals that are known later."""
    late = feed_latency_ns(experiment.venue)
    signals = day.signals.with_columns(pl.col("ts_init") + late).filter(pl.col("ts_init") <= day.end_ns)
    return replace(
        day, signals=signals if late else day.signals, funding=day.funding if experiment.venue.funding else ()
    )


def _has_quotes(lake: Lake, listing: Listing, day: date) -> bool:
    entry = Manifest(lake).find(catalog_asset(BOOK_TICKER, listing), day)
    return entry is not None and entry.published


def _specification(lake: Lake, listing: Listing, experiment: Experiment, day: date) -> Specification:
    spec = specification(listing, day)
    entry = Manifest(lake).find(INSTRUMENT.asset(listing), day)
    if spec.inferred and entry is not None:
        spec = replace(spec, tick=Decimal(entry.facts["tick"]), step=Decimal(entry.facts["step"]))
    return as_traded(spec, experiment.venue)


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
        raise StrategyFailed(
            f"The session of {day} ended with {position} held or an order open: expected flat. "
            "The market had no price to close at; leave that day out."
        )


def _with_missing_days(minutes: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """Add the minutes of days that are missing between others, without trades: the account is flat and they count."""
    inside = [day for day in days_between(days[0], days[-1]) if day not in days]
    if not inside:
        return minutes
    ends = [
        day_start_ns(day) + minute * _MINUTE_NS - 1 for day in inside for minute in range(1, DAY_NS // _MINUTE_NS + 1)
    ]
    added = pl.DataFrame({"minute_ns": ends}, schema={"minute_ns": minutes.schema["minute_ns"]})
    whole = pl.concat([minutes, added], how="diagonal").sort("minute_ns")
    return whole.with_columns(pl.col("open", "price").forward_fill(), pl.col("volume").fill_null(0))


def _final_balance(simulated: Simulated) -> Decimal:
    account = simulated.settlement.exchange.get_account()
    return Decimal(account.balance_total(account.base_currency).as_decimal())


def _said_of_missing(days: Sequence[date]) -> list[str]:
    before = [str(day) for day in days[:-1] if day + timedelta(1) not in days]
    return [f"nothing is held over missing days: closed at the end of {', '.join(before)}"] if before else []


def _rate(share: Decimal) -> str:
    return f"{share:.4f}".rstrip("0")


def _assumptions(experiment: Experiment, spec: Specification, *, implied: bool) -> tuple[str, ...]:
    venue = experiment.venue
    notes = [
        f"fees: maker {spec.maker_fee}, taker {spec.taker_fee} of notional",
        f"orders reach the exchange {venue.order_latency_ms:g} ms after the decision",
        *(
            [f"and an exponential {venue.order_latency_spread_ms:g} ms on average"]
            if venue.order_latency_spread_ms
            else []
        ),
        *([f"signals and quotes are seen {venue.feed_latency_ms:g} ms late"] if venue.feed_latency_ms else []),
        f"margin: initial {_rate(spec.margin_init)}, maintenance {_rate(spec.margin_maint)} of notional",
        "fills: what was traded and shown, behind the queue (docs/fills.md); "
        + (f"cancellations move it: {venue.queue_depletion}" if venue.queue_position else "the queue is ignored"),
        "what is open at the end is closed at market, with fee",
        "nothing is entered in a gap of five minutes without trades and five minutes after it; positions are kept",
    ]
    if implied:
        why = "as asked" if venue.imply_quotes else "at least one day of the range has no book_ticker"
        notes.append(f"quotes implied from trades: {why} (docs/strategy.md says how far they can be trusted)")
    if spec.inferred:
        notes.append("instrument constants inferred from the data")
    if not venue.funding:
        notes.append("funding not charged")
    return tuple(notes)
