"""What an experiment gave, put together from what a replay leaves, whichever replay that was."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Self

import polars as pl

from phoenix_core.backtest.equity import Curve
from phoenix_core.backtest.experiment import Experiment, SpotFee, VenueParameters
from phoenix_core.backtest.gaps import Gap
from phoenix_core.backtest.in_quote import in_quote
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.ledger import Ledger, closed_at_end, fills_frame, ledger
from phoenix_core.backtest.minutes import Minutes
from phoenix_core.backtest.plan import Plan
from phoenix_core.backtest.settlement import Settled
from phoenix_core.execution.capacity import Capacity, capacity
from phoenix_core.execution.decisions import Decision, Fill
from phoenix_core.execution.holding import payoff_of
from phoenix_core.execution.orders import Sent
from phoenix_core.instruments.brackets import said_of_brackets
from phoenix_core.instruments.specification import Specification
from phoenix_core.instruments.table import assumptions
from phoenix_core.intervals.interval import Interval
from phoenix_core.market import DAY_NS, NS_PER_SECOND, Market
from phoenix_core.storage.spill import Spill
from phoenix_core.strategies.contract import Annotated


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment gave.

    Attributes:
        experiment: What was run.
        fills: Each fill with its decision.
        ledger: Every change of the account, round trips, and the parts of the PnL.
        curve: What the account is valued by.
        equity: The account valued each minute; empty where others share the account, which is valued as a whole.
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
        balances: What is there of each currency at the end, by its name, on spot; else empty.
        interval: Bounds of net where quotes were implied; None: they were published.
        in_quote: Parts and balances in quote units, where the account is in coins (`in_quote.in_quote`); else empty.
    """

    experiment: Experiment
    fills: pl.DataFrame
    ledger: Ledger
    curve: Curve
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
    balances: dict[str, Decimal] = field(default_factory=dict)
    interval: Interval | None = None
    in_quote: dict[str, str] = field(default_factory=dict)

    @property
    def excluded_seconds(self) -> float:
        """Time in which the data had nothing to trade on: missing days, gaps, and five minutes after each gap."""
        gaps = sum((gap.entries_blocked_until_ns - gap.start_ns) / NS_PER_SECOND for gap in self.gaps)
        return gaps + len(self.missing) * DAY_NS / NS_PER_SECOND

    @property
    def insolvent_ns(self) -> int | None:
        """When the account was first worth nothing, after a change or at a minute's end; None: never."""
        return insolvent_ns(self.ledger.rows.filter(pl.col("position") == 0), self.equity)


