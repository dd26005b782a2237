"""What a backtest reads of a day, verified before NautilusTrader opens it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow.parquet as pq
from nautilus_trader.core.nautilus_pyo3 import DataBackendSession, NautilusDataType, drop_cvec_pycapsule
from nautilus_trader.model.data import QuoteTick, TradeTick, capsule_to_list
from nautilus_trader.model.enums import AggressorSide

from phoenix_core.backtest.gaps import Gap, gaps_of, with_stand_down
from phoenix_core.backtest.settlement import FundingTime, Mark
from phoenix_core.catalog.store import catalog_asset, read_day, verified_file
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, FUNDING_RATE, MARK_PRICE_KLINES, Dataset
from phoenix_core.manifest import Manifest
from phoenix_core.market import DAY_NS, Listing, day_start_ns
from phoenix_core.signals.days import SIGNALS, SignalDays
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.storage import Lake
from phoenix_core.strategies.events import SignalTick

_CHUNK = 50_000
_MINUTE = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class TickFile:
    """Ticks of one kind of one day, in published order.

    Attributes:
        path: A verified catalog file.
        kind: What its rows are.
        groups: First and last `ts_init` of each row group, of the file's own statistics.
    """

    path: Path
    kind: NautilusDataType
    groups: tuple[tuple[int, int], ...]

    @classmethod
    def at(cls, path: Path, kind: NautilusDataType) -> Self:
        """Open a file: only its footer is read."""
        footer = pq.read_metadata(path)
        column = footer.schema.names.index("ts_init")
        statistics = (footer.row_group(index).column(column).statistics for index in range(footer.num_row_groups))
        return cls(path, kind, tuple((int(each.min), int(each.max)) for each in statistics))

    def stream(self, where: str = "") -> Iterator[list[QuoteTick] | list[TradeTick]]:
        """Yield ticks in lists of some ten thousand."""
        session = DataBackendSession(chunk_size=_CHUNK)
        # `where` holds integers of ours alone.
        session.add_file(self.kind, "ticks", str(self.path), f"SELECT * FROM ticks {where}")  # noqa: S608
        for chunk in session.to_query_result():
            ticks = capsule_to_list(chunk)
            drop_cvec_pycapsule(chunk)  # nobody else frees the copy of 230 bytes a tick behind the objects
            yield ticks

    def between(self, first_ns: int, last_ns: int) -> list[QuoteTick] | list[TradeTick]:
        """Ticks known in [first, last]; only row groups that hold them are read."""
        if not any(low <= last_ns and high >= first_ns for low, high in self.groups):
            return []
        where = f"WHERE ts_init >= {first_ns} AND ts_init <= {last_ns}"
        return [tick for chunk in self.stream(where) for tick in chunk]

    def last_known(self, at_ns: int, side: AggressorSide | None = None) -> int | None:
        """When the last tick at or before an instant was known, or the last trade of a side."""
        columns = ["ts_init"] if side is None else ["ts_init", "aggressor_side"]
        with pq.ParquetFile(self.path) as file:
            for index in reversed([index for index, (low, _) in enumerate(self.groups) if low <= at_ns]):
                group = file.read_row_group(index, columns=columns)
                known = group["ts_init"].to_numpy()
                if side is not None:
                    known = known[group["aggressor_side"].to_numpy() == side]
                before = int(known.searchsorted(at_ns, side="right"))
                if before:
                    return int(known[before - 1])
        return None


@dataclass(frozen=True, slots=True)
class DayInputs:
    """One day of one listing, as the replay needs it.

    Attributes:
        day: UTC day.
        signals: One row a bucket, `signals.table.SIGNAL_COLUMNS`.
        trades: The day's trades.
        quotes: The day's quotes, or None.
        funding: Funding times with their marks.
        marks: Marks of each minute.
        prices: minute_ns (end of the minute) and price of its last trade, for valuing the account.
        versions: Data versions of all inputs.
        without: What the day ran without, in words.
        gaps: Times without trades, in which nothing is entered.
    """

    day: date
    signals: pl.DataFrame
    trades: TickFile
    quotes: TickFile | None
    funding: tuple[FundingTime, ...]
    marks: tuple[Mark, ...]
    prices: pl.DataFrame
    versions: dict[str, str]
    without: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()

    @property
    def start_ns(self) -> int:
        """00:00 UTC."""
        return day_start_ns(self.day)

    @property
    def end_ns(self) -> int:
        """Last nanosecond of the day."""
        return self.start_ns + DAY_NS - 1

    def signal_ticks(self, rows: pl.DataFrame) -> list[SignalTick]:
        """Signals as events."""
        return [SignalTick(row) for row in rows.iter_rows(named=True)]


@dataclass(frozen=True, slots=True)
class InputReader:
    """Reads days of a listing."""

    lake: Lake
    listing: Listing
    parameters: SignalParameters

    def why_missing(self, day: date) -> str | None:
        """Why a day can't be replayed, or None if it can."""
        manifest = Manifest(self.lake)
        for asset in (catalog_asset(AGG_TRADES, self.listing), f"{self.listing.path}/{SIGNALS}"):
            entry = manifest.find(asset, day)
            if entry is None:
                return f"{asset} was never materialized"
            if not entry.published:
                return entry.reason
        return None

    def day(self, day: date) -> DayInputs:
        """Read a day.

        Raises:
            InputMissing: Trades or signals are not published.
            CatalogCorrupt: A file is not what was published.
        """
        manifest = Manifest(self.lake)
        signals_asset = f"{self.listing.path}/{SIGNALS}"
        versions = {}
        without = []
        for asset in (signals_asset, *(catalog_asset(d, self.listing) for d in self._datasets())):
            entry = manifest.find(asset, day)
            if entry is not None:
                versions[asset] = entry.data_version
            if entry is None or not entry.published:
                without.append(f"{asset.rsplit('/', 1)[-1]} ({entry.reason if entry else 'never materialized'})")
        prices = self._minute_prices(day)
        marks = self._marks(day)
        gaps = gaps_of(prices["minute_ns"].sort(), day_start_ns(day))
        return DayInputs(
            day=day,
            signals=with_stand_down(self._signals(day), gaps),
            trades=self._ticks(AGG_TRADES, day, NautilusDataType.TradeTick),
            quotes=self._ticks(BOOK_TICKER, day, NautilusDataType.QuoteTick) if self._has(BOOK_TICKER, day) else None,
            funding=self._funding(day, marks, prices),
            marks=marks,
            prices=prices,
            versions=versions,
            without=(*without, *self._signal_gaps(day)),
            gaps=gaps,
        )

    def _datasets(self) -> Sequence[Dataset]:
        wanted = (AGG_TRADES, BOOK_TICKER, MARK_PRICE_KLINES, FUNDING_RATE)
        return [dataset for dataset in wanted if self.listing.market in dataset.columns]

    def _has(self, dataset: Dataset, day: date) -> bool:
        entry = Manifest(self.lake).find(catalog_asset(dataset, self.listing), day)
        return entry is not None and entry.published

    def _ticks(self, dataset: Dataset, day: date, kind: NautilusDataType) -> TickFile:
        return TickFile.at(verified_file(self.lake, catalog_asset(dataset, self.listing), day), kind)

    def _signals(self, day: date) -> pl.DataFrame:
        """Published signals where they were made with these parameters, computed ones otherwise."""
        asset = f"{self.listing.path}/{SIGNALS}"
        days = SignalDays(self.lake, self.listing, self.parameters)
        entry = Manifest(self.lake).find(asset, day)
        if entry is not None and entry.facts.get("parameters") == days.parameters_digest():
            return read_day(self.lake, asset, day)
        return days.signals(day)

    def _signal_gaps(self, day: date) -> list[str]:
        entry = Manifest(self.lake).find(f"{self.listing.path}/{SIGNALS}", day)
        if entry is None or not entry.rows:
            return []
        names = {"without_oi_z": "open interest", "without_ldr": "depth"}
        return [
            f"{name} at {entry.counts[count]} of {entry.rows} signals"
            for count, name in names.items()
            if entry.counts.get(count)
        ]

    def _minute_prices(self, day: date) -> pl.DataFrame:
        trades = read_day(self.lake, catalog_asset(AGG_TRADES, self.listing), day, ("ts_init", "price"))
        ends = (pl.col("ts_init").cast(pl.Int64) // _MINUTE + 1) * _MINUTE - 1
        return trades.group_by(ends.alias("minute_ns"), maintain_order=True).agg(pl.col("price").last())

    def _marks(self, day: date) -> tuple[Mark, ...]:
        if not self._has(MARK_PRICE_KLINES, day):
            return ()
        columns = ("ts_init", "value", "low", "high")
        frame = read_day(self.lake, catalog_asset(MARK_PRICE_KLINES, self.listing), day, columns)
        return tuple(Mark(int(ts), value, low, high) for ts, value, low, high in frame.iter_rows())

    def _funding(self, day: date, marks: Sequence[Mark], prices: pl.DataFrame) -> tuple[FundingTime, ...]:
        if not self._has(FUNDING_RATE, day):
            return ()
        columns = ("ts_init", "last_funding_rate")
        frame = read_day(self.lake, catalog_asset(FUNDING_RATE, self.listing), day, columns)
        known = [(mark.ts, mark.close) for mark in marks] or list(prices.iter_rows())
        times = []
        for ts, rate in frame.iter_rows():
            price = next((price for at, price in reversed(known) if at <= ts), known[0][1] if known else None)
            if price is not None:
                times.append(FundingTime(int(ts), rate, Decimal(price)))
        return tuple(times)
