"""What an exchange could have made of an order, as far as trades tell: a maker's fate, a taker's price.

The rules are those of docs/fills.md. Whatever they say of quotes and displayed sizes is open here, within the hull;
what they say of trades is certain. Only buyers rest and only sellers take, which is all that a long strategy does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from phoenix_core.execution.depth import Depth
from phoenix_core.intervals.prints import SCALE, Prints

_PERCENT = 10_000  # hundredths of a percent, in one
FAR = 0.95  # what must be closed and finds nothing pays 5 % from the mid
_LOTS = 1e16  # depth is in the catalog's fixed point
_EVERYTHING = math.inf


@dataclass(frozen=True, slots=True)
class Resting:
    """What can have become of a post-only buy order.

    Attributes:
        limits: Lowest and highest price that it can have had, integers of 1 / `SCALE`.
        may_be_rejected: The ask may have been at its limit or below when it arrived.
        may_be_accepted: Or above.
        surely: Lots that sales strictly below its limit brought, by the time `until` and in all.
        at_most: Lots that can have come, likewise; infinite where the ask may have come down to it.
        late: Lots that can have come after `until`.
    """

    limits: tuple[int, int]
    may_be_rejected: bool
    may_be_accepted: bool
    surely: tuple[float, float]
    at_most: tuple[float, float]
    late: float = 0.0


def resting(tape: Prints, limits: tuple[int, int], arrival_ns: int, until_ns: int, cancelled_ns: int) -> Resting:
    """Judge an order that stood from its arrival to its cancellation.

    Args:
        tape: Trades around.
        limits: Lowest and highest price that it can have had.
        arrival_ns: When it reached the exchange.
        until_ns: An instant in between, or after.
        cancelled_ns: When its cancellation did.
    """
    low, high = tape.bid(arrival_ns)
    middle = max(arrival_ns, min(until_ns, cancelled_ns))
    first, late = (_came(tape, limits, *ends) for ends in ((arrival_ns, middle), (middle, cancelled_ns)))
    return Resting(
        limits=limits,
        may_be_rejected=low + tape.tick <= limits[1],
        may_be_accepted=high + tape.tick > limits[0],
        surely=(first[0], first[0] + late[0]),
        at_most=(first[1], first[1] + late[1]),
        late=late[1],
    )


def _came(tape: Prints, limits: tuple[int, int], after_ns: int, until_ns: int) -> tuple[float, float]:
    """Lots that surely came to a limit in (after, until], and that can have."""
    if until_ns <= after_ns:
        return 0.0, 0.0
    below, reached = tape.sold(after_ns, until_ns, limits)
    touched = tape.bid(after_ns, until_ns)[0] + tape.tick <= limits[1]
    return below, _EVERYTHING if touched else reached


@dataclass(frozen=True, slots=True)
class Proceeds:
    """What a sale at market can have brought.

    Attributes:
        best: Highest bid, quote units.
        points: (lots, worst price) from the best price outwards, falling: nothing displayed, a line to each band.
        is_forced: What finds no depth is filled all the same, at 5 % from the mid.
        far: Worst price of what must be filled and finds no depth.
    """

    best: float
    points: tuple[tuple[float, float], ...]
    far: float
    is_forced: bool = False

    def holds(self, lots: float) -> bool:
        """Whether so many lots are sure to be taken at once."""
        return self.is_forced or lots < self.points[-1][0]

    def least(self, lots: float, taken: float) -> float:
        """Lowest mean price of so many lots, quote units.

        Args:
            lots: To be sold.
            taken: Lots of this side that we may have had before, behind which the walk begins (rules 7 and 9).
        """
        end = taken + lots
        total = sum(_area(left, right, taken, end) for left, right in pairwise(self.points))
        beyond = max(0.0, end - max(taken, self.points[-1][0]))
        return (total + beyond * self.far) / lots


def _area(left: tuple[float, float], right: tuple[float, float], begin: float, end: float) -> float:
    """Worth of the lots of [begin, end] that lie between two points."""
    begin, end = max(begin, left[0]), min(end, right[0])
    if end <= begin:
        return 0.0
    middle = (begin + end) / 2
    return (end - begin) * (left[1] + (right[1] - left[1]) * (middle - left[0]) / (right[0] - left[0]))


def proceeds(
    hull: tuple[int, int], tick: int, depth: Depth | None, *, step: float = 0.0, is_forced: bool = False
) -> Proceeds:
    """What a sale on arrival can have brought.

    The worst case shows nothing at the best bid, so that all lots lie on the lines between the bands; whatever is shown
    lies above them. Lines are a tick lower for the rounding of each price, and bands a step nearer for that of lots.

    Args:
        hull: Lowest and highest bid.
        tick: In the same integers.
        depth: The snapshot in force; None: none is.
        step: Of quantities.
        is_forced: Whether it must be filled.
    """
    low, high = hull[0] / SCALE, hull[1] / SCALE
    mid = low + tick / SCALE / 2
    bands = depth.bids if depth else ()
    points = [(0.0, low - tick / SCALE)]
    points += [
        (lots / _LOTS - step * number, mid * (1 - distance / _PERCENT) - tick / SCALE)
        for number, (distance, lots) in enumerate(bands, 1)
    ]
    falling = _falling(points, low, high)
    return Proceeds(high, falling, min(mid * FAR - tick / SCALE, falling[-1][1]), is_forced)


def _falling(points: Sequence[tuple[float, float]], low: float, high: float) -> tuple[tuple[float, float], ...]:
    """Bands that hold more and lie further out; where the hull is wider than the first, the last price for all lots."""
    kept = [points[0]]
    for lots, price in points[1:]:
        if lots > kept[-1][0]:
            kept.append((lots, min(price, kept[-1][1])))
    nearest = points[1][1] if points[1:] else low
    if high - low > low - nearest and len(kept) > 1:  # a band may lie within the spread, and was passed over then
        worst = kept[-1][1]
        return ((0.0, worst), (kept[-1][0], worst))
    return tuple(kept)
