"""What a strategy may subscribe to besides ticks and signals, of one day, as NautilusTrader's own objects.

Bars, mark prices and funding rates are NautilusTrader's types; depth and open interest are custom data of
`catalog.schemas`. Each is known at its `ts_init`, a bar at its close.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import Bar, BarType, FundingRateUpdate, MarkPriceUpdate
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from phoenix_core.catalog.schemas import DepthBand, OpenInterest
from phoenix_core.catalog.store import catalog_asset, read_day
from phoenix_core.columns import Role
from phoenix_core.datasets import BOOK_DEPTH, FUNDING_RATE, KLINES, MARK_PRICE_KLINES, METRICS, Dataset
from phoenix_core.instruments.specification import ARCHIVE_DECIMALS, Specification
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.storage import Lake
from phoenix_core.strategies.contract import Feed

FEED_DATASETS: Mapping[Feed, Dataset] = {
    Feed.BARS: KLINES,
    Feed.MARK_PRICES: MARK_PRICE_KLINES,
    Feed.FUNDING: FUNDING_RATE,
    Feed.DEPTH: BOOK_DEPTH,
    Feed.OPEN_INTEREST: METRICS,
}


@dataclass(frozen=True, slots=True)
class FeedReader:
    """Reads the feeds of a listing.

    Attributes:
        lake: The data folder.
        listing: Market and symbol.
        feeds: Which ones.
        late_ns: From an event at the exchange until the strategy sees it.
    """

    lake: Lake
    listing: Listing
    feeds: frozenset[Feed]
    late_ns: int = 0

    def events(self, day: date) -> tuple[Data, ...]:
        """All events of a day that are published, feed by feed, each in time order.

        Raises:
            CatalogCorrupt: A file is not what was published.
        """
        return tuple(event for feed in Feed if feed in self.feeds for event in self._events(feed, day))

    def _events(self, feed: Feed, day: date) -> Iterable[Data]:
        dataset = FEED_DATASETS[feed]
        if self.listing.market not in dataset.columns:
            return ()
        asset = catalog_asset(dataset, self.listing)
        entry = Manifest(self.lake).find(asset, day)
        if entry is None or not entry.published:
            return ()
        rows = read_day(self.lake, asset, day).with_columns(
            pl.col("ts_event").cast(pl.Int64), pl.col("ts_init").cast(pl.Int64) + self.late_ns
        )
        return _MAKERS[feed](rows, specification(self.listing, day))


def _bars(rows: pl.DataFrame, spec: Specification) -> Iterable[Data]:
    kind = BarType.from_str(f"{spec.instrument_id}-1-MINUTE-LAST-EXTERNAL")
    columns = ("open", "high", "low", "close", "volume", "ts_event", "ts_init")
    for *prices, volume, ts_event, ts_init in rows.select(columns).iter_rows():
        exact = (Price(price, spec.price_precision) for price in prices)
        yield Bar(kind, *exact, Quantity(volume, spec.size_precision), ts_event, ts_init)


def _mark_prices(rows: pl.DataFrame, spec: Specification) -> Iterable[Data]:
    traded = InstrumentId.from_str(spec.instrument_id)
    for value, ts_event, ts_init in rows.select("value", "ts_event", "ts_init").iter_rows():
        yield MarkPriceUpdate(traded, Price(value, ARCHIVE_DECIMALS), ts_event, ts_init)


def _funding(rows: pl.DataFrame, spec: Specification) -> Iterable[Data]:
    traded = InstrumentId.from_str(spec.instrument_id)
    columns = (FUNDING_RATE.column(Role.FUNDING_RATE).name, "interval", "ts_event", "ts_init")
    for rate, minutes, ts_event, ts_init in rows.select(columns).iter_rows():
        yield FundingRateUpdate(traded, rate, ts_event, ts_init, interval=minutes)


def _depth(rows: pl.DataFrame, spec: Specification) -> Iterable[Data]:
    del spec
    return DepthBand.from_arrow(rows.to_arrow())


def _open_interest(rows: pl.DataFrame, spec: Specification) -> Iterable[Data]:
    del spec
    return OpenInterest.from_arrow(rows.to_arrow())


_MAKERS: Mapping[Feed, Callable[[pl.DataFrame, Specification], Iterable[Data]]] = {
    Feed.BARS: _bars,
    Feed.MARK_PRICES: _mark_prices,
    Feed.FUNDING: _funding,
    Feed.DEPTH: _depth,
    Feed.OPEN_INTEREST: _open_interest,
}
