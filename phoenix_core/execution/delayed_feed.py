"""Ticks as a strategy sees them, later than the exchange makes them."""

from collections.abc import Iterable
from heapq import merge
from typing import Any

from nautilus_trader.model.data import QuoteTick, TradeTick

Tick = Any  # a QuoteTick or a TradeTick


class DelayedFeed:
    """Keeps ticks until they can be seen.

    Args:
        late_ns: From the exchange to the strategy.
    """

    def __init__(self, late_ns: int) -> None:
        self._late_ns = late_ns
        self._unseen: list[Tick] = []

    def seen(self, ticks: Iterable[Iterable[Tick]], until_ns: int) -> list[Tick]:
        """Take ticks of the exchange, and give those that can be seen by an instant.

        Args:
            ticks: In lists, each in time order, none earlier than those of the call before.
            until_ns: Never earlier than that of the call before.
        """
        late = ([delayed(tick, self._late_ns) for tick in one] for one in ticks)
        known = list(merge(self._unseen, *late, key=lambda tick: tick.ts_init))
        self._unseen = [tick for tick in known if tick.ts_init > until_ns]
        return known[: len(known) - len(self._unseen)]


def delayed(tick: Tick, late_ns: int) -> Tick:
    """The same tick, known later."""
    late = tick.ts_init + late_ns
    if isinstance(tick, QuoteTick):
        sizes = (tick.bid_size, tick.ask_size)
        return QuoteTick(tick.instrument_id, tick.bid_price, tick.ask_price, *sizes, tick.ts_event, late)
    return TradeTick(tick.instrument_id, tick.price, tick.size, tick.aggressor_side, tick.trade_id, tick.ts_event, late)
