"""What stands behind the best price: a walk through the bands of `book_depth`, rule 7 of docs/fills.md.

A band gives the lots between the mid and a distance from it. Between two distances lots are taken to lie
evenly, so the price of each follows; nothing is known beyond the last band. Fractions, since a walk is rare
and two computations of it have to agree to the last digit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from phoenix_core.execution.shown import Shown

_HUNDREDTHS = 10_000  # of a percent, in one


@dataclass(frozen=True, slots=True)
class Depth:
    """A snapshot of the book around its mid.

    Attributes:
        ts: When it was known, ns.
        bids: (distance in hundredths of a percent, lots up to it), nearest first.
        asks: Likewise.
    """

    ts: int
    bids: tuple[tuple[int, int], ...] = ()
    asks: tuple[tuple[int, int], ...] = ()


class Grid(NamedTuple):
    """Smallest steps of price and of quantity."""

    tick: int
    step: int


@dataclass(frozen=True, slots=True)
class Walk:
    """A way into the depth of one side, from its best price on.

    Attributes:
        shown: That side: the walk begins behind what it shows.
        mid: Of the best bid and ask.
        bands: Of the snapshot, nearest first.
        grid: What prices and quantities are multiples of.
    """

    shown: Shown
    mid: Fraction
    bands: Sequence[tuple[int, int]]
    grid: Grid

    def steps(self, wanted: int, reached: int, limit: int | None) -> Iterator[tuple[int, int, int]]:
        """Yield price, lots, and how far from the mid that reached in lots, for each band that is entered.

        Args:
            wanted: Lots to take.
            reached: How far into this snapshot a walk came before.
            limit: Worst price of a single lot; None: any.
        """
        at = reached
        for (begin, first), (end, last) in pairwise(self._points()):
            reach = Fraction(end)
            # Prices lie evenly along a band, so a limit within it leaves that share of its lots.
            if limit is not None and self._is_worse(last, limit):
                reach = begin + (end - begin) * (limit - first) / (last - first)
            at = max(at, begin)
            lots = min(wanted, int((reach - at) // self.grid.step) * self.grid.step)
            if lots > 0:
                # So lots cost on average what the middle one does: one fill a band, and the sum is right.
                middle = at + Fraction(lots, 2)
                at, wanted = at + lots, wanted - lots
                yield self._against(first + (last - first) * (middle - begin) / (end - begin)), lots, at
            if not wanted or reach < end:
                return

    def last_resort(self, hundredths: int) -> int:
        """The price at a distance from the mid, or the best price where even that is worse."""
        return self.shown.sign * max(
            self.shown.sign * at for at in (self._against(self._edge(hundredths)), self.shown.price)
        )

    def _against(self, price: Fraction) -> int:
        """The price on the tick that is no better for the taker."""
        ticks = price / self.grid.tick
        return int(-(-ticks // 1) if self.shown.sign > 0 else ticks // 1) * self.grid.tick

    def _edge(self, hundredths: int) -> Fraction:
        """Price at a distance from the mid."""
        return self.mid * (_HUNDREDTHS + self.shown.sign * hundredths) / _HUNDREDTHS

    def _points(self) -> Iterator[tuple[int, Fraction]]:
        """(lots, price): the best price, then each band that holds more and lies further out, as far as one walks."""
        held, reached = self.shown.size, Fraction(self.shown.price)
        yield held, reached
        for distance, lots in self.bands:
            if lots > held and self._is_worse(price := self._edge(distance), reached):
                held, reached = lots, price
                yield held, reached

    def _is_worse(self, price: Fraction, than: Fraction | int) -> bool:
        return self.shown.sign * (price - than) > 0
