"""Published times as integer nanoseconds UTC: epochs in a unit told by magnitude, and clock texts."""

from datetime import date

import polars as pl

from phoenix_core.datasets import Dataset, LabelledBy
from phoenix_core.market import DAY_NS, Market, day_start_ns

_CLOCK = "%Y-%m-%d %H:%M:%S"


def nanoseconds(column: str, factor: int) -> pl.Expr:
    """Expression for a column of epochs in nanoseconds."""
    return (pl.col(column) * factor).alias(column)


def clock_nanoseconds(column: str) -> pl.Expr:
    """Expression for a column of `YYYY-MM-DD HH:MM:SS` in nanoseconds; null where it is no time."""
    return pl.col(column).str.to_datetime(_CLOCK, time_unit="ns", strict=False).cast(pl.Int64).alias(column)


def label_of_file(dataset: Dataset, market: Market, day: date, times: pl.Series) -> LabelledBy:
    """Which end of its period each label of a file names.

    The registry knows when the publisher changed; single files before that were already labelled by
    the start. They hold the day's own midnight and lack the next one.

    Args:
        dataset: A dataset with labels.
        market: Its market.
        day: The day of the file.
        times: Labels in nanoseconds.
    """
    declared = dataset.label(market, day)
    half = dataset.period_ns // 2
    start = day_start_ns(day)
    has_start = ((times - start).abs() < half).any()
    has_end = ((times - start - DAY_NS).abs() < half).any()
    return LabelledBy.START if has_start and not has_end else declared


def window_of(dataset: Dataset, market: Market, days: tuple[date, date], times: pl.Series) -> tuple[int, int]:
    """First nanosecond, and first one after, of the rows that belong to a range of days.

    Labels of periods may drift some seconds off their grid, so their window is moved by half a period:
    back for labels of the start, forward for labels of the end.
    """
    first, last = days
    low, high = day_start_ns(first), day_start_ns(last) + DAY_NS
    if not dataset.labels:
        return low, high
    half = dataset.period_ns // 2
    shift = -half if label_of_file(dataset, market, first, times) is LabelledBy.START else half
    return low + shift, high + shift
