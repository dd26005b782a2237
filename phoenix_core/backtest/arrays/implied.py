"""Quotes implied from trades as columns: what `backtest.implied_quotes` does of ticks, row by row of integers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phoenix_core.execution.tape import Ints, Trades


@dataclass(slots=True)
class Implied:
    """The last bid and ask with their sizes, mantissas; -1 while a side is not known."""

    bid: int = -1
    ask: int = -1
    bid_size: int = 0
    ask_size: int = 0

    def behind(self, trades: Trades, tick: int, front: Sequence[int]) -> tuple[list[Ints], Ints]:
        """Give ts, bid, its size, ask, its size after each trade, behind one row, and the trade that each follows."""
        rows, by = ([tuple(front)], [-1]) if front else ([], [])
        columns = (trades.ts.tolist(), trades.price.tolist(), trades.size.tolist(), trades.aggressor.tolist())
        for number, (ts, price, size, aggressor) in enumerate(zip(*columns, strict=True)):
            self._follow(price, size, aggressor, tick)
            if self.bid >= 0 and self.ask >= 0:
                rows.append((ts, self.bid, self.bid_size, self.ask, self.ask_size))
                by.append(number)
        table = np.array(rows, dtype=np.int64).reshape(-1, 5)
        return [np.ascontiguousarray(table[:, column]) for column in range(5)], np.array(by, dtype=np.int64)

    def _follow(self, price: int, size: int, aggressor: int, tick: int) -> None:
        if aggressor < 0:
            self.bid, self.bid_size = price, size
            if 0 <= self.ask <= price:
                self.ask = price + tick
        else:
            self.ask, self.ask_size = price, size
            if self.bid >= price:
                self.bid = price - tick
