"""Two tables that should be one: what differs, column by column, with the first row of each difference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Check:
    """What was recomputed of a result, and how it compares with what was published.

    Attributes:
        name: What was recomputed.
        rows: Published rows that were compared.
        differences: Each in words; none where both are equal.
        left_out: What could not be recomputed, and why.
    """

    name: str
    rows: int
    differences: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def differences(
    published: pl.DataFrame, recomputed: pl.DataFrame, label: Sequence[str], tolerance: float = 0.0
) -> Iterator[str]:
    """Say how a recomputed table differs from the published one, row by row in their order.

    Args:
        published: The columns that are compared.
        recomputed: The same columns.
        label: Columns that name a row, in words such as `ts 1711238400000000000`.
        tolerance: Numbers that are no further apart are equal; 0: to the last bit, NaN being equal to itself.
    """
    if published.height != recomputed.height:
        yield f"{published.height:,} rows are published, {recomputed.height:,} were recomputed"
    rows = min(published.height, recomputed.height)
    for name in published.columns:
        ours, theirs = published[name].head(rows), recomputed[name].head(rows)
        other = _differs(ours, theirs, tolerance)
        if count := int(other.sum()):
            first = other.arg_max() or 0
            where = ", ".join(f"{column} {published[column][first]}" for column in label)
            yield (
                f"{name}: {count:,} of {rows:,} rows differ, first row {first} ({where}): published {ours[first]}, "
                f"recomputed {theirs[first]}"
            )


def _differs(ours: pl.Series, theirs: pl.Series, tolerance: float) -> pl.Series:
    if tolerance and ours.dtype.is_numeric():
        apart = (ours.cast(pl.Float64) - theirs.cast(pl.Float64)).abs() > tolerance
        # NaN is above every tolerance, also from itself.
        return apart.fill_null(value=True) & ours.ne_missing(theirs)
    return ours.ne_missing(theirs)
