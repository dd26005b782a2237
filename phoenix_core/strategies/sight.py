"""Quotes as a trader sees them: later than the exchange makes them."""

from collections import deque

from nautilus_trader.model.data import QuoteTick


class Sight:
    """Remembers quotes until they can be seen, and the last one that could.

    Args:
        late_ns: Time from the exchange to the eye.
    """

    def __init__(self, late_ns: int) -> None:
        self._late_ns = late_ns
        self._quotes: deque[QuoteTick] = deque()

    def add(self, quote: QuoteTick) -> None:
        """Take the next quote of the exchange."""
        self._quotes.append(quote)
        self._forget(quote.ts_init)

    def at(self, now_ns: int) -> QuoteTick | None:
        """The last quote that can be seen at an instant, which is never earlier than that of the call before."""
        self._forget(now_ns)
        if self._quotes and self._quotes[0].ts_init + self._late_ns <= now_ns:
            return self._quotes[0]
        return None

    def _forget(self, now_ns: int) -> None:
        while len(self._quotes) > 1 and self._quotes[1].ts_init + self._late_ns <= now_ns:
            self._quotes.popleft()
