"""What a published day looks like: rules by catalog type, in one bounded pass, with the rows that break them.

A rule that blocks means the data would be wrong if it were broken; the others mark what is odd and may be
true. Comparisons between datasets are in `consistency.py`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from phoenix_core.catalog.convert import fixed_point, is_multiple
from phoenix_core.catalog.frames import frame_from_arrow
from phoenix_core.catalog.store import convert_day
from phoenix_core.columns import DECIMAL_SCALE, Kind, Role
from phoenix_core.datasets import CatalogType, Dataset
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import DAY_NS, NS_PER_SECOND, Listing, Market, day_start_ns
from phoenix_core.rules import CONTIGUOUS, ON_STEP, ON_TICK, QUIET_NS, UNCROSSED, Rule, rules_of
from phoenix_core.storage.lake import Lake

# Snapshots of depth come about every 30 seconds; up to 213 have been seen.
_QUIET_DEPTH_NS = 120 * NS_PER_SECOND
_FROZEN_OPEN_INTEREST = 12  # samples of five minutes
_FROZEN_DEPTH = 10  # snapshots of 30 seconds
_FEW = 5  # a day with a fifth of the usual rows is odd
_USUAL_DAYS = 7
_SHOWN = 5
_CROSSED_SHARE = 0.001
_OFF_TICK_SHARE = 0.001  # single trades lie between ticks: 71799.36 beside a tick of 0.10
_SHARES = {UNCROSSED: _CROSSED_SHARE, ON_TICK: _OFF_TICK_SHARE, ON_STEP: _OFF_TICK_SHARE}
# Prices of orders. Without an entry an instrument's tick is the archive's last decimal, which all of them hold.
_PRICES = ("price", "bid_price", "ask_price")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found on a day, with a few of the rows that break it."""

    rule: str
    passed: bool
    message: str
    rows: tuple[Mapping[str, Any], ...] = ()


def inspect_day(lake: Lake, dataset: Dataset, entry: Entry) -> tuple[Finding, ...]:
    """Hold a published day against its rules; an absent day has nothing to say.

    Args:
        lake: The data folder.
        dataset: Registry entry of the day.
        entry: What the manifest says of it.
    """
    if not entry.published:
        return ()
    found = _Pass(dataset, _listing(entry), date.fromisoformat(entry.day))
    for frame in frames(lake, entry, _looked_at(dataset)):
        found.see(frame)
    return _found(lake, found, entry)


