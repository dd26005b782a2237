"""What the points of a sweep earned hour by hour, side by side: what they are judged by, and what is drawn of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.market import DAY_NS, NS_PER_SECOND, day_of_ns
from phoenix_core.report.metrics import hourly_returns
from phoenix_core.sweeps.statistics import Array

HOUR_NS = 3600 * NS_PER_SECOND
HOURS_A_DAY = DAY_NS // HOUR_NS


@dataclass(frozen=True, slots=True)
class Performance:
    """Hours by points.

    Attributes:
        names: Of the points, in their order.
        hours: Hours since 1970, rising.
        returns: Relative changes of equity.
        gains: The same in money.
    """

    names: list[str]
    hours: NDArray[np.int64]
    returns: Array
    gains: Array

    def on(self, days: Collection[date]) -> NDArray[np.bool_]:
        """Which hours fall on some days."""
        wanted = set(days)
        known = {int(day): day_of_ns(int(day) * DAY_NS) in wanted for day in np.unique(self.hours // HOURS_A_DAY)}
        return np.array([known[int(hour) // HOURS_A_DAY] for hour in self.hours])


@dataclass(frozen=True, slots=True)
class Hourly:
    """What is kept of one point's equity curve, a thousandth of it: rising hours since 1970, returns, and gains."""

    hours: NDArray[np.int64]
    returns: Array
    gains: Array

    @classmethod
    def of(cls, equity: pl.DataFrame) -> Self:
        """Of a curve (ts, equity)."""
        hours = equity.group_by((pl.col("ts") // HOUR_NS).alias("hour"), maintain_order=True).agg(
            pl.col("equity").last().cast(pl.Float64).alias("after")
        )
        before = hours["after"].shift(1).fill_null(equity["equity"].cast(pl.Float64).first())
        return cls(
            hours["hour"].cast(pl.Int64).to_numpy(),
            hourly_returns(equity).fill_null(0.0).to_numpy(),
            (hours["after"] - before).fill_null(0.0).to_numpy(),
        )


def performance(points: Mapping[str, Hourly]) -> Performance:
    """Lay points side by side, by their names."""
    # All ran over the same days, but one may have an hour that another has not, if a minute's trades differ.
    hours = np.unique(np.concatenate([point.hours for point in points.values()]))
    # By columns: how numpy adds up a column, and so the last digit of its mean, depends on how it lies in memory.
    returns, gains = (np.zeros((hours.size, len(points)), order="F") for _ in range(2))
    for column, point in enumerate(points.values()):
        rows = np.searchsorted(hours, point.hours)
        returns[rows, column], gains[rows, column] = point.returns, point.gains
    return Performance(list(points), hours, returns, gains)
