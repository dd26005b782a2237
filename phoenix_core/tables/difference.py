"""Two files of one day compared row by row, by the rows' own keys, in bounded memory.

Both are read as they would be for the catalog: repaired, dropped and put in order by the same rules. What is
compared is what Phoenix would make of them, cell by cell and exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from phoenix_core.tables.read import DayTable

_EXAMPLES = 20


@dataclass(slots=True)
class Difference:
    """How two files differ.

    Attributes:
        compared: Keys that both have.
        only_left: Rows whose key the other lacks.
        only_right: Likewise.
        changed: Rows of one key whose cells differ.
        examples: The first of them: key, and for changed rows both values of each column that differs.
    """

    compared: int = 0
    only_left: int = 0
    only_right: int = 0
    changed: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        """Every row of one is in the other."""
        return not (self.only_left or self.only_right or self.changed)


def difference(left: DayTable, right: DayTable) -> Difference:
    """Compare two files of one dataset.

    Raises:
        PhoenixError: What reading either of them raises.
    """
    key = [column.name for column in left.dataset.key]
    if left.streams:
        return _streamed(left.batches(), right.batches(), key[0])
    found = Difference()
    _compare(left.frame(), right.frame(), key, found)
    return found


def _streamed(left: Iterator[pl.DataFrame], right: Iterator[pl.DataFrame], key: str) -> Difference:
    """Compare rows in order of a running id, a stretch of ids at a time."""
    found = Difference()
    ours, theirs = _Stretches(left, key), _Stretches(right, key)
    while ours.has_rows() or theirs.has_rows():
        reached = [one.reached() for one in (ours, theirs) if one.has_rows()]
        until = min(reached)
        _compare(ours.take(until), theirs.take(until), [key], found)
    return found


class _Stretches:
    """Rows of one side that were read and not compared yet."""

    def __init__(self, batches: Iterator[pl.DataFrame], key: str) -> None:
        self._batches, self._key = batches, key
        self._rows = next(batches, pl.DataFrame())

    def has_rows(self) -> bool:
        """Read on until there are rows, or none are left."""
        while not self._rows.height and (batch := next(self._batches, None)) is not None:
            self._rows = batch
        return self._rows.height > 0

    def reached(self) -> int:
        """The last id that was read."""
        return int(self._rows[self._key][-1])

    def take(self, until: int) -> pl.DataFrame:
        """Give the rows up to an id and keep the others."""
        if not self._rows.height:
            return self._rows
        count = int(self._rows[self._key].search_sorted(until, "right"))
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken


def _compare(left: pl.DataFrame, right: pl.DataFrame, key: Sequence[str], found: Difference) -> None:
    if not left.height or not right.height:
        found.only_left += left.height
        found.only_right += right.height
        _note(found, "only_left", left, key)
        _note(found, "only_right", right, key)
        return
    if left.equals(right):
        found.compared += left.height
        return
    missing, added = left.join(right, on=key, how="anti"), right.join(left, on=key, how="anti")
    both = left.join(right, on=key, how="inner", suffix="_right")
    cells = [name for name in left.columns if name not in key]
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in cells]
    changed = both.filter(pl.any_horizontal(pl.lit(value=False), *differs))  # no cell is left where all are key
    found.compared += both.height
    found.only_left += missing.height
    found.only_right += added.height
    found.changed += changed.height
    _note(found, "only_left", missing, key)
    _note(found, "only_right", added, key)
    for row in changed.head(_EXAMPLES - len(found.examples)).iter_rows(named=True):
        values = {name: (row[name], row[f"{name}_right"]) for name in cells if row[name] != row[f"{name}_right"]}
        found.examples.append({"what": "changed", **{name: row[name] for name in key}, **values})


def _note(found: Difference, what: str, rows: pl.DataFrame, key: Sequence[str]) -> None:
    for row in rows.head(_EXAMPLES - len(found.examples)).iter_rows(named=True):
        found.examples.append({"what": what, **{name: row[name] for name in key}})
