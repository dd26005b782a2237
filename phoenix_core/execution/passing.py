"""Which ticks can pass without changing what our orders get: all but a few, which `watching.py` finds.

The rule itself stays in `rule.py`. What is found is a superset of what moves it, so that a market which is told only of
these ticks is, at each fill and at each arrival, what it were if it had been told of all.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from phoenix_core.execution.rule import Filled, Market, QueueDepletion
from phoenix_core.execution.tape import Place, Tape
from phoenix_core.execution.watching import Queue, Reach, Watch


@dataclass(slots=True)
class _Cursor:
    """How far something that is watched was followed."""

    watch: Watch
    seen: int = 0


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
    _cursors: dict[Hashable, _Cursor] = field(default_factory=dict)
    _followed: Place | None = None

    def until(self, end: Place) -> list[Filled]:
        """Go on until something is filled, or to a place; `place` says how far that was."""
        followed = self._cursors if self._followed == self.place else {}
        self._cursors = {key: followed.get(key) or self._begun(concern) for key, concern in self._concerns()}
        last, cursors = end.trade + end.quote, list(self._cursors.values())
        while (found := _next(cursors, last)) is not None:
            number, row = found
            filled = self._show(~row) if row < 0 else self.market.trade(*self.tape.trade(row))
            if filled:
                self.place = Place(number + row, -row) if row < 0 else Place(row + 1, number - row - 1)
                self.ts = int(self.tape.quotes.ts[~row] if row < 0 else self.tape.trades.ts[row])
                break
        else:
            self.place, filled = end, []
        self._followed = self.place
        return filled

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

    def _concerns(self) -> Iterator[tuple[Hashable, Queue | Reach]]:
        """What is to be watched now, by what makes it the same as before."""
        rule, unit = self.market.rule, self.tape.price_unit
        is_depleted = rule.depletion is not QueueDepletion.NONE
        for order in self.market.resting:
            yield (
                order.key,
                Queue(order.sign, (order.price or 0) // unit, order.ahead != 0, is_depleted, rule.quotes_fill),
            )
        for side in (self.market.bids, self.market.asks):
            if (worst := side.watched_up_to) is not None:
                reach = Reach(side.sign, worst // unit)
                yield reach, reach

    def _begun(self, concern: Queue | Reach) -> _Cursor:
        """At the present place, where somebody may have begun to watch the same before."""
        place, watched = self.place, self.tape.watched
        if (watch := watched.get((concern, place))) is None:
            watch = watched[concern, place] = Watch(self.tape, concern, place)
        return _Cursor(watch)


def _next(cursors: list[_Cursor], last: int) -> tuple[int, int] | None:
    """Number and row of the next tick up to one; whoever watches it has then seen it."""
    first: tuple[int, int] | None = None
    for cursor in cursors:
        found = cursor.watch.found(cursor.seen, last)
        if found is not None and (first is None or found < first):
            first, last = found, found[0]
    for cursor in cursors if first is not None else ():
        ticks = cursor.watch.ticks
        if cursor.seen < len(ticks) and ticks[cursor.seen] == first:
            cursor.seen += 1
    return first
