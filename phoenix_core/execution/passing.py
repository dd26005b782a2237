"""Which ticks can pass without changing what our orders get: all but a few, found by comparing whole columns.

The rule itself stays in `rule.py`. What is found here is a superset of what moves it, so that a market which is told
only of these ticks is, at each fill and at each arrival, what it were if it had been told of all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phoenix_core.execution.rule import Filled, Market, Order, QueueDepletion
from phoenix_core.execution.tape import Ints, Place, Quotes, Tape, Trades

_FIRST_STRIDE = 512  # quotes looked at together; doubled while nothing happens
_LONGEST_STRIDE = 65_536

Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Passage:
    """A market on its way along a tape.

    Attributes:
        market: Our orders and what they took.
        tape: Of the day.
        place: What came before it is known.
        shown: Row of the last quote that the market was told of; -1: of none of this tape.
        ts: Of the last tick that filled something.
    """

    market: Market
    tape: Tape
    place: Place = field(default_factory=Place)
    shown: int = -1
    ts: int = 0

    def until(self, end: Place) -> list[Filled]:
        """Go on until something is filled, or to a place; `place` says how far that was."""
        stride = _FIRST_STRIDE
        while self.place != end:
            part = self._within(end, stride)
            for is_quote, row in _in_order(self.tape, *_concerning(self.market, self.tape, self.place, part)):
                filled = self._show(row) if is_quote else self.market.trade(*self.tape.trade(row))
                if filled:
                    self.place = self.tape.behind_quote(row) if is_quote else self.tape.behind_trade(row)
                    self.ts = int((self.tape.quotes if is_quote else self.tape.trades).ts[row])
                    return filled
            self.place = part
            stride = min(2 * stride, _LONGEST_STRIDE)
        return []

    def show_last(self, *, again: bool = False) -> None:
        """Tell the market of the quote in force, if it was not told; it fills nothing."""
        if again or self.place.quote - 1 > self.shown:
            self._show(self.place.quote - 1)

    def last_quote(self) -> tuple[int, ...] | None:
        """The quote in force and its time; equal for equal ones, whatever day's tape they are on."""
        return self.tape.identity(self.place.quote - 1) if self.place.quote else None

    def _show(self, row: int) -> list[Filled]:
        self.shown = row
        return self.market.quote(*self.tape.quote(row))

    def _within(self, end: Place, stride: int) -> Place:
        """A place no more than some quotes further."""
        further = self.place.quote + stride
        return end if end.quote <= further else self.tape.behind_quote(further - 1)


def _concerning(market: Market, tape: Tape, begin: Place, end: Place) -> tuple[Ints, Ints]:
    """Rows of trades and of quotes between two places that may move the rule."""
    trades, quotes = tape.trades.between(begin.trade, end.trade), tape.quotes.between(begin.quote, end.quote)
    passed, shown = np.zeros(trades.ts.size, dtype=bool), np.zeros(quotes.ts.size, dtype=bool)
    for order in market.resting:
        passed |= _sold_into(order, trades, tape.price_unit)
        shown |= _shown_to(order, market, quotes, tape)
    for side in (market.bids, market.asks):
        if (worst := side.watched_up_to) is not None:
            reached = worst // tape.price_unit
            passed |= (trades.aggressor == side.sign) & _no_worse(trades.price, reached, side.sign)
            shown[_first(~_no_worse(_best(quotes, side.sign), reached, side.sign))] = True  # there it is forgotten
    return begin.trade + np.flatnonzero(passed), begin.quote + np.flatnonzero(shown)


def _sold_into(order: Order, trades: Trades, unit: int) -> Mask:
    """Trades of the other side at an order's price or through it (rule 4)."""
    price = (order.price or 0) // unit
    sold: Mask = trades.aggressor == -order.sign
    return sold & _no_worse(trades.price, price, order.sign)


def _shown_to(order: Order, market: Market, quotes: Quotes, tape: Tape) -> Mask:
    """Quotes that show an order lots (rule 5), or move its queue (rule 3)."""
    price = (order.price or 0) // tape.price_unit
    concerns = np.zeros(quotes.ts.size, dtype=bool)
    if market.rule.quotes_fill:
        concerns |= _no_worse(_best(quotes, order.sign), price, order.sign)
    if order.ahead == 0:
        return concerns
    near = _best(quotes, -order.sign)
    gone = _first(near < price if order.sign > 0 else near > price)  # from there on nobody is ahead
    concerns[gone] = True
    joined = near[: gone.start] == price
    if market.rule.depletion is not QueueDepletion.NONE:
        concerns[: gone.start] |= joined
    elif order.ahead is None:
        concerns[_first(joined)] = True
    return concerns


def _first(found: Mask) -> slice:
    """The first place that is true, as a slice; an empty one at the end where none is."""
    place = int(found.argmax()) if found.size else 0
    return slice(place, place + 1) if found.size and found[place] else slice(found.size, found.size)


def _best(quotes: Quotes, sign: int) -> Ints:
    """The side that a buyer (+1) or a seller (-1) takes."""
    return quotes.ask if sign > 0 else quotes.bid


def _no_worse(prices: Ints, than: int, sign: int) -> Mask:
    """Whether prices are as good for a buyer (+1) or a seller (-1) as one."""
    return prices <= than if sign > 0 else prices >= than


def _in_order(tape: Tape, trades: Ints, quotes: Ints) -> Iterator[tuple[bool, int]]:
    """Rows of both in the order of docs/fills.md, rule 2: whether it is a quote, and which."""
    first_trades = tape.trades_before(quotes).tolist() if quotes.size else []
    waiting = iter(trades.tolist())
    trade = next(waiting, None)
    for quote, behind in zip(quotes.tolist(), first_trades, strict=True):
        while trade is not None and trade < behind:
            yield False, trade
            trade = next(waiting, None)
        yield True, quote
    while trade is not None:
        yield False, trade
        trade = next(waiting, None)