def convert_and_inspect(lake: Lake, dataset: Dataset, listing: Listing, day: date) -> tuple[Entry, tuple[Finding, ...]]:
    """Convert a day and hold it against its rules while its rows pass; one that was there already is read for it.

    Raises:
        PhoenixError: See `convert_day`.
    """
    found: _Pass | None = None

    def seen(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        nonlocal found
        found = _Pass(dataset, listing, day)  # anew where rows turn out to come out of order
        looked_at = _looked_at(dataset)
        for table in tables:
            wanted = [name for name in table.column_names if looked_at is None or name in looked_at]
            found.see(frame_from_arrow(table.select(wanted)))
            yield table

    entry = convert_day(lake, dataset, listing, day, seen)
    if found is None or not entry.published:
        return entry, inspect_day(lake, dataset, entry)
    return entry, _found(lake, found, entry)


def _found(lake: Lake, found: "_Pass", entry: Entry) -> tuple[Finding, ...]:
    day = date.fromisoformat(entry.day)
    findings = {finding.rule: finding for finding in (*found.findings(), _count(Manifest(lake), entry, day))}
    return tuple(findings[rule.name] for rule in rules_of(found.dataset))


def frames(lake: Lake, entry: Entry, columns: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
    """A published file in batches of some hundred thousand rows; of the named columns, those that it has."""
    with pq.ParquetFile(Manifest(lake).fetch(entry)) as file:
        wanted = [name for name in file.schema_arrow.names if columns is None or name in columns]
        for batch in file.iter_batches(131_072, columns=wanted):
            yield frame_from_arrow(pa.Table.from_batches([batch]))


class _Pass:
    """One pass over a day: what rules carry from batch to batch."""

    def __init__(self, dataset: Dataset, listing: Listing, day: date) -> None:
        self.dataset = dataset
        self._rules = rules_of(dataset)
        self._specification = specification(listing, day)
        self._start = day_start_ns(day)
        self._seen = 0
        self._last: dict[str, int] = {}
        self._broken: dict[str, list[dict[str, Any]]] = {}
        self._counts: dict[str, int] = {}
        self._small: list[pl.DataFrame] = []

    def see(self, frame: pl.DataFrame) -> None:
        """Take the next rows."""
        if not frame.height:
            return
        self._seen += frame.height
        frame = frame.with_columns(pl.col("ts_event", "ts_init").reinterpret(signed=True))
        self._rises("ordered", frame, "ts_init", 0)
        half = self.dataset.period_ns // 2
        low, high = self._start - half, self._start + DAY_NS + half
        self._note("within_day", frame.filter((pl.col("ts_event") < low) | (pl.col("ts_event") >= high)))
        if identity := _running_id(self.dataset):
            numbered = frame.with_columns(pl.col(identity).cast(pl.Int64).alias("id"))
            self._rises("unique", numbered, "id", 1)
            self._gaps(numbered)
        else:
            self._small.append(frame)
        if "bid_price" in frame.columns:
            self._note("uncrossed", frame.filter(pl.col("bid_price") >= pl.col("ask_price")))
        if prices := [name for name in _PRICES if name in frame.columns]:
            self._fits("on_tick", frame, prices, self._specification.tick)
        if "size" in frame.columns:
            self._fits("on_step", frame, ["size"], self._specification.step)

    def findings(self) -> Iterator[Finding]:
        """What was found; rules that do not concern the dataset are left to the caller."""
        small = pl.concat(self._small) if self._small else None
        if small is not None:
            for look in (_duplicates, _incomplete, _misshapen, _frozen, _quiet_depth):
                for name, rows in look(small, self.dataset, self._start):
                    self._note(name, rows)
        for rule in self._rules:
            count = self._counts.get(rule.name, 0)
            passed = count <= self._seen * _SHARES.get(rule, 0)
            message = f"{count:,} of {self._seen:,} rows break it" if count else f"{self._seen:,} rows hold it"
            message += self._in_words(rule)
            yield Finding(rule.name, passed, message, tuple(self._broken.get(rule.name, ())))

    def _in_words(self, rule: Rule) -> str:
        """The constant that a rule held the day against."""
        known = self._specification
        told = {ON_TICK: f"tick is {known.tick:f}", ON_STEP: f"step is {known.step:f}"}.get(rule)
        assumed = f", assumed: it is known from {known.valid_from} on" if known.assumed else ""
        return f"; the {told}{assumed}" if told else ""

    def _note(self, rule: str, rows: pl.DataFrame) -> None:
        if rows.height:
            self._counts[rule] = self._counts.get(rule, 0) + rows.height
            shown = self._broken.setdefault(rule, [])
            shown += rows.head(_SHOWN - len(shown)).to_dicts()

    def _steps(self, rule: str, frame: pl.DataFrame, column: str) -> pl.Expr:
        """Difference to the row before, over the seam of batches."""
        before = self._last.get(f"{rule} {column}", int(frame[column][0]) - 1)
        self._last[f"{rule} {column}"] = int(frame[column][-1])
        return pl.col(column) - pl.col(column).shift(1, fill_value=before)

    def _rises(self, rule: str, frame: pl.DataFrame, column: str, least: int) -> None:
        self._note(rule, frame.filter(self._steps(rule, frame, column) < least))

    def _fits(self, rule: str, frame: pl.DataFrame, columns: Sequence[str], unit: Decimal) -> None:
        if not all(_are_multiples(frame[name], unit) for name in columns):
            self._note(rule, frame.filter(pl.any_horizontal(_between(name, unit) for name in columns)))

    def _gaps(self, numbered: pl.DataFrame) -> None:
        steps = numbered.with_columns(
            self._steps("gaps", numbered, "ts_event").alias("gap_ns"),
            self._steps("gaps", numbered, "id").alias("id_step"),
        )
        wide = steps.filter(pl.col("gap_ns") > QUIET_NS)
        kind = pl.when(pl.col("id_step") > 1).then(pl.lit("loss")).otherwise(pl.lit("outage"))
        seconds = (pl.col("gap_ns") // NS_PER_SECOND).alias("seconds")
        self._note("gaps", wide.select("ts_event", seconds, "id", "id_step", kind.alias("class")))
        if CONTIGUOUS in self._rules:
            self._note("contiguous", steps.filter(pl.col("id_step") > 1).select("ts_event", "id", "id_step"))


def _running_id(dataset: Dataset) -> str | None:
    """The catalog's column of a number that runs through a symbol's rows, or None where nothing numbers them."""
    key = dataset.key[0]
    if key.kind is not Kind.INTEGER:
        return None
    return "trade_id" if key.role is Role.TRADE_ID else key.name


def _looked_at(dataset: Dataset) -> Collection[str] | None:
    """Columns that the rules of ticks look at; None: all, for the rules of other datasets.

    Sizes of quotes alone are half of what there is to decode in a day, and no rule asks for them.
    """
    identity = _running_id(dataset)
    sizes = {"size"} if ON_STEP in rules_of(dataset) else set()
    return None if identity is None else {"ts_event", "ts_init", identity, *_PRICES, *sizes}


def _listing(entry: Entry) -> Listing:
    market, symbol, _ = entry.asset.split("/")
    return Listing(Market(market), symbol.upper())


def _are_multiples(values: pl.Series, unit: Decimal) -> bool:
    """Whether all are known to be, in half the time of `_between`: most units are powers of ten, most rows hold."""
    return unit.normalize().as_tuple().digits == (1,) and is_multiple(
        fixed_point(values), DECIMAL_SCALE + unit.adjusted()
    )


def _between(column: str, unit: Decimal) -> pl.Expr:
    """Whether a price lies between ticks, or a quantity between steps, in integers of the last decimal."""
    return pl.col(column).to_physical() % int(unit.scaleb(DECIMAL_SCALE)) != 0


Broken = Iterator[tuple[str, pl.DataFrame]]


def _duplicates(frame: pl.DataFrame, dataset: Dataset, start_ns: int) -> Broken:
    del start_ns
    key = ["ts_event" if column is dataset.time else column.name for column in dataset.key]
    yield "unique", frame.filter(pl.struct(key).is_duplicated())


def _incomplete(frame: pl.DataFrame, dataset: Dataset, start_ns: int) -> Broken:
    """Periods without a row, each by its beginning."""
    if dataset.period_ns and dataset.catalog_type is not CatalogType.DEPTH_BAND and DAY_NS % dataset.period_ns == 0:
        # Times end their period, to the millisecond before it or drifting some seconds after.
        slots = ((pl.col("ts_event") + dataset.period_ns // 2 - 1) // dataset.period_ns).alias("slot")
        have = set(frame.select(slots)["slot"])
        midnight = start_ns // dataset.period_ns
        # Only labels of the beginning name midnight itself.
        first = midnight if midnight in have else midnight + 1
        missing = [slot for slot in range(first, first + DAY_NS // dataset.period_ns) if slot not in have]
        yield "complete", pl.DataFrame({"missing_from_ns": [(slot - 1) * dataset.period_ns for slot in missing]})


def _misshapen(frame: pl.DataFrame, dataset: Dataset, start_ns: int) -> Broken:
    del dataset, start_ns
    if {"open", "high", "low"} <= set(frame.columns):
        close = "close" if "close" in frame.columns else "value"
        inside = [pl.col(name).is_between(pl.col("low"), pl.col("high")) for name in ("open", close)]
        yield "shaped", frame.filter(~pl.all_horizontal(inside))


def _frozen(frame: pl.DataFrame, dataset: Dataset, start_ns: int) -> Broken:
    """Where a value begins to stand still, and where it is missing."""
    del start_ns
    if dataset.catalog_type is CatalogType.OPEN_INTEREST:
        level = dataset.column(Role.OPEN_INTEREST).name
        yield "moving", frame.filter(pl.col(level).is_null())
        yield "moving", _standing(frame, level, _FROZEN_OPEN_INTEREST)
    if dataset.catalog_type is CatalogType.DEPTH_BAND:
        edge, notional = (dataset.column(role).name for role in (Role.BAND_EDGE, Role.BAND_NOTIONAL))
        for _, band in frame.group_by(edge, maintain_order=True):
            yield "moving", _standing(band, notional, _FROZEN_DEPTH)


def _standing(frame: pl.DataFrame, column: str, length: int) -> pl.DataFrame:
    runs = frame.with_columns(pl.col(column).rle_id().alias("run"))
    long = runs.group_by("run", maintain_order=True).agg(
        pl.len().alias("rows"), pl.all().exclude("run", "rows").first()
    )
    return long.filter((pl.col("rows") >= length) & pl.col(column).is_not_null()).drop("run")


def _quiet_depth(frame: pl.DataFrame, dataset: Dataset, start_ns: int) -> Broken:
    del start_ns
    if dataset.catalog_type is CatalogType.DEPTH_BAND:
        times = frame.select("ts_event").unique(maintain_order=True)
        gap = pl.col("ts_event").diff()
        seconds = (gap // NS_PER_SECOND).alias("seconds")
        yield "gaps", times.with_columns(seconds).filter(gap > _QUIET_DEPTH_NS)


def _count(manifest: Manifest, entry: Entry, day: date) -> Finding:
    """Rows of the day against the median of the published days of the week before."""
    earlier = manifest.find_days(entry.asset, (day - timedelta(back) for back in range(1, _USUAL_DAYS + 1)))
    usual = [one.rows for one in earlier.values() if one.published]
    if not usual:
        return Finding("count", passed=True, message=f"{entry.rows:,} rows; no earlier day to compare with")
    middle = median(usual)
    message = f"{entry.rows:,} rows; the median of {len(usual)} earlier days is {middle:,.0f}"
    return Finding("count", entry.rows * _FEW >= middle, message)
