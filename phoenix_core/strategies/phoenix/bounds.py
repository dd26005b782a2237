"""Bounds of what the strategy earned, from its signals and the trades alone: what is asked of the tape, and when."""

from dataclasses import dataclass, field, replace

import numpy as np

from phoenix_core.execution.depth import Depth
from phoenix_core.execution.rule import DEPTH_LIFE_NS
from phoenix_core.intervals.interval import Interval
from phoenix_core.intervals.orders import FAR, Resting, proceeds, resting
from phoenix_core.intervals.prints import SCALE
from phoenix_core.intervals.terms import Evidence, Known, Terms
from phoenix_core.market import NS_PER_SECOND
from phoenix_core.strategies.phoenix.carry import Carry
from phoenix_core.strategies.phoenix.extremes import Extremes, Sale
from phoenix_core.strategies.phoenix.parameters import EntryReference, StrategyParameters
from phoenix_core.strategies.phoenix.schedule import Entry, Exit, Life, Schedule


@dataclass
class PhoenixBounds:
    """Bounds of an experiment of this strategy; see `intervals.terms.Bounds`.

    Attributes:
        parameters: Of the strategy.
        terms: Of the exchange.
    """

    parameters: StrategyParameters
    terms: Terms
    _schedule: Schedule = field(init=False)
    _carry: Carry = field(default_factory=Carry)
    _lives: list[Life] = field(default_factory=list)
    _exits: dict[int, Exit] = field(default_factory=dict)
    _orders: dict[int, Resting | None] = field(default_factory=dict)
    _sales: dict[int, Sale] = field(default_factory=dict)
    _is_planned: bool = False
    _why_none: str = ""

    def __post_init__(self) -> None:
        self._schedule = Schedule(self.parameters, self.terms)

    # -- what is known before any order -----------------------------------------------------------

    def plan(self, day: Known) -> None:
        """Take a day's signals, funding and marks."""
        self._schedule.add(day)
        self._carry.add(day.funding, day.lows, day.brackets)

    def _settle_plan(self) -> None:
        if not self._is_planned:
            self._is_planned = True
            self._schedule.close()
            self._lives = [self._schedule.life(entry) for entry in self._schedule.entries]
            places = sorted({place for life in self._lives for place in (life.exit, *life.later)})
            self._exits = {place: self._schedule.exit(place) for place in places}
            self._carry.close()

    # -- what the market left behind --------------------------------------------------------------

    def look(self, day: Evidence) -> None:
        """Judge the entries and exits of a day."""
        self._settle_plan()
        if not day.tape.is_two_sided:
            self._why_none = "only one side traded on a day of the range"
            return
        for number, (entry, life) in enumerate(zip(self._schedule.entries, self._lives, strict=True)):
            if day.start_ns <= entry.ts <= day.end_ns:
                self._orders[number] = self._judged(day, entry, life)
        self._look_at_exits(day)

    def _judged(self, day: Evidence, entry: Entry, life: Life) -> Resting | None:
        limits = self._limits(day, entry.ts - self.terms.late_ns)
        if limits is None:
            return None
        return resting(day.tape, limits, life.arrival, self._exits[life.exit].ts, life.cancelled)

    def _limits(self, day: Evidence, seen_ns: int) -> tuple[int, int] | None:
        """Lowest and highest limit; None: what it is measured from is not known."""
        tick = day.tape.tick
        if self.parameters.entry_reference is EntryReference.LAST_SELL:
            sale = day.tape.last_sale(seen_ns)
            limit = None if sale is None else (sale - tick * self.parameters.entry_ticks_below) // tick * tick
            return None if limit is None or limit <= 0 else (limit, limit)
        # At least the bid, at most a tick below the ask: both are in the hull of the bid, whatever the offset.
        low, high = day.tape.bid(seen_ns)
        return low // tick * tick, high // tick * tick

    def _look_at_exits(self, day: Evidence) -> None:
        """Bound the proceeds of a day's exits; and what earlier ones may have met today, if they took until then."""
        # Who waits for a better book may walk through the depth that comes, to its last band.
        reach = FAR if day.depth else 1.0
        low, high = (price / SCALE for price in day.tape.bid(day.start_ns, day.end_ns))
        for place, sale in self._sales.items():
            if self._schedule.session_ends[self._exits[place].session] >= day.start_ns:
                lowest, highest = min(sale.lowest, low), max(sale.highest, high)
                self._sales[place] = replace(sale, lowest=lowest, highest=highest, reach=min(sale.reach, reach))
        today = {place: one for place, one in self._exits.items() if day.start_ns <= one.ts <= day.end_ns}
        if today:
            arrivals = np.array([one.arrival for one in today.values()])
            # The rest of the day after each, put together from the times between them.
            lows, highs = day.tape.bids(arrivals, np.append(arrivals[1:], max(day.end_ns, int(arrivals[-1]))))
            least = np.minimum.accumulate(lows[::-1])[::-1] / SCALE
            most = np.maximum.accumulate(highs[::-1])[::-1] / SCALE
            for number, (place, one) in enumerate(today.items()):
                self._sales[place] = self._sale(day, one, (float(least[number]), float(most[number])))

    def _sale(self, day: Evidence, one: Exit, rest: tuple[float, float]) -> Sale:
        depth = _depth_at(day, one.arrival)
        tape, step = day.tape, float(self.terms.step)
        got = proceeds(tape.bid(one.arrival), tape.tick, depth, step=step, is_forced=one.is_forced)
        # Lots stay taken until a second has passed and a new quote has come, which the next trade brings at the latest.
        since = tape.last_trade_ns(one.arrival) - NS_PER_SECOND
        reach = FAR if day.depth else 1.0
        return Sale(one, got, *rest, reach, min(since, depth.ts) if depth else since)

    # -- the extremes -----------------------------------------------------------------------------

    def interval(self) -> Interval:
        """Give the extremes of net over all that stays open."""
        self._settle_plan()
        if self._why_none:
            return Interval(why_none=self._why_none)
        return Extremes(
            terms=self.terms,
            entries=self._schedule.entries,
            lives=self._lives,
            orders=[self._orders[number] for number in range(len(self._lives))],
            sales=self._sales,
            carry=self._carry,
            session_ends=self._schedule.session_ends,
        ).interval()


def _depth_at(day: Evidence, at_ns: int) -> Depth | None:
    """The snapshot in force at an instant, as the exchange knows it (rule 7 of docs/fills.md)."""
    known = (snapshots.last_known(at_ns) for snapshots in reversed(day.depth))
    depth = next((found for found in known if found is not None), None)
    return None if depth is None or at_ns - depth.ts > DEPTH_LIFE_NS else depth
