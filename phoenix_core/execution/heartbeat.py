"""Events that bring no data: they let time pass, so that the exchange settles when it should."""

from nautilus_trader.core.data import Data
from nautilus_trader.model.identifiers import InstrumentId


class Heartbeat(Data):
    """An instant at which something is due.

    Args:
        ts: When, in nanoseconds.
        closes: The instrument whose session ends: what is held of it is closed now, and nothing new is let in until its
            next day begins; None: no session ends.
    """

    __slots__ = ("closes", "ts")

    def __init__(self, ts: int, *, closes: InstrumentId | None = None) -> None:
        self.ts = ts
        self.closes = closes

    @property
    def ts_event(self) -> int:
        """When it is due, in nanoseconds."""
        return self.ts

    @property
    def ts_init(self) -> int:
        """Likewise."""
        return self.ts
