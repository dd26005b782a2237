"""What on a tape may concern an order that rests, or lots that we took: found by comparing whole columns.

It depends on a price and on where one began to wait, and not on whose order it is. So it is looked for once, as far
as anybody has got, and found again by every experiment that sends the same order on the same tape.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from phoenix_core.execution.tape import Ints, Place, Quotes, Tape, Trades

_FIRST_STRIDE = 1024  # quotes looked at together; doubled from one look to the next
_LONGEST_STRIDE = 65_536

Mask = npt.NDArray[np.bool_]


class Queue(NamedTuple):
    """An order in the book.

    Attributes:
        sign: +1 buys, -1 sells.
        price: Mantissa.
        is_behind: Somebody stands before it.
        is_depleted: Every quote at its price moves its queue; else only the first does.
        quotes_fill: So they do.
    """

    sign: int
    price: int
    is_behind: bool
    is_depleted: bool
    quotes_fill: bool

    def look(self, trades: Trades, quotes: Quotes) -> tuple[Mask, Mask, "Queue"]:
        """Trades that fill it (rule 4), quotes that fill it (rule 5) or move it (rule 3), and what it is afterwards."""
        sold = (trades.aggressor == -self.sign) & _no_worse(trades.price, self.price, self.sign)
        shown = np.zeros(quotes.ts.size, dtype=bool)
        if self.quotes_fill:
            shown |= _no_worse(quotes.ask if self.sign > 0 else quotes.bid, self.price, self.sign)
        if not self.is_behind:
            return sold, shown, self
        near = quotes.bid if self.sign > 0 else quotes.ask
        gone = _first(near < self.price if self.sign > 0 else near > self.price)  # from there on nobody is ahead
        joined = near[: gone.start] == self.price
        shown[: gone.start] |= joined if self.is_depleted else _only(joined)
        shown[gone] = True
        return sold, shown, self._replace(is_behind=gone.start == gone.stop)


class Reach(NamedTuple):
    """Lots of a side that we took, up to a price.

    Attributes:
        sign: +1 for asks, -1 for bids.
        price: Mantissa of the worst of them.
        is_there: No quote was beyond it yet; where one is, what was taken is forgotten (rule 9).
    """

    sign: int
    price: int
    is_there: bool = True

    def look(self, trades: Trades, quotes: Quotes) -> tuple[Mask, Mask, "Reach"]:
        """Trades that take what we did, the quote with which it is forgotten, and what there is to watch afterwards."""
        taken, shown = np.zeros(trades.ts.size, dtype=bool), np.zeros(quotes.ts.size, dtype=bool)
        if not self.is_there:
            return taken, shown, self
        taken |= (trades.aggressor == self.sign) & _no_worse(trades.price, self.price, self.sign)
        beyond = _first(~_no_worse(quotes.ask if self.sign > 0 else quotes.bid, self.price, self.sign))
        shown[beyond] = True
        return taken, shown, self._replace(is_there=beyond.start == beyond.stop)


@dataclass(slots=True)
class Watch:
    """The ticks that concern one thing, from a place on.

    Attributes:
        tape: Of the day.
        concern: What is watched; as it is at the end of what was looked at.
        end: Up to where that is.
        ticks: What was found, in order: how many ticks of the tape there are up to each, itself included; and the row
            of a trade, or ~row of a quote.
    """

    tape: Tape
    concern: Queue | Reach
    end: Place
    ticks: list[tuple[int, int]] = field(default_factory=list)
    _stride: int = _FIRST_STRIDE

    def found(self, seen: int, last: int) -> tuple[int, int] | None:
        """The tick after so many; None: there is none up to a number."""
        while seen == len(self.ticks):
            if self.end.trade + self.end.quote >= last:
                return None
            self._look_on()
        tick = self.ticks[seen]
        return tick if tick[0] <= last else None

    def _look_on(self) -> None:
        tape, begin = self.tape, self.end
        further = begin.quote + self._stride
        is_last = further >= tape.quotes.ts.size
        end = Place(tape.trades.ts.size, tape.quotes.ts.size) if is_last else tape.behind_quote(further - 1)
        trades, quotes = tape.trades.between(begin.trade, end.trade), tape.quotes.between(begin.quote, end.quote)
        passed, shown, self.concern = self.concern.look(trades, quotes)
        self._note(begin, end, begin.trade + passed.nonzero()[0], begin.quote + shown.nonzero()[0])
        self.end, self._stride = end, min(2 * self._stride, _LONGEST_STRIDE)

    def _note(self, begin: Place, end: Place, trades: Ints, quotes: Ints) -> None:
        if trades.size or quotes.size:
            numbers = np.concatenate(self.tape.numbers(begin, end, trades, quotes))
            rows, order = np.concatenate([trades, ~quotes]), numbers.argsort()
            self.ticks += zip(numbers[order].tolist(), rows[order].tolist(), strict=True)


def _first(found: Mask) -> slice:
    """The first place that is true, as a slice; an empty one at the end where none is."""
    place = int(found.argmax()) if found.size else 0
    return slice(place, place + 1) if found.size and found[place] else slice(found.size, found.size)


def _only(found: Mask) -> Mask:
    """The first alone."""
    first = np.zeros(found.size, dtype=bool)
    first[_first(found)] = True
    return first


def _no_worse(prices: Ints, than: int, sign: int) -> Mask:
    """Whether prices are as good for a buyer (+1) or a seller (-1) as one."""
    return prices <= than if sign > 0 else prices >= than
