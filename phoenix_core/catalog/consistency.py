"""Do the datasets of a day tell one story? Each pair is compared with a tolerance that is argued beside it.

minutes rebuilt from aggregate trades and from single trades against klines, aggregate against single
trades, mark prices against last prices, trades against the quotes before them, the premium index against mark and
index, the index against spot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.catalog.quality import Finding, frames
from phoenix_core.catalog.recipe import derived_recipe
from phoenix_core.catalog.store import catalog_asset, read_by_role
from phoenix_core.columns import Role
from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_TICKER,
    INDEX_PRICE_KLINES,
    KLINES,
    MARK_PRICE_KLINES,
    PREMIUM_INDEX_KLINES,
    TRADES,
    Dataset,
)
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Manifest, Remembered
from phoenix_core.market import NS_PER_SECOND, Listing
from phoenix_core.products import CONSISTENCY
from phoenix_core.rules import Rule
from phoenix_core.storage.digests import canonical_json, sha256_of
from phoenix_core.storage.lake import Lake

_MINUTE = 60 * NS_PER_SECOND
_SHOWN = 5

# An aggregate that spans a minute's edge counts to the minute in which it began: 119 of 1,440 minutes
# of BTCUSDT 2026-09-30 differ for that reason, 42 of them in their open.
_MINUTES_OF_AGGREGATES = 0.15
# Bars rebuilt from single trades agreed in 1,440 of 1,440 minutes of that day.
_MINUTES_OF_TRADES = 0.0
# The first trades of a day may stand in the last aggregate of the day before.
_VOLUME = 1e-4
# The mark follows an index over exchanges; in a squeeze it stays behind the last price for minutes.
_MARK_MEDIAN, _MARK_WORST = 0.002, 0.05
# The premium is the contract's distance from its index at this moment, the mark follows a moving mean of it
# (https://www.binance.com/en/support/faq/360033525071): they were 0.003 % apart in the first minutes of BTCUSDT
# 2024-03-30, in a squeeze they part as mark and last price do.
_PREMIUM_MEDIAN, _PREMIUM_WORST = 0.0005, 0.05
# An index is a weighted mean of spot prices of many exchanges (the same page): one exchange is beside it by about a
# spread, and by more for minutes where it breaks away.
_SPOT_MEDIAN, _SPOT_WORST = 0.001, 0.05
# A sweep takes many levels in one millisecond: on BTCUSDT 2024-08-08 the deepest of 10,447 trades lay 0.11 %
# beyond the quote before it. Trades whose last quote is older than a second are not compared.
_BAND, _OUTSIDE = 0.003, 0.01


def compare_day(lake: Lake, listing: Listing, day: date) -> tuple[Entry, tuple[Finding, ...]]:
    """Compare what is published of a day and publish the findings.

    A comparison that lacks a side holds, and says which side it lacks.
    """
    manifest = Manifest(lake)
    days = _Days(lake, listing, day)
    findings = tuple(_compared(days, rule) for rule in CONSISTENCY.checks)
    relative = f"consistency/{listing.path}/{day}.json"
    content = canonical_json([_plain(finding) for finding in findings])
    lake.write(relative, content)
    entry = Entry(
        asset=CONSISTENCY.asset(listing),
        day=day.isoformat(),
        published=True,
        recipe=derived_recipe(CONSISTENCY, listing),
        file=relative,
        sha256=sha256_of(content),
        bytes=len(content),
        rows=len(findings),
        sources=sources_of(manifest, CONSISTENCY, listing, day),
        facts={f"{finding.rule}_holds": finding.passed for finding in findings},
    )
    return manifest.record(entry), findings


def _plain(finding: Finding) -> dict[str, Any]:
    rows = [{name: str(value) for name, value in row.items()} for row in finding.rows]
    return {"rule": finding.rule, "passed": finding.passed, "message": finding.message, "rows": rows}


class _Days:
    """What is published of one day."""

    def __init__(self, lake: Lake, listing: Listing, day: date) -> None:
        self._lake, self._listing, self._day = lake, listing, day
        self._manifest = Remembered(lake)  # each of five datasets is asked for by several comparisons
        self._minutes: dict[str, pl.DataFrame] = {}

    def entry(self, dataset: Dataset) -> Entry | None:
        """The published day of a dataset, or None."""
        if self._listing.market not in dataset.columns:
            return None
        found = self._manifest.find(catalog_asset(dataset, self._listing), self._day)
        return found if found is not None and found.published else None

    def on_spot(self) -> "_Days | None":
        """The same day of the pair on spot."""
        listing = self._listing.on_spot
        return None if listing is None else _Days(self._lake, listing, self._day)

    def asset(self, dataset: Dataset) -> str:
        """Full name of a dataset's catalog asset."""
        return catalog_asset(dataset, self._listing)

    def frame(self, dataset: Dataset, *columns: str) -> pl.DataFrame:
        """Some columns of a day, see `read_by_role`; times signed."""
        frame = read_by_role(self._lake, dataset, self._listing, self._day, columns)
        return frame.with_columns(pl.col(name).cast(pl.Int64) for name in columns if name.startswith("ts_"))

    def minutes(self, dataset: Dataset) -> pl.DataFrame:
        """A day of trades as minutes, read once however many comparisons ask for it."""
        if dataset.name not in self._minutes:
            self._minutes[dataset.name] = _minutes(self.frame(dataset, "ts_event", "price", "size"))
        return self._minutes[dataset.name]

    @property
    def lake(self) -> Lake:
        """The data folder."""
        return self._lake


