"""What a row must satisfy to count, one named rule each.

A rule takes a batch and gives back what it kept and how many rows it dropped or repaired. Rules that
concern values come from the registry's columns; rules that concern time, order and identity are here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import polars as pl

from phoenix_core.columns import Bound, Column, Kind
from phoenix_core.datasets import Dataset
from phoenix_core.errors import RowsInvalid


class Counts(Counter[str]):
    """Rows by what happened to them.

    `read` rows were in the file; `kept` went on; `dropped_*` did not, by rule; `repaired_*` went on
    changed; `other_days` belong to another partition of a monthly file. read = kept + dropped + other.
    """

    @property
    def dropped(self) -> int:
        """Rows that did not go on, other than those of another partition."""
        return sum(count for name, count in self.items() if name.startswith("dropped_"))

    @property
    def repaired(self) -> int:
        """Rows that went on changed."""
        return sum(count for name, count in self.items() if name.startswith("repaired_"))

    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self["read"] == self["kept"] + self["other_days"] + self.dropped


def by_columns(batch: pl.DataFrame, columns: Iterable[Column], counts: Counts) -> pl.DataFrame:
    """Blank cells and values out of bounds drop their row; a zero that means missing becomes null."""
    if not batch.height or not any(batch.select(*_suspicions(columns)).row(0)):
        return batch
    for column in columns:
        cell = pl.col(column.name)
        if column.zero_means_missing:
            zeros = batch.select((cell == 0).sum()).item()
            if zeros:
                counts[f"repaired_zero_is_missing_{column.name}"] += zeros
                batch = batch.with_columns(pl.when(cell == 0).then(None).otherwise(cell).alias(column.name))
        if not column.may_be_blank:
            batch = _dropping(batch, cell.is_null(), f"blank_{column.name}", counts)
        if column.bound is Bound.POSITIVE:
            batch = _dropping(batch, cell <= 0, f"not_positive_{column.name}", counts)
        elif column.bound is Bound.NOT_NEGATIVE:
            batch = _dropping(batch, cell < 0, f"negative_{column.name}", counts)
    return batch


def _suspicions(columns: Iterable[Column]) -> Iterator[pl.Expr]:
    """Whether any cell of a column breaks a rule: one pass over a batch in which, mostly, none does."""
    for column in columns:
        cell = pl.col(column.name)
        if column.zero_means_missing:
            yield (cell == 0).any().alias(f"zero {column.name}")
        if not column.may_be_blank:
            yield (cell.null_count() > 0).alias(f"blank {column.name}")
        if column.bound is Bound.POSITIVE:
            yield (cell.min() <= 0).alias(f"bound {column.name}")
        elif column.bound is Bound.NOT_NEGATIVE:
            yield (cell.min() < 0).alias(f"bound {column.name}")


def within(batch: pl.DataFrame, time: str, window: tuple[int, int], rule: str, counts: Counts) -> pl.DataFrame:
    """Keep rows whose time lies in [window[0], window[1]); count the others under a rule."""
    low, high = window
    times = batch[time]
    if batch.height and times.min() >= low and times.max() < high and not times.null_count():  # type: ignore[operator]
        return batch
    outside = (pl.col(time) < low) | (pl.col(time) >= high)
    return _dropping(batch, outside, rule, counts)


def refuse_another_day(counts: Counts, rule: str, where: str) -> None:
    """Refuse a file most of whose rows are of another day.

    Raises:
        RowsInvalid: It is another day's file, or its times are in another unit.
    """
    outside = counts[f"dropped_{rule}"]
    if outside * 2 > counts["read"]:
        raise RowsInvalid(
            f"{where} is another day's file: {outside} of its {counts['read']} rows lie outside its day. "
            "Look at its times; delete it from the data folder and materialize the raw day again."
        )


def is_strictly_increasing(batch: pl.DataFrame, key: str, previous: int | None) -> bool:
    """Whether a key rises from row to row, and from the last batch."""
    column = batch[key]
    if column.is_empty():
        return True
    first_is_new = previous is None or column[0] > previous
    return bool(first_is_new and (column.diff(null_behavior="drop") > 0).all())


def late_rows(batch: pl.DataFrame, dataset: Dataset, highest: int | None = None) -> int:
    """Count rows that come after a row which they should precede.

    Args:
        batch: Rows as published.
        dataset: Says by which columns they are ordered.
        highest: Largest value of the first of these columns in earlier batches.
    """
    order = [column.name for column in dataset.order]
    if len(order) == 1:
        rank = batch[order[0]]
        late = int((rank < rank.cum_max()).sum())
        return late if highest is None else int(((rank < rank.cum_max()) | (rank < highest)).sum())
    rank = batch.select(pl.struct(order).rank("dense")).to_series()
    return int((rank < rank.cum_max()).sum())


def without_duplicates(batch: pl.DataFrame, counts: Counts) -> pl.DataFrame:
    """Keep the first of rows that are equal in every cell."""
    distinct = batch.unique(maintain_order=True, keep="first")
    counts["dropped_exact_duplicate"] += batch.height - distinct.height
    return distinct


def ordered_once(batch: pl.DataFrame, dataset: Dataset, counts: Counts, where: str) -> pl.DataFrame:
    """Order rows by the dataset's key and keep each once.

    Exact duplicates are dropped. Of rows with one time and different values the last published wins;
    of rows with one id and different values none can be trusted.

    Raises:
        RowsInvalid: One id, different values.
    """
    order = [column.name for column in dataset.order]
    key = [column.name for column in dataset.key]
    ordered = batch.sort(order, maintain_order=True)
    distinct = without_duplicates(ordered, counts)
    single = distinct.unique(key, keep="last", maintain_order=True)
    conflicts = distinct.height - single.height
    if conflicts and all(column.kind is Kind.INTEGER for column in dataset.key):
        example = distinct.filter(pl.struct(key).is_duplicated()).row(0, named=True)
        raise RowsInvalid(
            f"{where} gives {conflicts} rows an id that another row has, with other values, for example "
            f"{ {name: str(value) for name, value in example.items()} }. Which is true can't be told; "
            "report the file to the publisher."
        )
    counts["dropped_superseded"] += conflicts
    return single


def _dropping(batch: pl.DataFrame, bad: pl.Expr, rule: str, counts: Counts) -> pl.DataFrame:
    keep = batch.select((~bad).fill_null(value=True).alias("keep"))["keep"]
    dropped = batch.height - int(keep.sum())
    if not dropped:
        return batch
    counts[rule if rule == "other_days" else f"dropped_{rule}"] += dropped
    return batch.filter(keep)
