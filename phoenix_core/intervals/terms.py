"""What bounds of a strategy's net are computed from, and by what: the contract between a backtest and a strategy."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.instruments.brackets import Brackets
from phoenix_core.intervals.interval import Interval
from phoenix_core.intervals.prints import Prints

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Terms:
    """What an exchange asks and how requests travel.

    Attributes:
        starting: Balance at the start, quote units.
        latency_ns: From sending to the exchange (rule 1 of docs/fills.md puts the arrival between milliseconds).
        late_ns: From an event at the exchange until the strategy sees it.
        tick: Step of prices.
        step: Step of quantities.
        maker_fee: Share of notional.
        taker_fee: Likewise.
        largest_leverage: Notional of an order by equity that the initial margin allows.
        largest_position: Notional that a position may have, quote units; infinite where any may.
        min_notional: Smallest order, quote units.
        maintenance: Share of notional that keeps a position, on days without brackets; None: it is never liquidated.
        may_slip: A taker may pay a tick more.
        is_patient: A market order takes nothing beyond some price, so that it may take any time.
    """

    starting: Decimal
    latency_ns: int
    late_ns: int
    tick: Decimal
    step: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    largest_leverage: Decimal
    min_notional: Decimal
    maintenance: Decimal | None = None
    may_slip: bool = False
    is_patient: bool = False
    largest_position: Decimal = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a day before any order: it decides when a strategy acts, and what holding costs.

    Attributes:
        signals: One row a bucket, as the strategy gets them.
        closings: When the session's end closes everything; empty on a day after which it goes on.
        funding: (ts, quote units that one base unit held long receives).
        lows: (ts, lowest mark price of the minute that ends there).
        brackets: By which a position keeps margin; None: one rate holds for all.
    """

    signals: "pl.DataFrame"
    closings: tuple[int, ...] = ()
    funding: Sequence[tuple[int, float]] = ()
    lows: Sequence[tuple[int, float]] = ()
    brackets: Brackets | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the market of a day left behind.

    Attributes:
        start_ns: 00:00 UTC.
        end_ns: Last nanosecond of the day.
        tape: Its trades, and those of its neighbours for what reaches over midnight.
        depth: Snapshots of the day before and of the day, where they are there.
    """

    start_ns: int
    end_ns: int
    tape: Prints
    depth: tuple[Snapshots, ...] = ()


class Bounds(Protocol):
    """The extremes of what a strategy can have earned. First all days are planned, then each is looked at, in order."""

    def plan(self, day: Known) -> None:
        """Take a day's signals."""

    def look(self, day: Evidence) -> None:
        """Take what the market of a planned day left behind."""

    def interval(self) -> Interval:
        """Give the extremes of net."""
