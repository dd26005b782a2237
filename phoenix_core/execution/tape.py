"""A day's market in columns: trades and quotes as exact integers, in the order of docs/fills.md.

Prices and sizes are mantissas, whole numbers of the last decimal that the file keeps; `price_unit` and `size_unit`
make lots and prices of the rule (`execution.rule`) of them. Nothing here knows an order.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades, rising in time.

    Attributes:
        ts: When each was known, ns.
        price: Mantissas.
        size: Mantissas.
        aggressor: +1 where a buyer took, -1 where a seller did.
    """

    ts: Ints
    price: Ints
    size: Ints
    aggressor: npt.NDArray[np.int8]

    def between(self, begin: int, end: int) -> "Trades":
        """Some rows."""
        rows = slice(begin, end)
        return Trades(self.ts[rows], self.price[rows], self.size[rows], self.aggressor[rows])


@dataclass(frozen=True, slots=True)
class Quotes:
    """Best quotes, rising in time; prices and sizes are mantissas."""

    ts: Ints
    bid: Ints
    bid_size: Ints
    ask: Ints
    ask_size: Ints

    def between(self, begin: int, end: int) -> "Quotes":
        """Some rows."""
        rows = slice(begin, end)
        return Quotes(self.ts[rows], self.bid[rows], self.bid_size[rows], self.ask[rows], self.ask_size[rows])


@dataclass(frozen=True, slots=True)
class Tape:
    """Trades and quotes of a day.

    Attributes:
        trades: Of the day.
        quotes: Of the day, behind one row of the last quote before it where there was one.
        price_unit: A mantissa of 1 as the rule's price.
        size_unit: A mantissa of 1 as the rule's lots.
        implied_by: Row of the trade that each quote follows at once, where quotes are implied from trades (-1: one of
            another day); None: quotes were published, and come after all trades of their millisecond.
        watched: What was looked for on it (`watching.Watch`), for whoever looks for the same.

    What is asked of one day by many experiments is mostly the same, and kept.
    """

    trades: Trades
    quotes: Quotes
    price_unit: int
    size_unit: int
    implied_by: Ints | None = None
    watched: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    _quoted: dict[int, tuple[int, int, int, int]] = field(default_factory=dict, repr=False, compare=False)
    _traded: dict[int, tuple[int, int, int]] = field(default_factory=dict, repr=False, compare=False)
    _identities: dict[int, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)
    _places: dict[int, "Place"] = field(default_factory=dict, repr=False, compare=False)

    def quote(self, row: int) -> tuple[int, int, int, int]:
        """Bid, its size, ask, its size, as the rule takes them."""
        found = self._quoted.get(row)
        if found is None:
            quotes, price, size = self.quotes, self.price_unit, self.size_unit
            found = self._quoted[row] = (
                int(quotes.bid[row]) * price,
                int(quotes.bid_size[row]) * size,
                int(quotes.ask[row]) * price,
                int(quotes.ask_size[row]) * size,
            )
        return found

    def trade(self, row: int) -> tuple[int, int, int]:
        """Price, size and aggressor, as the rule takes them."""
        found = self._traded.get(row)
        if found is None:
            trades = self.trades
            found = self._traded[row] = (
                int(trades.price[row]) * self.price_unit,
                int(trades.size[row]) * self.size_unit,
                int(trades.aggressor[row]),
            )
        return found

    def identity(self, row: int) -> tuple[int, ...]:
        """A quote and its time: equal for equal ones, whatever day's tape they are on."""
        found = self._identities.get(row)
        if found is None:
            found = self._identities[row] = (int(self.quotes.ts[row]), *self.quote(row))
        return found

    def at(self, ts: int) -> "Place":
        """The place behind all that was known at an instant."""
        found = self._places.get(ts)
        if found is None:
            trade, quote = (column.searchsorted(ts, side="right") for column in (self.trades.ts, self.quotes.ts))
            found = self._places[ts] = Place(int(trade), int(quote))
        return found

    def behind_the_first(self, ts: int) -> "Place":
        """The place behind the first event of an instant; where it has none, that before it."""
        before, behind = self.at(ts - 1), self.at(ts)
        if before.trade < behind.trade:
            return Place(before.trade + 1, before.quote)
        return Place(before.trade, min(before.quote + 1, behind.quote))

    def behind_trade(self, row: int) -> "Place":
        """The place right behind a trade."""
        if self.implied_by is not None:
            return Place(row + 1, int(self.implied_by.searchsorted(row)))
        return Place(row + 1, int(self.quotes.ts.searchsorted(self.trades.ts[row])))

    def behind_quote(self, row: int) -> "Place":
        """The place right behind a quote."""
        return Place(int(self.trades_before(np.array([row]))[0]), row + 1)

    def trades_before(self, quotes: Ints) -> Ints:
        """How many trades come before each of some rows of quotes."""
        if self.implied_by is not None:
            return self.implied_by[quotes] + 1
        return self.trades.ts.searchsorted(self.quotes.ts[quotes], side="right")

    def numbers(self, begin: "Place", end: "Place", trades: Ints, quotes: Ints) -> tuple[Ints, Ints]:
        """How many trades and quotes there are up to each of some trades, and up to each of some quotes.

        Args:
            begin: Behind this place all of them lie.
            end: Before this place they do: no more than what lies between is searched.
            trades: Rows of trades.
            quotes: Rows of quotes.
        """
        if self.implied_by is not None:
            known = self.implied_by[begin.quote : end.quote]
            return trades + 1 + begin.quote + known.searchsorted(trades), quotes + 2 + self.implied_by[quotes]
        sold, shown = self.trades.ts[begin.trade : end.trade], self.quotes.ts[begin.quote : end.quote]
        quotes_before = begin.quote + shown.searchsorted(self.trades.ts[trades])
        trades_before = begin.trade + sold.searchsorted(self.quotes.ts[quotes], side="right")
        return trades + 1 + quotes_before, quotes + 1 + trades_before


class Place(NamedTuple):
    """A place on a tape: how many trades and quotes lie before it."""

    trade: int = 0
    quote: int = 0
