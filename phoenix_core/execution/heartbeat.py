"""Events that bring no data: they let time pass, so that the exchange settles when it should."""

from nautilus_trader.core.data import Data


class Heartbeat(Data):
    """An instant at which something is due.

    Args:
        ts: When, in nanoseconds.
        ends_session: Everything is closed now, and nothing new is let in until the next day begins.
    """

    __slots__ = ("ends_session", "ts")

    def __init__(self, ts: int, *, ends_session: bool = False) -> None:
        self.ts = ts
        self.ends_session = ends_session

    @property
    def ts_event(self) -> int:
        """When it is due, in nanoseconds."""
        return self.ts

    @property
    def ts_init(self) -> int:
        """Likewise."""
        return self.ts