def insolvent_ns(flat: pl.DataFrame, equity: pl.DataFrame) -> int | None:
    """When an account was first worth nothing; None: never.

    Args:
        flat: ts and cash after each change that left nothing held.
        equity: ts and equity.
    """
    times = [table.filter(pl.col(name) <= 0)["ts"] for name, table in (("cash", flat), ("equity", equity))]
    return min((int(found[0]) for found in times if found.len()), default=None)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay leaves of an experiment.

    Attributes:
        fills: In the order they happened.
        decisions: Every order that was decided on, in order.
        sent: Every request as it went to the exchange.
        orders: How many orders ended in which way.
        settled: Funding and liquidation fees, in order.
        final: Balance at the end, flat; None: others share the account.
        events: Events that were looked at.
        balances: What is there of each currency at the end, on spot.
        overdrawn: Least that its quote balance was; not below zero, but where an order walked too deep.
    """

    fills: Sequence[Fill]
    decisions: tuple[Decision, ...]
    sent: tuple[Sent, ...]
    orders: dict[str, int]
    settled: Sequence[Settled]
    final: Decimal | None
    events: int
    balances: dict[str, Decimal] = field(default_factory=dict)
    overdrawn: Decimal = Decimal(0)


class Collected:
    """What is kept of each day after its ticks are gone."""

    def __init__(self, spill: Spill) -> None:
        self.minutes = Minutes(spill)
        self.without: dict[date, tuple[str, ...]] = {}
        self.versions: dict[str, str] = {}
        self.gaps: list[Gap] = []

    @classmethod
    def of(cls, plan: Plan, spill: Spill | None = None) -> Self:
        """Begin with the versions of days that are missing: a day that is there later makes another result.

        Args:
            plan: What is to be replayed.
            spill: Where minutes are put; None: in one of its own.
        """
        kept = cls(Spill(plan.reader.lake.scratch) if spill is None else spill)
        for day in plan.missing:
            kept.versions |= plan.reader.versions(day)
        return kept

    def add(self, day: DayInputs) -> None:
        """Keep what is needed of a day that was replayed."""
        self.minutes.add(day.day, day.prices)
        self.without[day.day] = day.without
        self.gaps += day.gaps
        self.versions |= day.versions

    def and_versions(self, more: Mapping[str, str]) -> "Collected":
        """The same with the data versions of further inputs."""
        both = copy(self)
        both.versions = {**self.versions, **more}
        return both


def result_of(
    plan: Plan, kept: Collected, left: Replayed, annotations: Sequence[Annotated], interval: Interval | None = None
) -> Result:
    """Post the ledger and value the account.

    Args:
        plan: What was to be replayed.
        kept: Of its days.
        left: By the replay.
        annotations: Of orders, which are published.
        interval: Bounds of net, where quotes were implied.

    Raises:
        LedgerUnbalanced: The parts of the PnL are not the account's change.
    """
    experiment = plan.experiment
    starting, payoff = experiment.venue.starting_balance, payoff_of(plan.specification)
    books = ledger(left.fills, left.settled, starting, left.final, annotations, payoff=payoff)
    final = starting + books.parts.net if left.final is None else left.final
    fills, minutes = fills_frame(left.fills, annotations, payoff), kept.minutes
    curve = Curve(minutes, books.rows, starting, payoff)
    return Result(
        experiment=experiment,
        fills=fills,
        ledger=books,
        curve=curve,
        equity=curve.none() if left.final is None else curve.whole(),
        final_balance=final,
        days=tuple(plan.days),
        missing=plan.missing,
        without=kept.without,
        assumptions=(
            *_assumptions(experiment, plan.specification, plan.days, implied=plan.is_implied),
            *_said_of_overdraft(left.overdrawn),
            *assumptions(plan.specification, plan.days[-1]),
            *_said_of_missing(plan.days),
        ),
        orders=left.orders,
        closed_at_end=closed_at_end(left.fills),
        events=left.events,
        versions=dict(sorted(kept.versions.items())),
        gaps=tuple(kept.gaps),
        decisions=left.decisions,
        sent=left.sent,
        capacity=capacity(fills, minutes.of_times(fills["ts"]), experiment.venue.largest_share),
        balances=left.balances,
        interval=interval.around(books.parts.net) if interval else None,
        in_quote=in_quote(books.rows, minutes.ends(), starting, final) if payoff.is_inverse else {},
    )


def not_flat(day: date, position: Decimal) -> str:
    """What is said of a session that could not be closed."""
    return (
        f"The session of {day} ended with {position} held or an order open: expected flat. "
        "The market had no price to close at; leave that day out."
    )


def _said_of_missing(days: Sequence[date]) -> list[str]:
    before = [str(day) for day in days[:-1] if day + timedelta(1) not in days]
    return [f"nothing is held over missing days: closed at the end of {', '.join(before)}"] if before else []


def _said_of_overdraft(lowest: Decimal) -> list[str]:
    return [f"orders at market cost more than was there: the quote balance fell to {lowest}"] if lowest < 0 else []


_TAKEN_FROM = {SpotFee.RECEIVED: "what a fill brings", SpotFee.QUOTE: "quote units"}


def _rate(share: Decimal) -> str:
    return f"{share:.4f}".rstrip("0")


def maintained(venue: VenueParameters, spec: Specification, days: Sequence[date]) -> str:
    """What margin maintains a position: by brackets, or one rate, and why that."""
    rate = f"maintenance {_rate(spec.margin_maint)}"
    if venue.maintenance_margin is not None:
        return f"{rate} as asked"
    if brackets := said_of_brackets(spec.listing, days):
        return f"maintenance {brackets}"
    return (
        f"{rate} whatever the size, and no largest position: assumed, no leverage brackets of {spec.listing} are known"
    )


def _assumptions(
    experiment: Experiment, spec: Specification, days: Sequence[date], *, implied: bool
) -> tuple[str, ...]:
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
        (
            f"spot: nothing is lent or sold short; fees are taken from {_TAKEN_FROM[venue.spot_fee]}"
            if spec.listing.market is Market.SPOT
            else f"margin: initial {_rate(spec.margin_init)} of notional, {maintained(venue, spec, days)}"
        ),
        "fills: what was traded and shown, behind the queue (docs/fills.md); "
        + (f"cancellations move it: {venue.queue_depletion}" if venue.queue_position else "the queue is ignored"),
        "what is open at the end is closed at market, with fee",
        "nothing is entered in a gap of five minutes without trades and five minutes after it; positions are kept",
    ]
    if spec.is_inverse:
        notes.append(
            f"an inverse contract of {spec.contract_size:f} {spec.quote}: quantities are contracts, amounts "
            f"{spec.settlement}, each rounded to 8 decimals (docs/fills.md)"
        )
    if implied:
        why = "as asked" if venue.imply_quotes else "at least one day of the range has no book_ticker"
        notes.append(f"quotes implied from trades: {why} (docs/strategy.md says how far they can be trusted)")
    if spec.inferred:
        notes.append("instrument constants inferred from the data")
    if not venue.funding:
        notes.append("funding not charged")
    return tuple(notes)
