"""Best quotes implied from trades, for days without book_ticker.

The last sale by an aggressor hit the bid, the last purchase lifted the ask; sizes are those of these
trades. Where a trade crosses the other side, that side gives way by a tick.
"""

from collections.abc import Sequence

from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.objects import Price, Quantity


class ImpliedQuotes:
    """Follows trades and says what the best quotes were after each.

    Args:
        tick: The instrument's price increment.
    """

    def __init__(self, tick: Price) -> None:
        self._tick = tick.as_decimal()
        self._precision = tick.precision
        self.forget()

    def forget(self) -> None:
        """Begin anew: there are no quotes until both sides have traded."""
        self._bid: Price | None = None
        self._ask: Price | None = None
        self._bid_size: Quantity | None = None
        self._ask_size: Quantity | None = None

    def between(self, trades: Sequence[TradeTick]) -> list[TradeTick | QuoteTick]:
        """Put after each trade the quote that it implies."""
        mixed: list[TradeTick | QuoteTick] = []
        for trade in trades:
            mixed.append(trade)
            self._follow(trade)
            if self._bid is not None and self._ask is not None:
                sides = (self._bid, self._ask, self._bid_size, self._ask_size)
                mixed.append(QuoteTick(trade.instrument_id, *sides, trade.ts_event, trade.ts_init))
        return mixed

    def _follow(self, trade: TradeTick) -> None:
        if trade.aggressor_side == AggressorSide.SELLER:
            self._bid, self._bid_size = trade.price, trade.size
            if self._ask is not None and self._ask <= trade.price:
                self._ask = Price(trade.price.as_decimal() + self._tick, self._precision)
        else:
            self._ask, self._ask_size = trade.price, trade.size
            if self._bid is not None and self._bid >= trade.price:
                self._bid = Price(trade.price.as_decimal() - self._tick, self._precision)
