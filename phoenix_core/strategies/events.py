"""What the strategy is told, and what it says of its orders: signals, the clock, decisions and fills."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nautilus_trader.core.data import Data
from nautilus_trader.model.identifiers import ClientId

CLIENT = ClientId("PHOENIX")


class _Instant(Data):
    """An event that is known when it happens."""

    __slots__ = ("ts",)

    def __init__(self, ts: int) -> None:
        self.ts = ts

    @property
    def ts_event(self) -> int:
        """When it happened, in nanoseconds."""
        return self.ts

    @property
    def ts_init(self) -> int:
        """When it is known, in nanoseconds."""
        return self.ts


class SignalTick(_Instant):
    """A signal as an event: known when its bucket closed.

    Attributes mirror `signals.table.SIGNAL_COLUMNS`; ldr and oi_z are None where they are not known.
    `stands_down`: the data had a gap just before, so nothing is entered.
    """

    __slots__ = ("bucket", "first_trade", "fsi_ready", "last_trade", "ldr", "lpi", "oi_z", "rv", "stands_down")

    def __init__(self, row: dict[str, object]) -> None:
        super().__init__(row["ts_init"])  # type: ignore[arg-type]
        self.bucket: int = row["bucket"]  # type: ignore[assignment]
        self.first_trade: int = row["first_trade"]  # type: ignore[assignment]
        self.last_trade: int = row["last_trade"]  # type: ignore[assignment]
        self.lpi: float = row["lpi"]  # type: ignore[assignment]
        self.ldr: float | None = row["ldr"]  # type: ignore[assignment]
        self.oi_z: float | None = row["oi_z"]  # type: ignore[assignment]
        self.rv: float | None = row["rv"]  # type: ignore[assignment]
        self.fsi_ready: bool = row["fsi_ready"]  # type: ignore[assignment]
        self.stands_down = bool(row.get("stands_down", False))


class Clock(_Instant):
    """An event that only lets time pass, or with `closes` ends the session.

    Args:
        ts: When, in nanoseconds.
        closes: The strategy leaves the market now, and for good.
    """

    __slots__ = ("closes",)

    def __init__(self, ts: int, *, closes: bool = False) -> None:
        super().__init__(ts)
        self.closes = closes


class Why(StrEnum):
    """Why an order was sent."""

    ENTRY = "entry"
    EXIT = "exit"
    LIQUIDATION = "liquidation"
    SESSION_END = "session end"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was known when an order was sent.

    Attributes:
        why: Reason of the order.
        ts: When it was decided, ns.
        mid: Mid of the best quotes then.
        bucket: Number of the volume bucket of its signal in its day; -1 without a signal.
        first_trade: First aggregate trade of that bucket.
        last_trade: Last aggregate trade of that bucket.
        lpi: Its pressure index; None without a signal.
        ldr: Its liquidity depletion, where it was known.
        oi_z: Its crowding, where it was known.
        rv: Its realized volatility, likewise: the size follows from it.
        side: BUY or SELL.
        quantity: Base units.
        price: Limit; None: at market.
    """

    why: Why
    ts: int
    mid: Decimal
    bucket: int
    first_trade: int
    last_trade: int
    lpi: float | None
    ldr: float | None = None
    oi_z: float | None = None
    rv: float | None = None
    side: str = ""
    quantity: Decimal = Decimal(0)
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill, and the decision behind it."""

    ts: int
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    liquidity: str
    order_id: str
    trade_id: str
    decision: Decision
