"""What the points of a sweep earned hour by hour, side by side: what they are judged by, and what is drawn of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

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


def performance(equities: Mapping[str, pl.DataFrame]) -> Performance:
    """Lay equity curves (ts, equity) side by side, by names of points."""
    parts = [_hours(name, equity) for name, equity in equities.items()]
    # All ran over the same days, but one may have an hour that another has not, if a minute's trades differ.
    joined = pl.concat(parts, how="align").sort("hour").fill_null(0.0)
    names = list(equities)
    return Performance(
        names=names,
        hours=joined["hour"].cast(pl.Int64).to_numpy(),
        returns=joined.select(f"{name} return" for name in names).to_numpy(),
        gains=joined.select(f"{name} gain" for name in names).to_numpy(),
    )


def _hours(name: str, equity: pl.DataFrame) -> pl.DataFrame:
    hours = equity.group_by((pl.col("ts") // HOUR_NS).alias("hour"), maintain_order=True).agg(
        pl.col("equity").last().cast(pl.Float64).alias("after")
    )
    return hours.select(
        "hour",
        hourly_returns(equity).alias(f"{name} return"),
        (pl.col("after") - pl.col("after").shift(1).fill_null(equity["equity"].cast(pl.Float64).first())).alias(
            f"{name} gain"
        ),
    )
