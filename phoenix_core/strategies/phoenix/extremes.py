"""The least and the most that the strategy can have earned, the exchange choosing wherever the trades leave it open.

A state is *flat before the n-th entry*; with it go the least and the most equity of all ways that lead there. From
each, an entry is rejected, cancelled unfilled, or filled and sold by the exits that follow; the pass takes the extremes
of all that the evidence allows. Sizes depend on equity. As long as no trip can lose more than all of it, what is left
after a trip grows with what was there before, so the least comes from the least, and the most from the most: each is
carried with the sizes that it allows, not with those of the other.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from phoenix_core.intervals.interval import Interval
from phoenix_core.intervals.orders import FAR, Proceeds, Resting
from phoenix_core.intervals.prints import SCALE
from phoenix_core.intervals.terms import Terms
from phoenix_core.strategies.phoenix.carry import Carry
from phoenix_core.strategies.phoenix.schedule import Entry, Exit, Life

_ROUNDING = 1e-4  # quote units a trip: fees are rounded to 8 decimals, and floats are no decimals
_LOTS = 1e-9  # likewise of sizes
_RUIN = "the account may have lost everything"


class Range(NamedTuple):
    """Least and most equity, quote units."""

    low: float
    high: float

    def with_(self, other: "Range | None") -> "Range":
        """Both ways taken together."""
        return self if other is None else Range(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Sale:
    """What an exit can have brought.

    Attributes:
        exit: The exit.
        proceeds: What it brings on arrival.
        lowest: Lowest bid from then to the end of the session, quote units: it may have taken as long.
        highest: Highest bid, likewise.
        reach: How far below a bid a walk may end in that time: 1 while no depth comes.
        since: From when on lots that we took may still count as taken.
    """

    exit: Exit
    proceeds: Proceeds
    lowest: float
    highest: float
    reach: float
    since: int


class _Way(NamedTuple):
    """One thing that may have become of an entry: flat again after an instant, or at any time after it."""

    after_ns: int
    equity: Range
    at_any_time: bool = False


class _UnboundedError(Exception):
    """Nothing can be said, and why."""


@dataclass
class Extremes:
    """The pass over all entries.

    Attributes:
        terms: Of the exchange.
        entries: In the order of time.
        lives: Of each entry.
        orders: What can have become of each on the exchange; None: it was not sent.
        sales: By place of the exit, in the order of time.
        carry: Funding and marks.
        session_ends: When each session is over.
    """

    terms: Terms
    entries: Sequence[Entry]
    lives: Sequence[Life]
    orders: Sequence[Resting | None]
    sales: Mapping[int, Sale]
    carry: Carry
    session_ends: Sequence[int]
    _most_lots: float = 0.0  # that any trip so far can have bought
    _arrivals: list[int] = field(default_factory=list)

    def interval(self) -> Interval:
        """The extremes of net; without bounds where everything may have been lost."""
        self._arrivals = [sale.exit.arrival for sale in self.sales.values()]
        starting = float(self.terms.starting)
        counts = {"orders": 0, "rejection_open": 0, "fill_open": 0}
        try:
            final = self._passed(Range(starting, starting), counts)
        except _UnboundedError as reason:
            return Interval(why_none=str(reason), decisions=counts)
        return Interval.outwards(final.low - starting, final.high - starting, counts)

    def _passed(self, start: Range, counts: dict[str, int]) -> Range:
        times = np.array([entry.ts for entry in self.entries], np.int64)
        flat: list[Range | None] = [start, *[None] * len(self.entries)]
        lasting: list[Range | None] = [None] * len(flat)  # flat there and at any entry after it
        carried: Range | None = None
        for number, order in enumerate(self.orders):
            carried = _joined(carried, lasting[number])
            state = _joined(flat[number], carried)
            if state is None:
                continue
            if order is None:
                flat[number + 1] = _joined(flat[number + 1], state)
                continue
            if carried is not None:
                # Who sends an exit again with each quote may send a hundred orders a second, and NautilusTrader's
                # risk engine refuses more: this entry may have been one of them.
                flat[number + 1] = _joined(flat[number + 1], state)
            _count(counts, order)
            for way in self._ways(number, state, order):
                reached = lasting if way.at_any_time else flat
                # An entry that was not even sent leaves the very next one open, of the same instant or not.
                after = max(number + 1, int(np.searchsorted(times, way.after_ns, side="right")))
                reached[after] = _joined(reached[after], way.equity)
        final = _joined(flat[-1], _joined(carried, lasting[-1]))
        return final or start

    def _ways(self, number: int, state: Range, order: Resting) -> Iterator[_Way]:
        entry, life = self.entries[number], self.lives[number]
        if state.low <= 0:
            raise _UnboundedError(_RUIN)
        trip = _Trip(self.terms, entry, order, state)
        if trip.may_be_too_small:
            yield _Way(entry.ts, state)
        if trip.is_too_small:
            return
        self._most_lots = max(self._most_lots, trip.most(state.high, math.inf))
        if order.may_be_rejected:
            yield _Way(life.arrival, state)
        if not order.may_be_accepted:
            return
        if order.surely[1] <= 0:
            yield _Way(life.cancelled, state)
        if order.at_most[0] > 0:
            yield from self._filled(trip, life, (life.exit,), 0)
        if life.later and order.late > 0 and order.surely[0] < trip.most(state.high, math.inf):
            for end in range(1, len(life.later) + 1):
                yield from self._filled(trip, life, (life.exit, *life.later[:end]), 1)

    def _filled(self, trip: "_Trip", life: Life, places: Sequence[int], which: int) -> Iterator[_Way]:
        """Filled, perhaps in part, and sold by some of these exits: at once, or where that is not sure at any time."""
        sales = [self.sales[place] for place in places]
        last = sales[-1].exit
        lots = trip.most(trip.state.high, trip.order.at_most[which])
        taken = [self._taken(sale) for sale in sales]

        def least(lots: float) -> float:
            return min(sale.proceeds.least(lots, before) for sale, before in zip(sales, taken, strict=True))

        if self._are_prompt(sales, [lots + before for before in taken]):
            # With fills after the first exit nobody knows which funding was met.
            sure = last.arrival if which else min(life.cancelled, last.arrival)
            far, best = min(sale.proceeds.far for sale in sales), max(sale.proceeds.best for sale in sales)
            yield self._way(trip, which, _Sold(last.arrival, least, best, far, (life.arrival, sure, last.arrival)))
            return
        end, tick = self.session_ends[last.session], float(self.terms.tick)
        lowest = min(min(sale.lowest * sale.reach, sale.proceeds.points[-1][1]) for sale in sales) - tick
        best, held = max(sale.highest for sale in sales), (life.arrival, end, end)
        after = min(sale.exit.arrival for sale in sales)
        yield self._way(trip, which, _Sold(after, lambda _: lowest, best, lowest, held), at_any_time=True)
        # The end of the session finds no end: rule 8 of docs/fills.md.
        forced = min(lowest, min(sale.lowest for sale in sales) * FAR - tick)
        yield self._way(trip, which, _Sold(end, lambda _: forced, best, forced, held))

    def _are_prompt(self, sales: Sequence[Sale], depths: Sequence[float]) -> bool:
        """Whether each of these exits takes all at once."""
        return all(
            sale.exit.is_forced or (not self.terms.is_patient and sale.proceeds.holds(lots))
            for sale, lots in zip(sales, depths, strict=True)
        )

    def _way(self, trip: "_Trip", which: int, sold: "_Sold", *, at_any_time: bool = False) -> _Way:
        paid = self.carry.funding(*sold.held)
        lowest, maintenance = self.carry.lowest(sold.held[0], sold.held[-1]), self.terms.maintenance
        if (
            lowest is not None
            and maintenance is not None
            and trip.cushion(lowest, lambda worth: self.carry.margin(worth, float(maintenance)), paid[0]) <= 0
        ):
            raise _UnboundedError("a liquidation can't be ruled out")
        return _Way(sold.after_ns, trip.ended(which, sold, paid), at_any_time)

    def _taken(self, sale: Sale) -> float:
        """Lots that earlier trips can have taken of what this one meets."""
        begin, end = (bisect_left(self._arrivals, at) for at in (sale.since, sale.exit.arrival))
        return (end - begin) * self._most_lots


class _Sold(NamedTuple):
    """How a position was sold.

    Attributes:
        after_ns: When it was, at the earliest.
        least: Lowest mean price by lots.
        best: Highest price.
        far: Lowest price of a last lot.
        held: When it was opened at the earliest, at the latest, and closed: by this funding is charged.
    """

    after_ns: int
    least: Callable[[float], float]
    best: float
    far: float
    held: tuple[int, int, int]


class _Trip:
    """From flat to flat: how many lots at what price."""

    def __init__(self, terms: Terms, entry: Entry, order: Resting, state: Range) -> None:
        self.order, self.state = order, state
        self._fraction = entry.fraction
        self._step, self._smallest = float(terms.step), float(terms.min_notional)
        self._largest = float(terms.largest_position)
        self._cheap, self._dear = (limit / SCALE for limit in order.limits)
        self._slip = float(terms.tick) if terms.may_slip else 0.0
        self._maker, self._taker = 1 + float(terms.maker_fee), 1 - float(terms.taker_fee)

    @property
    def may_be_too_small(self) -> bool:
        """Whether the least order may lie below what the exchange takes."""
        lots = self._least_sent(self.state.low)
        return lots <= 0 or lots * self._cheap < self._smallest

    @property
    def is_too_small(self) -> bool:
        """Whether the largest does."""
        lots = self._wanted(self.state.high) / self._cheap
        return lots < self._step or lots * self._dear < self._smallest

    def _wanted(self, equity: float) -> float:
        return min(equity * self._fraction, self._largest)

    def _least_sent(self, equity: float) -> float:
        return self._wanted(equity) / self._dear - self._step  # rounded down to the step

    def least(self, equity: float, surely: float) -> float:
        """Least lots that were filled."""
        return max(0.0, min(self._least_sent(equity), surely) - _LOTS)

    def most(self, equity: float, at_most: float) -> float:
        """Most lots that can have been."""
        return min(self._wanted(equity) / self._cheap, at_most) + _LOTS

    def cushion(self, lowest: float, margin: Callable[[float], float], paid: float) -> float:
        """Least equity above the maintenance margin.

        The margin's rate rises with the position, so what is left is concave in equity up to where the position may
        grow no more, and rises from there on: it is least at an end, or there.

        Args:
            lowest: Lowest mark.
            margin: Of a worth.
            paid: Least funding a lot.
        """

        def left(equity: float) -> float:
            lots = self.most(equity, math.inf)
            return equity + lots * (lowest - self._dear * self._maker + min(0.0, paid)) - margin(lots * lowest)

        low, high = self.state
        full = self._largest / self._fraction if self._fraction else high
        return min(left(equity) for equity in (low, high, min(max(full, low), high)))

    def ended(self, which: int, sold: _Sold, paid: tuple[float, float]) -> Range:
        """Equity after the trip.

        The worst lies at one end of the possible sizes: a walk's price falls with its lots, so proceeds are concave.

        Args:
            which: 0: filled before the first exit; 1: perhaps after it.
            sold: How.
            paid: Least and most funding a lot.
        """
        low, high = self.state
        surely, at_most = self.order.surely[which], self.order.at_most[which]
        cost = self._dear * self._maker - paid[0]
        if 1 + self._fraction / self._cheap * ((sold.far - self._slip) * self._taker - cost) <= 0:
            raise _UnboundedError(_RUIN)  # a last lot may lose more than the equity that bought it

        def worst(lots: float) -> float:
            return lots * ((sold.least(lots) - self._slip) * self._taker - cost) if lots else 0.0

        lost = min(worst(lots) for lots in (self.least(low, surely), self.most(low, at_most)))
        gain = sold.best * self._taker - self._cheap * self._maker + paid[1]
        gained = max(gain * lots for lots in (self.least(high, surely), self.most(high, at_most)))
        return Range(low + lost - _ROUNDING, high + gained + _ROUNDING)


def _joined(one: Range | None, other: Range | None) -> Range | None:
    return other if one is None else one.with_(other)


def _count(counts: dict[str, int], order: Resting) -> None:
    counts["orders"] += 1
    counts["rejection_open"] += order.may_be_rejected and order.may_be_accepted
    counts["fill_open"] += order.may_be_accepted and order.surely[1] <= 0 < order.at_most[1]