def _compared(days: _Days, rule: Rule) -> Finding:
    needs, compare = _COMPARISONS[rule.name]
    lacking = [dataset.catalog_name for dataset in needs if days.entry(dataset) is None]
    if lacking:
        return Finding(rule.name, passed=True, message=f"not compared: {' and '.join(lacking)} not published")
    return compare(days, rule.name)


def _minutes(trades: pl.DataFrame) -> pl.DataFrame:
    return (
        trades.with_columns((pl.col("ts_event") // _MINUTE * _MINUTE).alias(Role.OPEN_TIME))
        .group_by(Role.OPEN_TIME, maintain_order=True)
        .agg(
            pl.col("price").first().alias("open"),
            pl.col("price").max().alias("high"),
            pl.col("price").min().alias("low"),
            pl.col("price").last().alias("close"),
            pl.col("size").sum().alias("volume"),
        )
    )


def _rebuilt(dataset: Dataset, tolerance: float) -> Callable[[_Days, str], Finding]:
    def compare(days: _Days, rule: str) -> Finding:
        names = ("open", "high", "low", "close", "volume")
        bars = days.frame(KLINES, Role.OPEN_TIME, *names).filter(pl.col("volume") > 0)
        both = bars.join(days.minutes(dataset), on=Role.OPEN_TIME, how="full")
        same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_right")) for name in names)
        other = both.filter(~same)
        message = f"{other.height} of {both.height} minutes differ; up to {tolerance:.0%} are expected"
        return Finding(rule, other.height <= tolerance * both.height, message, tuple(other.head(_SHOWN).to_dicts()))

    return compare


def _volumes(days: _Days, rule: str) -> Finding:
    aggregates, singles = days.minutes(AGG_TRADES), days.minutes(TRADES)
    sums = [float(frame["volume"].sum() or 0) for frame in (aggregates, singles)]
    apart = abs(sums[0] - sums[1]) / max(sums[1], 1e-12)
    minutes = aggregates.join(singles, on=Role.OPEN_TIME, how="full")
    worst = minutes.filter(pl.col("volume").ne_missing(pl.col("volume_right"))).select(
        Role.OPEN_TIME, "volume", "volume_right"
    )
    message = f"{sums[0]:.6g} in aggregates, {sums[1]:.6g} in single trades, {apart:.2e} apart"
    return Finding(rule, apart <= _VOLUME, message, () if apart <= _VOLUME else tuple(worst.head(_SHOWN).to_dicts()))


def _marks(days: _Days, rule: str) -> Finding:
    last = days.frame(KLINES, Role.OPEN_TIME, "close")
    both = last.join(days.frame(MARK_PRICE_KLINES, Role.OPEN_TIME, "value"), on=Role.OPEN_TIME)
    return _apart(rule, both, _float("value") / _float("close") - 1, _MARK_MEDIAN, _MARK_WORST)


def _premium(days: _Days, rule: str) -> Finding:
    both = days.frame(MARK_PRICE_KLINES, Role.OPEN_TIME, "value")
    for dataset, name in ((INDEX_PRICE_KLINES, "index"), (PREMIUM_INDEX_KLINES, "premium")):
        both = both.join(days.frame(dataset, Role.OPEN_TIME, "close").rename({"close": name}), on=Role.OPEN_TIME)
    basis = _float("value") / _float("index") - 1
    return _apart(rule, both, basis - _float("premium"), _PREMIUM_MEDIAN, _PREMIUM_WORST)


def _index(days: _Days, rule: str) -> Finding:
    spot = days.on_spot()
    if spot is None or spot.entry(KLINES) is None:
        lacking = "there is no such pair on spot" if spot is None else f"{spot.asset(KLINES)} not published"
        return Finding(rule, passed=True, message=f"not compared: {lacking}")
    index = days.frame(INDEX_PRICE_KLINES, Role.OPEN_TIME, "close").rename({"close": "index"})
    both = index.join(spot.frame(KLINES, Role.OPEN_TIME, "close").rename({"close": "spot"}), on=Role.OPEN_TIME)
    return _apart(rule, both, _float("index") / _float("spot") - 1, _SPOT_MEDIAN, _SPOT_WORST)


def _float(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


def _apart(rule: str, minutes: pl.DataFrame, apart: pl.Expr, most: float, at_worst: float) -> Finding:
    """Hold how far two things are apart against limits of its median and of its worst minute."""
    if not minutes.height:
        return Finding(rule, passed=False, message="no minute has both")
    both = minutes.with_columns(apart.abs().alias("apart"))
    middle, worst = float(both["apart"].median() or 0), float(both["apart"].max() or 0)  # type: ignore[arg-type]
    passed = middle <= most and worst <= at_worst
    message = f"median {middle:.3%} apart, at worst {worst:.3%}, of {both.height} minutes"
    rows = both.sort("apart", descending=True).head(_SHOWN)
    return Finding(rule, passed, message, () if passed else tuple(rows.to_dicts()))


def _at_quotes(days: _Days, rule: str) -> Finding:
    """Each trade against the last quote before its millisecond, a row group of quotes at a time."""
    trades = _Timed.of(days.frame(AGG_TRADES, "ts_event", "price"))
    entry = days.entry(BOOK_TICKER)
    compared = count = 0
    outside: list[pl.DataFrame] = []
    held: pl.DataFrame | None = None
    for quotes in frames(days.lake, entry, ("ts_event", "bid_price", "ask_price")) if entry else ():
        matched = _with_quotes_before(trades, quotes, quotes.head(1) if held is None else held)
        held = quotes.tail(1)
        compared += matched.height
        bad = _outside(matched)
        count += bad.height
        outside = [*outside, bad.head(_SHOWN)] if len(outside) < _SHOWN else outside
    if not compared:
        return Finding(rule, passed=False, message="no trade has a quote before it")
    message = f"{count:,} of {compared:,} trades are more than {_BAND:.2%} outside the quotes before them"
    rows = pl.concat(outside).head(_SHOWN).to_dicts() if outside else []
    return Finding(rule, count <= _OUTSIDE * compared, message, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Timed:
    """Rows of which a time's are found without looking at all of them, also where times step back here and there.

    Attributes:
        rows: With `ts_event`.
        latest: The largest time up to each row.
        earliest: The smallest time from each row on.
    """

    rows: pl.DataFrame
    latest: NDArray[np.int64]
    earliest: NDArray[np.int64]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Self:
        times = rows["ts_event"].to_numpy()
        return cls(rows, np.maximum.accumulate(times), np.minimum.accumulate(times[::-1])[::-1])

    def between(self, after: int, until: int) -> pl.DataFrame:
        """Rows of (after, until], in their order."""
        begin = int(np.searchsorted(self.latest, after, side="right"))
        end = int(np.searchsorted(self.earliest, until, side="right"))
        found = self.rows.slice(begin, max(0, end - begin))
        return found.filter(pl.col("ts_event").is_between(after, until, "right"))


def _with_quotes_before(trades: _Timed, quotes: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Trades of the time that quotes span, each beside the last quote before its own time, if that is recent.

    An as-of join would want both prices of all quotes as floats, and there are ten quotes to a trade: places are
    looked up by time alone, and only the quotes that stand there are converted.

    Args:
        trades: Of the day.
        quotes: A batch.
        held: The quote before them, in force until they begin.
    """
    since = int(held["ts_event"][0])
    times = np.maximum(np.maximum.accumulate(quotes["ts_event"].cast(pl.Int64).to_numpy()), since)
    within = trades.between(since, int(times[-1]))
    places = np.searchsorted(times, within["ts_event"].to_numpy(), side="left") - 1
    is_held = pl.Series(places < 0)
    places = np.maximum(places, 0)
    before = quotes[places].select(
        pl.when(is_held).then(pl.lit(held[name][0], held.schema[name])).otherwise(pl.col(name)).alias(name)
        for name in ("bid_price", "ask_price")
    )
    began = pl.when(is_held).then(since).otherwise(pl.Series(times[places]))
    return pl.concat([within, before], how="horizontal").filter(pl.col("ts_event") - began <= NS_PER_SECOND)


def _outside(matched: pl.DataFrame) -> pl.DataFrame:
    """Trades beyond the band around their quotes, prices as floats. Those within the quotes need not become floats."""
    beyond = matched.filter(~pl.col("price").is_between("bid_price", "ask_price"))
    low, high = pl.col("bid_price") * (1 - _BAND), pl.col("ask_price") * (1 + _BAND)
    floats = beyond.with_columns(pl.col("price", "bid_price", "ask_price").cast(pl.Float64))
    return floats.filter(~pl.col("price").is_between(low, high))


_COMPARISONS: Mapping[str, tuple[tuple[Dataset, ...], Callable[[_Days, str], Finding]]] = {
    "agg_trades_make_klines": ((AGG_TRADES, KLINES), _rebuilt(AGG_TRADES, _MINUTES_OF_AGGREGATES)),
    "trades_make_klines": ((TRADES, KLINES), _rebuilt(TRADES, _MINUTES_OF_TRADES)),
    "aggregates_hold_trades": ((AGG_TRADES, TRADES), _volumes),
    "mark_follows_last": ((KLINES, MARK_PRICE_KLINES), _marks),
    "trades_at_quotes": ((AGG_TRADES, BOOK_TICKER), _at_quotes),
    "premium_follows_mark": ((MARK_PRICE_KLINES, INDEX_PRICE_KLINES, PREMIUM_INDEX_KLINES), _premium),
    "index_follows_spot": ((INDEX_PRICE_KLINES,), _index),
}
