"""The interval of a run whose quotes were implied: what the trades alone leave open, by the strategy's own bounds.

First the run's days are planned, which costs nothing as it reads them anyway; then their trades are read once more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import polars as pl
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.backtest.experiment import Experiment, ReplayMode, VenueParameters
from phoenix_core.backtest.inputs import DayInputs, InputReader
from phoenix_core.backtest.venue import feed_latency_ns, order_latency_ns
from phoenix_core.catalog.store import catalog_asset, read_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.instruments.specification import Specification
from phoenix_core.intervals.calibration import calibrations
from phoenix_core.intervals.interval import Interval
from phoenix_core.intervals.tape import COLUMNS, MARGIN_NS, SCALE, Tape
from phoenix_core.intervals.terms import Bounds, Evidence, Known, Terms
from phoenix_core.market import DAY_NS, day_start_ns
from phoenix_core.strategies.contract import Contract


@dataclass
class IntervalOfRun:
    """Collects what a run reads, and computes its interval in the end.

    Attributes:
        reader: Of the run's days.
        experiment: What is run.
        spec: What is traded, under the venue's settings.
        margin_ns: How much further than the next prints the hull of the quotes reaches.
    """

    reader: InputReader
    experiment: Experiment
    spec: Specification
    margin_ns: int = MARGIN_NS
    _bounds: Bounds | None = None
    _why_none: str = ""
    _days: list[date] = field(default_factory=list)

    @classmethod
    def of(
        cls, reader: InputReader, experiment: Experiment, spec: Specification, strategy: Strategy, contract: Contract
    ) -> "IntervalOfRun":
        """Begin, with the bounds of the strategy that runs."""
        begun = cls(reader, experiment, spec)
        begun._why_none = _why_none(experiment, strategy, contract)
        if not begun._why_none and contract.bounds is not None:
            begun._bounds = contract.bounds(strategy, terms_of(experiment.venue, spec))
        return begun

    def plan(self, day: DayInputs, closings: Sequence[int]) -> None:
        """Take a day as the run gets it, and when its session is closed."""
        self._days.append(day.day)
        if self._bounds is not None:
            funding = [(due.ts, float(-due.rate * due.mark)) for due in day.funding]
            lows = [(mark.ts, float(mark.low)) for mark in day.marks]
            self._bounds.plan(Known(day.signals, tuple(closings), funding, lows))

    def computed(self) -> tuple[Interval, dict[str, str]]:
        """The interval, and the data versions of the calibrations that it names."""
        if self._bounds is None:
            found = Interval(why_none=self._why_none)
        else:
            for evidence in self._evidence():
                self._bounds.look(evidence)
            found = self._bounds.interval()
        lake, listing = self.reader.lake, self.reader.listing
        calibrated, versions = calibrations(lake, listing, self.experiment.first, self.experiment.last)
        return replace(found, margin_ms=self.margin_ns // 1_000_000, calibration=tuple(calibrated)), versions

    def _evidence(self) -> Iterator[Evidence]:
        """Days in order, each with its neighbours' trades: three are in memory at a time."""
        tick = int(self.spec.tick * SCALE)
        frames: dict[date, pl.DataFrame] = {}
        depths: dict[date, Snapshots | None] = {}
        for day in self._days:
            near = [one for one in (day - timedelta(1), day, day + timedelta(1)) if one in self._days]
            frames = {one: frames[one] if one in frames else self._trades(one) for one in near}
            depths = {one: depths[one] if one in depths else self.reader.depth(one) for one in near if one <= day}
            tape = Tape.of([frames[one] for one in near], tick, self.margin_ns)
            start = day_start_ns(day)
            yield Evidence(start, start + DAY_NS - 1, tape, tuple(one for one in depths.values() if one is not None))

    def _trades(self, day: date) -> pl.DataFrame:
        return read_day(self.reader.lake, catalog_asset(AGG_TRADES, self.reader.listing), day, COLUMNS)


def _why_none(experiment: Experiment, strategy: Strategy, contract: Contract) -> str:
    """Why nobody can tell the extremes; empty where the strategy's bounds can."""
    if contract.bounds is None and experiment.replay is not ReplayMode.LIVE:
        return f"no interval available: {type(strategy).__name__} declares no bounds"
    if experiment.replay is ReplayMode.LIVE:
        return "no interval available: a strategy that computes its own signals declares no bounds; replay its signals"
    if experiment.venue.order_latency_spread_ms:
        return "no interval available: latencies are drawn at random (order_latency_spread_ms)"
    if getattr(experiment.strategy, "requote", False):
        return "no interval available: entries are sent again after a timeout (requote)"
    return ""


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
    )
