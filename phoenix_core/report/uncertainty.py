"""How far the figures of a backtest can be trusted: intervals from its days drawn anew.

Whole days are drawn, in blocks (`blocks.py`), with the hours, minutes and round trips that they have, so what depends
on each other within a day, or from day to day as far as the blocks reach, stays together. The interval holds the
middle 95 % of what the draws give. It tells of the luck of these days alone: not of a market that changes, nor of the
choice among many experiments, which the deflated Sharpe ratio tells.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.market import DAY_NS
from phoenix_core.report.blocks import block_length, resamples
from phoenix_core.report.metrics import HOURS_A_YEAR, hourly_changes

LEVEL = 0.95
DRAWS = 2_000
_INTERVALS = ("sharpe", "max_drawdown", "expectancy")
# Every name that `Uncertainty.figures` may give.
UNCERTAIN = (*(f"{name}_{end}" for name in _INTERVALS for end in ("low", "high")), "probability_of_loss")
_LEAST_DAYS = 20
_LEAST_EVENTFUL_DAYS = 10
_LEAST_ROUND_TRIPS = 20

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Middle 95 % of what a figure is in the draws."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Intervals of the figures of one result; None where too little happened, with the reason.

    Attributes:
        days: Days that were drawn from.
        block: Mean length of the blocks, in days.
        sharpe: Of the annualized Sharpe ratio.
        max_drawdown: Of the largest fall of equity, over as many days.
        expectancy: Of the mean net of a round trip, in quote units.
        probability_of_loss: Share of the draws that end below where they began.
        why_none: Why there is none at all; empty where there are some.
        why_no_expectancy: Why there is none of the expectancy; empty where there is one.
    """

    days: int
    block: float | None = None
    sharpe: Interval | None = None
    max_drawdown: Interval | None = None
    expectancy: Interval | None = None
    probability_of_loss: float | None = None
    why_none: str = ""
    why_no_expectancy: str = ""

    def told(self) -> str:
        """Say in a sentence what the intervals rest on, or why there are none."""
        if self.why_none:
            return f"No interval can be given: {self.why_none}."
        missing = f" None of the expectancy: {self.why_no_expectancy}." if self.why_no_expectancy else ""
        return (
            f"{LEVEL:.0%} intervals from {self.days:,} days, drawn anew {DRAWS:,} times in blocks of {self.block:.1f} "
            "days on average (stationary bootstrap): the luck of these days, not that of a market that changes."
            f"{missing}"
        )

    def figures(self) -> dict[str, float]:
        """Every number by name, ends of intervals as `_low` and `_high`; those that there are."""
        found: dict[str, float] = {}
        for name in _INTERVALS:
            interval: Interval | None = getattr(self, name)
            if interval is not None:
                found |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
        if self.probability_of_loss is not None:
            found["probability_of_loss"] = self.probability_of_loss
        return found


