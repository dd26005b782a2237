"""Crowding: open interest against its own last 30 days."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.columns import Role
from phoenix_core.market import DAY_NS
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.rolling import z_scores_by_time

Ints = NDArray[np.int64]


def open_interest_z(history: pl.DataFrame, since_ns: int, parameters: SignalParameters) -> pl.DataFrame:
    """Z-score of open interest at each sample that becomes known from an instant on.

    Args:
        history: ts_init (ns) and open_interest, up to 30 days before `since_ns` and after it.
        since_ns: Samples known earlier only serve as history.
        parameters: Window and least number of samples.

    Returns:
        known_ns (Int64) and oi_z (Float64, null below the least number of samples), in time order.
        Missing values (null) are no samples.
    """
    samples = history.drop_nulls(Role.OPEN_INTEREST).sort("ts_init", maintain_order=True)
    times = samples["ts_init"].cast(pl.Int64).to_numpy()
    values = samples[Role.OPEN_INTEREST].cast(pl.Float64).to_numpy()
    first = int(np.searchsorted(times, since_ns))
    window_ns = parameters.oi_window_days * DAY_NS
    scores = z_scores_by_time(times, values, window_ns, first)
    counts = np.arange(first, times.size) + 1 - np.searchsorted(times, times[first:] - window_ns, side="right")
    return pl.DataFrame({"known_ns": times[first:], "oi_z": scores}).with_columns(
        pl.when(pl.Series(counts >= parameters.min_samples)).then(pl.col("oi_z")).alias("oi_z")
    )
