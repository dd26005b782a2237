"""From a zip to typed batches: header and unit sniffed per file, rows ruled, ordered and counted.

    DayTable(path, key, dataset, days, scratch).consume(use), and after it .counts and .facts

Columns keep the publisher's names. Times are Int64 nanoseconds UTC, decimals Decimal(38, 16), flags
Boolean. A day whose ids already rise streams in batches; one that must be put in order is spooled to
disk and merged by ranges of ids, so memory stays bounded either way.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from phoenix_core.columns import DECIMAL_DIGITS, DECIMAL_SCALE, Column, Kind, epoch_unit
from phoenix_core.datasets import Dataset, LabelledBy
from phoenix_core.errors import RowsInvalid, SchemaDrift
from phoenix_core.sources.binance.keys import ArchiveKey
from phoenix_core.sources.lines import Passed, csv_lines
from phoenix_core.tables import rules, timestamps
from phoenix_core.tables.ahead import ahead
from phoenix_core.tables.rules import Counts

BLOCK_BYTES = 12 << 20  # of quotes about a row group of the catalog
_DECIMAL = pl.Decimal(DECIMAL_DIGITS, DECIMAL_SCALE)
_TYPES: dict[Kind, pl.DataType | type[pl.DataType]] = {
    Kind.INTEGER: pl.Int64,
    Kind.DECIMAL: _DECIMAL,
    Kind.FLAG: pl.Boolean,
    Kind.EPOCH: pl.Int64,
    Kind.CLOCK: pl.String,
    Kind.TEXT: pl.String,
}
_BOM = b"\xef\xbb\xbf"
_TOO_FINE = re.compile(rb"\.[0-9]{17}")
_MERGE_ROWS = 1_000_000


class _OutOfOrderError(Exception):
    """A streamed day turned out to need ordering."""


@dataclass
class DayTable:
    """The rows of one day of one dataset, read from one zip.

    Attributes:
        path: The file: a zip as published, or one of people's own, gzipped or plain as well.
        key: Which file of the archive it is, or would be.
        dataset: Its registry entry.
        days: First and last day whose rows are wanted, both inclusive.
        scratch: Folder for rows that must be spooled to be put in order.
        is_published: The file is the publisher's own zip, whose member must have the published name.
        counts: Rows by what happened to them; complete once `consume` has returned.
        facts: header (bool), lines, csv_bytes and last_line of the whole file, unit ("ms", "us", "clock"), label
            ("start", "end") where it has one.
    """

    path: Path
    key: ArchiveKey
    dataset: Dataset
    days: tuple[date, date]
    scratch: Path
    counts: Counts = field(default_factory=Counts)
    facts: dict[str, Any] = field(default_factory=dict)
    block_bytes: int = BLOCK_BYTES
    is_published: bool = True

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the file, in the registry's order."""
        return self.dataset.columns[self.key.listing.market]

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.key.member if self.is_published else self.path.name

    @property
    def streams(self) -> bool:
        """Whether rows have a running id, by which they come in batches and in order."""
        return len(self.dataset.key) == 1 and self.dataset.key[0].kind is Kind.INTEGER

    def consume[T](self, use: Callable[[Iterator[pl.DataFrame]], T]) -> T:
        """Hand the day's rows, in order and in batches, to a function and give back what it made.

        Rows are streamed as long as their ids rise. Where they turn out not to, the function is called
        a second time with all rows in order; what it made of the first call is dropped.

        Raises:
            ArchiveUnsafe: See `sources.lines`.
            ArchiveCorrupt: See `sources.lines`.
            SchemaDrift: Unknown, missing or repeated columns.
            RowsInvalid: Text in a number, conflicting duplicates, or another day's file.
        """
        try:
            return use(self._streamed() if self.streams else self._whole())
        except _OutOfOrderError:
            return use(self._merged())

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give all rows in order, in batches, to somebody who can't start again.

        The file is read once more than by `consume`, to find out whether its ids rise.
        """
        try:
            if not self.streams:
                return self._whole()
            for _ in self._streamed():
                pass
            return self._streamed()
        except _OutOfOrderError:
            return self._merged()

    def frame(self) -> pl.DataFrame:
        """All rows of the day at once: for datasets that fit in memory."""
        batches = self.consume(list)
        return pl.concat(batches) if batches else self._empty()

    def _restart(self) -> None:
        self.counts.clear()

    def _empty(self) -> pl.DataFrame:
        return self._typed(pl.DataFrame(schema=csv_schema(self.columns)), {})

    # -- rows ------------------------------------------------------------------------------------

    def _parsed(self) -> Iterator[pl.DataFrame]:
        """Yield typed blocks, before any rule."""
        header: list[str] | None = None
        factor: dict[str, int] = {}
        line = 1
        member, passed = self.key.member if self.is_published else None, Passed()
        lines = csv_lines(
            self.path, member, max_ratio=self.dataset.max_ratio, block_bytes=self.block_bytes, passed=passed
        )
        for inflated in ahead(lines):
            block = inflated
            if header is None:
                block, header = self._sniffed(block.removeprefix(_BOM))
                line += self.facts["header"]
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n")
            if block and not block.isspace():
                parsed = self._parse(block, header, line)
                line += parsed.height
                # A short line comes back with nulls at its end, a blank one with nothing but nulls.
                if parsed.to_series(0).null_count():
                    parsed = parsed.filter(~pl.all_horizontal(pl.all().is_null()))
                factor = factor or self._units(parsed)
                yield self._typed(parsed, factor)
            else:
                line += block.count(b"\n")
        self._reconcile(passed, line - 1)

    def _reconcile(self, passed: Passed, read: int) -> None:
        """Hold the lines that were inflated, counted by themselves, against those that became rows.

        Raises:
            RowsInvalid: A line was lost on the way, or became two.
        """
        if passed.lines != read:
            raise RowsInvalid(
                f"{self.name} has {passed.lines} lines, and {read} were read, a header and blank ones included: "
                "expected as many. A cell may hold a line end; look at the file and report it to the publisher."
            )
        self.facts |= {"lines": passed.lines, "csv_bytes": passed.size, "last_line": passed.last}

    def _sniffed(self, block: bytes) -> tuple[bytes, list[str]]:
        first, _, rest = block.partition(b"\n")
        cells = first.decode("utf-8", "replace").strip("\r").split(",")
        names = [column.name for column in self.columns]
        # A data row starts with a number or a date; a header has letters in its first cell.
        self.facts["header"] = bool(re.match(r"\s*\"?[A-Za-z_]", cells[0]))
        if not self.facts["header"]:
            if len(cells) != len(names):
                raise self._drift(f"{len(cells)} columns without a header")
            return block, names
        found = [cell.strip().strip('"') for cell in cells]
        if sorted(found) != sorted(names):
            raise self._drift(f"the header {','.join(found)[:300]!r}")
        return rest, found

    def _drift(self, found: str) -> SchemaDrift:
        return SchemaDrift(
            f"{self.name} has other columns: expected {','.join(c.name for c in self.columns)}, found "
            f"{found}. If the publisher changed the file, change the entry {self.dataset.name!r} in "
            "phoenix_core/datasets.py."
        )

    def _parse(self, block: bytes, header: list[str], line: int) -> pl.DataFrame:
        by_name = {column.name: column for column in self.columns}
        schema = csv_schema([by_name[name] for name in header])
        try:
            if not self.streams and _TOO_FINE.search(block):
                raise self._bad_cell(block, header, line)
            return pl.read_csv(block, has_header=False, schema=schema)
        except PolarsError as error:
            raise self._bad_cell(block, header, line) from error

    def _bad_cell(self, block: bytes, header: list[str], line: int) -> RowsInvalid | SchemaDrift:
        """Find the row and column that the fast reader refused."""
        kinds = {column.name: column.kind for column in self.columns}
        text = block.decode("utf-8", "replace")
        for offset, row in enumerate(_rows_of(text)):
            if row and len(row) != len(header):
                return self._drift(f"{len(row)} cells in line {line + offset}")
            for name, cell in zip(header, row, strict=False):
                if not _reads_as(kinds[name], cell):
                    return RowsInvalid(
                        f"{self.name}, line {line + offset}, column {name}: expected "
                        f"{kinds[name].value}, found {cell[:60]!r}. A cell that can't be read exactly is never "
                        "guessed; look at the file and report it to the publisher."
                    )
        return RowsInvalid(f"{self.name} can't be read from line {line} on. Look at the file.")

    def _units(self, parsed: pl.DataFrame) -> dict[str, int]:
        factor = {}
        for column in self.columns:
            if column.kind is Kind.EPOCH:
                times = parsed[column.name].drop_nulls()
                if times.is_empty():
                    continue
                unit, factor[column.name] = epoch_unit(times[0], self.name)
                self.facts["unit"] = unit
            elif column.kind is Kind.CLOCK:
                self.facts["unit"] = "clock"
        return factor

    def _typed(self, parsed: pl.DataFrame, factor: dict[str, int]) -> pl.DataFrame:
        expressions: list[pl.Expr] = []
        for column in self.columns:
            cell = pl.col(column.name)
            if column.kind is Kind.EPOCH:
                expressions.append(timestamps.nanoseconds(column.name, factor.get(column.name, 1)))
            elif column.kind is Kind.CLOCK:
                expressions.append(timestamps.clock_nanoseconds(column.name))
            else:
                expressions.append(cell)
        return parsed.select(expressions)  # in as many pieces as the parser made: they are joined once, for the file

    # -- order -----------------------------------------------------------------------------------

    def _whole(self) -> Iterator[pl.DataFrame]:
        self._restart()
        blocks = list(self._parsed())
        if blocks:
            batch = pl.concat(blocks)
            # First, for files hold all their rows once more behind the last: dropped rows are not out of order.
            ruled = rules.without_duplicates(self._ruled(batch, self._window(batch)), self.counts)
            self.counts["repaired_out_of_order"] += rules.late_rows(ruled, self.dataset)
            yield self._kept(rules.ordered_once(ruled, self.dataset, self.counts, self.name))
        self._finish()

    def _streamed(self) -> Iterator[pl.DataFrame]:
        self._restart()
        window = None
        previous: int | None = None
        key = self.dataset.key[0].name
        for batch in self._parsed():
            window = window or self._window(batch)
            ruled = self._ruled(batch, window)
            if not rules.is_strictly_increasing(ruled, key, previous):
                raise _OutOfOrderError
            previous = ruled[key][-1] if ruled.height else previous
            yield self._kept(ruled)
        self._finish()

    def _merged(self) -> Iterator[pl.DataFrame]:
        """Spool sorted runs to disk, then merge them range by range of their first order column."""
        self._restart()
        self.scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.scratch) as folder:
            runs, cuts = self._spool(Path(folder))
            order = self.dataset.order[0].name
            for low, high in zip([None, *cuts], [*cuts, None], strict=True):
                bounds = pl.lit(value=True)
                bounds = bounds if low is None else bounds & (pl.col(order) >= low)
                bounds = bounds if high is None else bounds & (pl.col(order) < high)
                part = pl.concat([pl.scan_parquet(run).filter(bounds) for run in runs]).collect()
                yield self._kept(rules.ordered_once(part, self.dataset, self.counts, self.name))
        self._finish()

    def _spool(self, folder: Path) -> tuple[list[Path], list[int]]:
        order = self.dataset.order[0].name
        runs: list[Path] = []
        samples: list[pl.Series] = []
        total = 0
        window = None
        highest: int | None = None
        for number, batch in enumerate(self._parsed()):
            window = window or self._window(batch)
            ruled = self._ruled(batch, window)
            run = ruled.sort(order, maintain_order=True)
            self.counts["repaired_out_of_order"] += rules.late_rows(ruled, self.dataset, highest)
            highest = max(run[order][-1], highest or 0) if run.height else highest
            path = folder / f"{number}.run"
            run.write_parquet(path, compression="lz4", row_group_size=65_536)
            runs.append(path)
            samples.append(run[order].gather_every(1000))
            total += run.height
        sample = pl.concat(samples).sort()
        parts = total // _MERGE_ROWS + 1
        cuts = sorted({sample[len(sample) * part // parts] for part in range(1, parts)})
        return runs, cuts

    def _window(self, batch: pl.DataFrame) -> tuple[int, int]:
        market = self.key.listing.market
        times = batch[self.dataset.time.name]
        if self.dataset.labels:
            label = timestamps.label_of_file(self.dataset, market, self.days[0], times)
            self.facts["label"] = label.value
        return timestamps.window_of(self.dataset, market, self.days, times)

    def _ruled(self, batch: pl.DataFrame, window: tuple[int, int]) -> pl.DataFrame:
        self.counts["read"] += batch.height
        ruled = rules.by_columns(batch, self.columns, self.counts)
        if self.key.days != self.days:  # a day's share of a month's file
            month = timestamps.window_of(
                self.dataset, self.key.listing.market, self.key.days, batch[self.dataset.time.name]
            )
            ruled = rules.within(ruled, self.dataset.time.name, month, "outside_period", self.counts)
            return rules.within(ruled, self.dataset.time.name, window, "other_days", self.counts)
        return rules.within(ruled, self.dataset.time.name, window, "outside_period", self.counts)

    def _kept(self, batch: pl.DataFrame) -> pl.DataFrame:
        self.counts["kept"] += batch.height
        return batch

    def _finish(self) -> None:
        rules.refuse_another_day(self.counts, "outside_period", self.name)
        for name in [name for name, count in self.counts.items() if not count and name not in {"read", "kept"}]:
            del self.counts[name]

    def known_after_ns(self) -> int:
        """How long after its time a row can first be known; valid from the first batch on."""
        if self.facts.get("label") == LabelledBy.START.value:
            return self.dataset.period_ns + self.dataset.known_after_ns
        return self.dataset.known_after_ns


def csv_schema(columns: Iterable[Column]) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Types that the cells of a CSV are parsed into, before times are told from numbers and text."""
    return {column.name: _TYPES[column.kind] for column in columns}


def _rows_of(text: str) -> Iterator[list[str]]:
    """Cells of each line, up to one that is no CSV at all."""
    rows = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            yield next(rows)
        except (StopIteration, csv.Error):
            return


def _reads_as(kind: Kind, cell: str) -> bool:
    if cell == "" or kind in {Kind.TEXT, Kind.CLOCK}:
        return True
    if kind is Kind.FLAG:
        return cell.lower() in {"true", "false"}
    if kind is Kind.DECIMAL:
        try:
            value = Decimal(cell)
            exponent = value.normalize().as_tuple().exponent
        except ArithmeticError:  # not a number, or one beyond any exponent
            return False
        if not value.is_finite() or "_" in cell:
            return False
        digits_before = DECIMAL_DIGITS - DECIMAL_SCALE
        return isinstance(exponent, int) and exponent >= -DECIMAL_SCALE and abs(value) < Decimal(10) ** digits_before
    return bool(re.fullmatch(r"\s*[+-]?\d{1,18}", cell))