def uncertainty(equity: pl.DataFrame, round_trips: pl.DataFrame, identity: str) -> Uncertainty:
    """Give the intervals of a result.

    Args:
        equity: ts and equity by minute.
        round_trips: closed_ns and net.
        identity: Digest of the experiment and its inputs; it seeds the draws, so equal results have equal intervals.
    """
    if equity.is_empty():
        return Uncertainty(0, why_none="there is no day")
    days = _Days.of(equity, round_trips)
    if why := days.why_none(equity):
        return Uncertainty(days.count, why_none=why)
    length = block_length(days.growth - 1)
    drawn = resamples(days.count, length, DRAWS, int(identity[:16], 16))
    final, drawdown = _paths(days, drawn)
    why_no_expectancy = days.why_no_expectancy()
    return Uncertainty(
        days=days.count,
        block=length,
        sharpe=_interval(_sharpe(days, drawn)),
        max_drawdown=_interval(drawdown),
        expectancy=None if why_no_expectancy else _interval(_expectancy(days, drawn)),
        probability_of_loss=float((final < 1).mean()),
        why_no_expectancy=why_no_expectancy,
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """What is needed of each day, as arrays; equity is relative to the end of the day before."""

    growth: _Numbers
    low: _Numbers
    high: _Numbers
    drawdown: _Numbers
    hours: _Numbers
    returned: _Numbers
    squares: _Numbers
    round_trips: _Numbers
    net: _Numbers

    @classmethod
    def of(cls, equity: pl.DataFrame, round_trips: pl.DataFrame) -> "_Days":
        minutes = equity.select((pl.col("ts") // DAY_NS).alias("day"), pl.col("equity").cast(pl.Float64))
        paths = minutes.group_by("day", maintain_order=True).agg(
            pl.col("equity").first().alias("first"),
            pl.col("equity").last().alias("last"),
            pl.col("equity").min().alias("low"),
            pl.col("equity").max().alias("high"),
            (1 - pl.col("equity") / pl.col("equity").cum_max()).max().alias("drawdown"),
        )
        changes = hourly_changes(equity).with_columns((pl.col("hour") // 24).alias("day"))
        hourly = changes.group_by("day").agg(
            pl.len().alias("hours"),
            pl.col("change").sum().alias("returned"),
            (pl.col("change") ** 2).sum().alias("squares"),
        )
        closed = round_trips.select((pl.col("closed_ns") // DAY_NS).alias("day"), pl.col("net").cast(pl.Float64))
        round_trips = closed.group_by("day").agg(pl.len().alias("round_trips"), pl.col("net").sum())
        whole = paths.join(hourly, on="day", how="left", maintain_order="left").join(
            round_trips, on="day", how="left", maintain_order="left"
        )
        before = pl.col("last").shift(1).fill_null(pl.col("first"))
        relative = [(pl.col(name) / before).alias(name) for name in ("low", "high")]
        kept = whole.with_columns((pl.col("last") / before).alias("growth"), *relative).fill_null(0)
        return cls(*(kept[name].cast(pl.Float64).to_numpy() for name in cls.__dataclass_fields__))

    @property
    def count(self) -> int:
        return self.growth.size

    def why_none(self, equity: pl.DataFrame) -> str:
        if self.count < _LEAST_DAYS:
            return f"{self.count} day{'' if self.count == 1 else 's'}, at least {_LEAST_DAYS} are needed"
        if equity.filter(pl.col("equity") <= 0).height:
            return "the account was worth nothing on the way"
        eventful = int((self.squares > 0).sum())
        if eventful < _LEAST_EVENTFUL_DAYS:
            return f"equity changed on {eventful} of {self.count} days, at least {_LEAST_EVENTFUL_DAYS} are needed"
        return ""

    def why_no_expectancy(self) -> str:
        round_trips, days = int(self.round_trips.sum()), int((self.round_trips > 0).sum())
        if round_trips < _LEAST_ROUND_TRIPS or days < _LEAST_EVENTFUL_DAYS:
            return (
                f"{round_trips} round trips that ended on {days} days, at least {_LEAST_ROUND_TRIPS} on "
                f"{_LEAST_EVENTFUL_DAYS} are needed"
            )
        return ""


def _sharpe(days: _Days, drawn: NDArray[np.int64]) -> _Numbers:
    """Annualized ratios of the hours of the drawn days; NaN where nothing varies."""
    hours, returned, squares = (values[drawn].sum(axis=1) for values in (days.hours, days.returned, days.squares))
    mean = returned / hours
    variance = np.maximum(squares - hours * mean**2, 0.0) / (hours - 1)
    varies = variance > 0
    ratios = np.full(mean.shape, np.nan)
    ratios[varies] = mean[varies] / np.sqrt(variance[varies]) * np.sqrt(HOURS_A_YEAR)
    return ratios


def _expectancy(days: _Days, drawn: NDArray[np.int64]) -> _Numbers:
    """Mean net of the round trips that ended on the drawn days; NaN where none did."""
    round_trips, net = days.round_trips[drawn].sum(axis=1), days.net[drawn].sum(axis=1)
    means = np.full(net.shape, np.nan)
    means[round_trips > 0] = net[round_trips > 0] / round_trips[round_trips > 0]
    return means


def _paths(days: _Days, drawn: NDArray[np.int64]) -> tuple[_Numbers, _Numbers]:
    """Final worth, of 1 at the start, and largest fall of the drawn days put end to end.

    The fall is exact to the minute although days are joined whole: it lies within a day, or leads from the highest
    before a day to that day's lowest.
    """
    worth, peak, fall = (np.full(drawn.shape[0], value) for value in (1.0, 1.0, 0.0))
    for chosen in drawn.T:
        fall = np.maximum.reduce([fall, days.drawdown[chosen], 1 - worth * days.low[chosen] / peak])
        peak = np.maximum(peak, worth * days.high[chosen])
        worth = worth * days.growth[chosen]
    return worth, fall


def _interval(values: _Numbers) -> Interval:
    outside = (1 - LEVEL) / 2
    low, high = np.nanquantile(values, [outside, 1 - outside])
    return Interval(float(low), float(high))
