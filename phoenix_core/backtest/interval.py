"""The interval of a run whose quotes were implied: what the trades alone leave open, by the strategy's own bounds.

First the run's days are planned, which costs nothing as it reads them anyway; then their trades are read once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Self

import polars as pl

from phoenix_core.backtest.experiment import Experiment, VenueParameters
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.plan import Plan
from phoenix_core.backtest.venue import feed_latency_ns, order_latency_ns
from phoenix_core.catalog.store import catalog_asset, read_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.instruments.specification import Specification
from phoenix_core.intervals.calibration import calibrations
from phoenix_core.intervals.interval import Interval
from phoenix_core.intervals.prints import COLUMNS, MARGIN_NS, SCALE, Prints
from phoenix_core.intervals.terms import Bounds, Evidence, Known, Terms
from phoenix_core.market import DAY_NS, Market, day_start_ns
from phoenix_core.strategies.contract import Contract


@dataclass
class BoundsOfRun:
    """Collects what a run reads, and computes its interval in the end.

    Attributes:
        plan: Of the run.
        bounds: Of the strategy that runs; None: nobody knows them.
        why_none: Why not.
        margin_ns: How much further than the next prints the hull of the quotes reaches.
    """

    plan: Plan
    bounds: Bounds | None = None
    why_none: str = ""
    margin_ns: int = MARGIN_NS
    _days: list[date] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan, contract: Contract, margin_ns: int = MARGIN_NS) -> Self:
        """Begin, with the bounds that the strategy declares."""
        experiment = plan.experiment
        if contract.bounds is None or (why := _why_none(experiment, plan.specification)):
            declares_none = f"no interval available: {experiment.importable.path} declares no bounds"
            return cls(plan, why_none=declares_none if contract.bounds is None else why, margin_ns=margin_ns)
        terms = terms_of(experiment.venue, plan.specification)
        return cls(plan, contract.bounds(experiment.strategy, terms), margin_ns=margin_ns)

    def add(self, day: DayInputs) -> None:
        """Take a day as the run gets it."""
        self._days.append(day.day)
        if self.bounds is not None:
            closing = self.plan.closing_ns
            closings = (day.end_ns - 2 * closing, day.end_ns - closing) if self.plan.ends_session(day.day) else ()
            funding = [(due.ts, float(-due.rate * due.mark)) for due in day.funding]
            lows = [(mark.ts, float(mark.low)) for mark in day.marks]
            self.bounds.plan(Known(day.signals, closings, funding, lows, day.brackets))

    def interval(self) -> tuple[Interval, dict[str, str]]:
        """The interval, and the data versions of the calibrations that it names."""
        found = Interval(why_none=self.why_none)
        if self.bounds is not None:
            for evidence in self._evidence():
                self.bounds.look(evidence)
            found = self.bounds.interval()
        reader, experiment = self.plan.reader, self.plan.experiment
        calibrated, versions = calibrations(reader.lake, reader.listing, experiment.first, experiment.last)
        return replace(found, margin_ms=self.margin_ns // 1_000_000, calibration=tuple(calibrated)), versions

    def _evidence(self) -> Iterator[Evidence]:
        """Days in order, each with its neighbours' trades: three are in memory at a time."""
        tick = int(self.plan.specification.tick * SCALE)
        frames: dict[date, pl.DataFrame] = {}
        depths: dict[date, Snapshots | None] = {}
        for day in self._days:
            near = [one for one in (day - timedelta(1), day, day + timedelta(1)) if one in self._days]
            frames = {one: frames[one] if one in frames else self._trades(one) for one in near}
            depths = {one: depths[one] if one in depths else self.plan.reader.depth(one) for one in near if one <= day}
            tape = Prints.of([frames[one] for one in near], tick, self.margin_ns)
            start = day_start_ns(day)
            yield Evidence(start, start + DAY_NS - 1, tape, tuple(one for one in depths.values() if one is not None))

    def _trades(self, day: date) -> pl.DataFrame:
        return read_day(self.plan.reader.lake, catalog_asset(AGG_TRADES, self.plan.reader.listing), day, COLUMNS)


def _why_none(experiment: Experiment, spec: Specification) -> str:
    """Why the strategy's bounds can't tell the extremes; empty where they can."""
    ends = spec.listing.delivery
    reasons = {
        "the contract is delivered within the range": ends is not None and experiment.first <= ends <= experiment.last,
        "latencies are drawn at random (order_latency_spread_ms)": experiment.venue.order_latency_spread_ms > 0,
        "entries are sent again after a timeout (requote)": getattr(experiment.strategy, "requote", False),
        "the account of an inverse contract is in coins": spec.is_inverse,
        "on spot nothing is lent, and fees come out of what a fill brings": spec.listing.market is Market.SPOT,
    }
    return next((f"no interval available: {why}" for why, holds in reasons.items() if holds), "")


def terms_of(venue: VenueParameters, spec: Specification) -> Terms:
    """What bounds need of a venue and an instrument under its settings."""
    return Terms(
        starting=venue.starting_balance,
        latency_ns=order_latency_ns(venue),
        late_ns=feed_latency_ns(venue),
        tick=spec.tick,
        step=spec.step,
        maker_fee=spec.maker_fee,
        taker_fee=spec.taker_fee,
        largest_leverage=1 / spec.margin_init,
        min_notional=spec.min_notional,
        maintenance=spec.margin_maint if venue.liquidation else None,
        may_slip=venue.prob_slippage > 0,
        is_patient=venue.price_protection_ticks > 0,
        largest_position=Decimal("Infinity") if spec.largest_position is None else spec.largest_position,
    )
