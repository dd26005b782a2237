"""A month's file cut into its days in one pass, so that each day is read once and not the month thirty times.

Lines are copied as they stand, under the month's header; which day a line belongs to is read off its time
alone. What else may be wrong with it is found when its day is read, as if the day had a file of its own. A
line whose time lies outside the month goes to the nearest day that is cut, and is counted there.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import polars as pl
from isal.igzip import IGzipFile
from polars.exceptions import PolarsError

from phoenix_core.columns import epoch_unit
from phoenix_core.datasets import Dataset
from phoenix_core.errors import RowsInvalid, SchemaDrift
from phoenix_core.market import DAY_NS, Market, day_start_ns, days_between
from phoenix_core.sources.lines import csv_lines

_BLOCK_BYTES = 8 << 20
_FASTEST = 1
_BOM = b"\xef\xbb\xbf"


class Publish(Protocol):
    """Gives a place to build the file of a day, which is published when its context ends well."""

    def __call__(self, day: date) -> AbstractContextManager[Path]:
        """Open the place of a day."""


def cut_month(
    path: Path,
    dataset: Dataset,
    market: Market,
    month: tuple[date, date],
    wanted: Sequence[date],
    publish: Publish,
) -> set[date]:
    """Cut a month's file into gzipped files of its days, all published together at the end.

    Args:
        path: The month's file: zip, gzip or plain.
        dataset: Its registry entry; its time must be an epoch.
        market: Its market.
        month: First and last day, both inclusive.
        wanted: Days to cut out, in order, at least one; lines of the others are passed over.
        publish: Opens the place of a day.

    Returns:
        The days that have lines. The same lines give the same bytes.

    Raises:
        ArchiveCorrupt: The file can't be read to its end; no day is published.
        SchemaDrift: It has no column of that time.
        RowsInvalid: A time that is no number of milliseconds or microseconds.
    """
    with ExitStack() as days:
        writers: dict[date, IO[bytes]] = {}
        cutter = _Cutter(path, dataset, market, month, wanted)
        for day, lines in cutter.pieces():
            if day not in wanted:
                continue
            if day not in writers:
                writers[day] = _writer(days, publish(day))
                writers[day].write(cutter.header)
            writers[day].write(lines)
        return set(writers)


def days_of_month(
    path: Path, dataset: Dataset, market: Market, month: tuple[date, date]
) -> Iterator[tuple[date, bytes, bytes]]:
    """Runs of lines of one day, in the file's order, each with its day and the file's header; see `cut_month`."""
    cutter = _Cutter(path, dataset, market, month, days_between(*month))
    for day, lines in cutter.pieces():
        yield day, cutter.header, lines


def without_blank_end(lines: bytes) -> bytes:
    r"""Whole lines without the blank ones that some programs write behind the last.

    >>> without_blank_end(b"1,2\r\n\r\n")
    b'1,2\r\n'
    """
    if not lines.endswith((b"\n\n", b"\n\r\n")):
        return lines
    kept = lines.rstrip(b"\r\n")
    return lines[: lines.index(b"\n", len(kept)) + 1] if kept else b""


def _writer(days: ExitStack, place: AbstractContextManager[Path]) -> IO[bytes]:
    staged = days.enter_context(place)
    file = days.enter_context(staged.open("wb"))
    # No name and no time in it: equal lines are equal bytes.
    return days.enter_context(IGzipFile("", "wb", compresslevel=_FASTEST, fileobj=file, mtime=0))


class _Cutter:
    def __init__(
        self, path: Path, dataset: Dataset, market: Market, month: tuple[date, date], wanted: Sequence[date]
    ) -> None:
        self._path, self._dataset, self._month, self._wanted = path, dataset, month, wanted
        self._names = [column.name for column in dataset.columns[market]]
        self._units_a_day = 0
        self.header = b""

    def pieces(self) -> Iterator[tuple[date, bytes]]:
        """Runs of lines of one day, in the file's order."""
        lines = csv_lines(self._path, None, max_ratio=self._dataset.max_ratio, block_bytes=_BLOCK_BYTES)
        for number, block in enumerate(lines):
            body = block if number else self._without_header(block.removeprefix(_BOM))
            if body and not body.isspace():
                yield from self._runs(without_blank_end(body))

    def _without_header(self, block: bytes) -> bytes:
        first, end, rest = block.partition(b"\n")
        if not first[:1].isalpha() and first[:1] != b'"':
            return block
        self.header = first + end
        self._names = [name.strip().strip('"') for name in first.decode("utf-8", "replace").split(",")]
        return rest

    def _runs(self, block: bytes) -> Iterator[tuple[date, bytes]]:
        numbers = self._day_numbers(block)
        cuts = np.flatnonzero(np.diff(numbers)) + 1
        if not len(cuts):
            yield self._day(int(numbers[0])), block
            return
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
        if len(ends) != len(numbers):
            raise RowsInvalid(f"{self._path} has blank lines between its rows: expected a row a line. Remove them.")
        bounds = [0, *(int(ends[cut - 1]) for cut in cuts), len(block)]
        for start, end, number in zip(bounds, bounds[1:], numbers[[0, *cuts]], strict=False):
            yield self._day(int(number)), block[start:end]

    def _day_numbers(self, block: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Days since 1970 of each line."""
        name = self._dataset.time.name
        if name not in self._names:
            raise SchemaDrift(f"{self._path} has no column {name}: found {','.join(self._names)[:300]}.")
        try:
            schema = {one: pl.Int64 if one == name else pl.String for one in self._names}
            scanned = pl.scan_csv(io.BytesIO(block), has_header=False, schema=schema)
            times = scanned.select(name).collect()[name]  # the other cells are not even looked at
        except PolarsError as error:
            raise RowsInvalid(f"{self._path} has a {name} that is no time: {str(error).splitlines()[0]}") from error
        if times.null_count():
            raise RowsInvalid(f"{self._path} has rows without a {name}. Look at the file.")
        if not self._units_a_day:
            self._units_a_day = DAY_NS // epoch_unit(int(times[0]), str(self._path))[1]
        return times.to_numpy() // self._units_a_day

    def _day(self, number: int) -> date:
        first, last = self._month
        day = first + timedelta(number - day_start_ns(first) // DAY_NS)
        if first <= day <= last:
            return day
        return self._wanted[0] if day < first else self._wanted[-1]
