"""What a backtest reads of a day, verified before NautilusTrader opens it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import polars as pl
from nautilus_trader.core.data import Data
from nautilus_trader.core.nautilus_pyo3 import NautilusDataType
from nautilus_trader.model.identifiers import InstrumentId

from phoenix_core.backtest.feeds import FEED_DATASETS, FeedReader
from phoenix_core.backtest.gaps import Gap, gaps_of, with_blocked_entries
from phoenix_core.backtest.settlement import Delivery, FundingTime, Mark
from phoenix_core.backtest.ticks import TickFile
from phoenix_core.catalog.store import catalog_asset, read_by_role, read_day, verified_file
from phoenix_core.columns import Role
from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    BOOK_TICKER,
    FUNDING_RATE,
    INDEX_PRICE_KLINES,
    MARK_PRICE_KLINES,
    Dataset,
)
from phoenix_core.errors import InputMissing
from phoenix_core.execution.holding import rounded
from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.instruments.brackets import Brackets, brackets_on
from phoenix_core.instruments.delivery import delivery_of
from phoenix_core.lineage import sources_of
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.market import DAY_NS, Listing, day_start_ns
from phoenix_core.products import BACKTEST, INSTRUMENT, SIGNALS
from phoenix_core.signals.days import SignalDays
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.table import SIGNAL_COLUMNS
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.contract import Feed
from phoenix_core.strategies.signal_tick import SignalTick

_MINUTE = 60 * 1_000_000_000


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
        prices: minute_ns (end of the minute), open and price of its first and last trade, and traded volume.
        versions: Data versions of all inputs, `asset@day`.
        without: What the day ran without, in words.
        gaps: Times without trades, in which nothing is entered.
        depth: Snapshots of the book around its mid, or None.
        others: What the strategy gets besides ticks and signals.
        delivery: The end of the contract, where it is on this day.
        brackets: By which a position keeps margin; None: the instrument's one rate holds for all.
        largest: Notional that a position may have at the venue's leverage, in quote units; None: any.
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
    depth: Snapshots | None = None
    others: tuple[Data, ...] = ()
    delivery: Delivery | None = None
    brackets: Brackets | None = None
    largest: Decimal | None = None

    @property
    def start_ns(self) -> int:
        """00:00 UTC."""
        return day_start_ns(self.day)

    @property
    def end_ns(self) -> int:
        """Last nanosecond of the day."""
        return self.start_ns + DAY_NS - 1

    def signal_ticks(self, rows: pl.DataFrame, instrument_id: InstrumentId) -> list[SignalTick]:
        """Signals as events."""
        return [SignalTick(row, instrument_id) for row in rows.iter_rows(named=True)]


@dataclass(frozen=True, slots=True)
class InputReader:
    """Reads days of a listing.

    Attributes:
        lake: The data folder.
        listing: Market and symbol.
        parameters: Of the signals that the strategy gets; None: it gets none.
        feeds: What else it gets.
        late_ns: From an event at the exchange until the strategy sees it.
    """

    lake: Lake
    listing: Listing
    parameters: SignalParameters | None
    feeds: frozenset[Feed] = frozenset()
    late_ns: int = 0

    @property
    def _manifest(self) -> Manifest:
        return Manifest(self.lake)

    def why_missing(self, day: date) -> str | None:
        """Why a day can't be replayed, or None if it can."""
        required = [one.product for one in BACKTEST.inputs if one.is_required]
        wanted = [one.asset(self.listing) for one in required if self.parameters or one is not SIGNALS]
        wanted += [catalog_asset(INDEX_PRICE_KLINES, self.listing)] if day == self.listing.delivery else []
        for asset, entry in self._entries(wanted, day).items():
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
        versions = self.versions(day)
        without = self._lacking(day)
        signals = self._signals(day)
        prices = self._minute_prices(day)
        marks = self._marks(day)
        gaps = gaps_of(prices["minute_ns"].sort(), day_start_ns(day))
        return DayInputs(
            day=day,
            signals=with_blocked_entries(signals, gaps),
            trades=self._ticks(AGG_TRADES, day, NautilusDataType.TradeTick),
            quotes=self._ticks(BOOK_TICKER, day, NautilusDataType.QuoteTick) if self._has(BOOK_TICKER, day) else None,
            funding=self._funding(day, marks, prices),
            marks=marks,
            prices=prices,
            versions=versions,
            without=(*without, *_signal_gaps(signals)),
            gaps=gaps,
            depth=self.depth(day),
            delivery=self._delivery(day),
            others=FeedReader(self.lake, self.listing, self.feeds, self.late_ns).events(day),
            brackets=brackets_on(self.listing, day),
        )

    def with_its_signals(self, read: DayInputs) -> DayInputs:
        """A day that was read with other parameters of signals, with these."""
        signals = self._signals(read.day)
        return replace(
            read,
            signals=with_blocked_entries(signals, read.gaps),
            versions=self.versions(read.day),
            without=(*self._lacking(read.day), *_signal_gaps(signals)),
        )

    def versions(self, day: date) -> dict[str, str]:
        """Data versions of all that a run reads of a day, or would read if it were there, by `asset@day`."""
        found = self._entries(self._assets(), day)
        versions = {f"{asset}@{day}": entry.data_version for asset, entry in found.items() if entry is not None}
        days = SignalDays(self.lake, self.listing, self.parameters) if self.parameters else None
        if days and days.asset(SIGNALS) + f"@{day}" in versions and not self._are_published(days, day):
            # With parameters of its own a run computes its signals, from what they are always computed from.
            sources = sources_of(self._manifest, SIGNALS, self.listing, day)
            versions |= {name if "@" in name else f"{name}@{day}": version for name, version in sources.items()}
        return dict(sorted(versions.items()))

    def _lacking(self, day: date) -> list[str]:
        # Without the day's instrument a run has the constants of its table.
        wanted = [asset for asset in self._assets() if asset != INSTRUMENT.asset(self.listing)]
        entries = self._entries(wanted, day)
        return [
            f"{asset.rsplit('/', 1)[-1]} ({entry.reason if entry else 'never materialized'})"
            for asset, entry in entries.items()
            if entry is None or not entry.published
        ]

    def _entries(self, assets: Sequence[str], day: date) -> dict[str, Entry | None]:
        keys = {asset: Key(asset, day.isoformat()) for asset in assets}
        found = self._manifest.find_many(keys.values())
        return {asset: found.get(key) for asset, key in keys.items()}

    def _assets(self) -> list[str]:
        inputs = [one.product for one in BACKTEST.inputs_on(self.listing.market)]
        assets = [product.asset(self.listing) for product in inputs if self.parameters or product is not SIGNALS]
        asked = [FEED_DATASETS[feed] for feed in Feed if feed in self.feeds]
        asked += [INDEX_PRICE_KLINES] if self.listing.delivery is not None else []
        assets += [catalog_asset(one, self.listing) for one in asked if self.listing.market in one.columns]
        return list(dict.fromkeys(assets))

    def _has(self, dataset: Dataset, day: date) -> bool:
        entry = self._manifest.find(catalog_asset(dataset, self.listing), day)
        return entry is not None and entry.published

    def _ticks(self, dataset: Dataset, day: date, kind: NautilusDataType) -> TickFile:
        return TickFile.at(verified_file(self.lake, catalog_asset(dataset, self.listing), day), kind)

    def _signals(self, day: date) -> pl.DataFrame:
        """Published signals where they were made with these parameters, computed ones otherwise; none if not asked."""
        if self.parameters is None:
            return pl.DataFrame(schema=dict.fromkeys(SIGNAL_COLUMNS, pl.Float64) | {"ts_init": pl.Int64})
        days = SignalDays(self.lake, self.listing, self.parameters)
        if self._are_published(days, day):
            return read_day(self.lake, days.asset(SIGNALS), day)
        return days.signals(day)

    def _are_published(self, days: SignalDays, day: date) -> bool:
        entry = self._manifest.find(days.asset(SIGNALS), day)
        return entry is not None and entry.facts.get("parameters") == days.parameters_digest()

    def _minute_prices(self, day: date) -> pl.DataFrame:
        trades = read_day(self.lake, catalog_asset(AGG_TRADES, self.listing), day, ("ts_init", "price", "size"))
        ends = (pl.col("ts_init").cast(pl.Int64) // _MINUTE + 1) * _MINUTE - 1
        return trades.group_by(ends.alias("minute_ns"), maintain_order=True).agg(
            pl.col("price").first().alias("open"), pl.col("price").last(), pl.col("size").sum().alias("volume")
        )

    def depth(self, day: date) -> Snapshots | None:
        """Snapshots of the book around its mid, or None."""
        if not self._has(BOOK_DEPTH, day):
            return None
        columns = ("ts_init", Role.BAND_EDGE, Role.BAND_SIZE)
        frame = read_by_role(self.lake, BOOK_DEPTH, self.listing, day, columns)
        return Snapshots(frame.select(pl.col("ts_init").cast(pl.Int64).alias("ts"), *columns[1:]))

    def _marks(self, day: date) -> tuple[Mark, ...]:
        if not self._has(MARK_PRICE_KLINES, day):
            return ()
        columns = ("ts_init", "value", Role.LOW, Role.HIGH, Role.OPEN)
        frame = read_by_role(self.lake, MARK_PRICE_KLINES, self.listing, day, columns)
        return tuple(Mark(int(ts), *prices) for ts, *prices in frame.iter_rows())

    def _delivery(self, day: date) -> Delivery | None:
        """The contract's end at the average of the index of its last minutes, each as it closed."""
        end = delivery_of(self.listing)
        if end is None or day != self.listing.delivery:
            return None
        asset = catalog_asset(INDEX_PRICE_KLINES, self.listing)
        minutes = read_day(self.lake, asset, day, ("ts_init", "close"))
        ended = pl.col("ts_init").cast(pl.Int64)
        closes = minutes.filter((ended > end.since_ns) & (ended <= end.ts))["close"].to_list()
        if len(closes) < end.minutes:
            raise InputMissing(
                f"{asset} of {day} has {len(closes)} of the {end.minutes} minutes by which {self.listing} is "
                "delivered: leave that day out, or bring the index of that hour."
            )
        return Delivery(end.ts, rounded(sum(closes, Decimal(0)) / len(closes)))

    def _funding(self, day: date, marks: Sequence[Mark], prices: pl.DataFrame) -> tuple[FundingTime, ...]:
        if not self._has(FUNDING_RATE, day):
            return ()
        frame = read_by_role(self.lake, FUNDING_RATE, self.listing, day, ("ts_init", Role.FUNDING_RATE))
        minutes = [(mark.ts, mark.open, mark.close) for mark in marks]
        minutes = minutes or list(prices.select("minute_ns", "open", "price").iter_rows())
        known = [(ts, close) for ts, _, close in minutes]
        if minutes:  # at midnight no minute of the day is over: what counts is the price with which it begins
            known.insert(0, (day_start_ns(day), minutes[0][1] or minutes[0][2]))
        times = []
        for ts, rate in frame.iter_rows():
            price = next((price for at, price in reversed(known) if at <= ts), None)
            if price is not None:
                times.append(FundingTime(int(ts), rate, Decimal(price)))
        return tuple(times)


def _signal_gaps(signals: pl.DataFrame) -> list[str]:
    """What some of these very signals lack, whatever parameters they were made with."""
    names = {"oi_z": "open interest", "ldr": "depth"}
    counts = {what: signals[column].null_count() for column, what in names.items()}
    return [f"{what} at {count} of {signals.height} signals" for what, count in counts.items() if count]
