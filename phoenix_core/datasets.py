"""★ The registry: one entry a dataset, and nothing else names a dataset.

An entry holds columns by role, path, publication, availability, identity and order of a dataset of
data.binance.vision, and what it becomes in the catalog. Raw assets, readers, checks and
`docs/datasets.md` are made from it. To add a dataset, add an entry and run the tests.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from phoenix_core import columns as c
from phoenix_core.columns import Column, Kind, Role
from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.availability import Availability
from phoenix_core.instruments.table import available
from phoenix_core.market import Interval, Listing, Market, month_of

README = "https://github.com/binance/binance-public-data"


class Published(StrEnum):
    """How often a file comes out that a daily partition draws on."""

    DAILY = "daily"
    MONTHLY = "monthly"


class CatalogType(StrEnum):
    """What rows become in the catalog; `catalog/convert.py` holds one function for each."""

    TRADE_TICK = "trade_tick"
    QUOTE_TICK = "quote_tick"
    BAR = "bar"
    MARK_PRICE = "mark_price_update"
    FUNDING_RATE = "funding_rate_update"
    OPEN_INTEREST = "custom_open_interest"
    DEPTH_BAND = "custom_depth_band"
    LIQUIDATION = "custom_liquidation"


class LabelledBy(StrEnum):
    """Which end of a period its label names."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of the archive.

    Attributes:
        name: Name of the raw asset.
        folder: The publisher's name, a folder of the archive.
        columns: Columns by market, in file order. Its keys are the markets where it exists.
        time: Column that says when a row happened.
        key: Columns that identify a row: all of them where only a row that says the same is the same.
        order: Columns that order the rows of a day as they happened; what they leave open stays as published.
        catalog_type: What its rows become in the catalog.
        catalog_name: Name of the catalog asset.
        source: Where its columns are documented.
        description: One sentence for people.
        published: How often a file comes out.
        has_months: Files of months are published beside those of days.
        interval: Length of a kline, for klines.
        by_pair: Markets where the files are those of the pair, not of the contract.
        feed: Suffix of the catalog's venue, for data that must not mix with the instrument's main feed.
        availability: Days of publication by market; where a symbol differs, its venue's file in `instruments` says so.
        labels: For rows that stand for a period: (from day, label) by market, in time order.
        period_ns: Length of that period.
        known_after_ns: How long after its time a row can first be known.
        max_ratio: Largest size of the CSV by that of its zip that is believed.
        max_bytes: Largest zip that is believed.
    """

    name: str
    folder: str
    columns: Mapping[Market, tuple[Column, ...]]
    time: Column
    key: tuple[Column, ...]
    order: tuple[Column, ...]
    catalog_type: CatalogType
    catalog_name: str
    source: str
    description: str
    published: Published = Published.DAILY
    has_months: bool = True
    interval: Interval | None = None
    by_pair: frozenset[Market] = frozenset()
    feed: str = ""
    availability: Mapping[Market, Availability] = field(default_factory=lambda: MappingProxyType({}))
    labels: Mapping[Market, tuple[tuple[date, LabelledBy], ...]] = field(default_factory=lambda: MappingProxyType({}))
    period_ns: int = 0
    known_after_ns: int = 0
    max_ratio: int = 200
    max_bytes: int = 8 << 30

    def __post_init__(self) -> None:
        problems = [
            f"{column.name} is not a column on {market.value}"
            for market, columns in self.columns.items()
            for column in {self.time, *self.key, *self.order}
            if column not in columns
        ]
        if self.time.kind not in {Kind.EPOCH, Kind.CLOCK}:
            problems.append(f"{self.time.name} is no time")
        if not re.fullmatch(r"[a-z0-9_]+", self.name):
            problems.append("an asset name has lower-case letters, digits and _")
        if self.labels and not self.period_ns:
            problems.append("labels name the ends of a period, so period_ns must say how long it is")
        problems += [
            f"{' and '.join(sorted(names))} are each its {role.value}"
            for role, names in self._names_by_role().items()
            if len(names) > 1
        ]
        if problems:
            raise ConfigInvalid(f"Registry entry {self.name!r} contradicts itself: {'; '.join(problems)}.")

    def _names_by_role(self) -> dict[Role, set[str]]:
        """Over all markets at once, so that whoever asks for a role need not name a market."""
        names: dict[Role, set[str]] = {}
        for column in (one for columns in self.columns.values() for one in columns):
            if column.role not in {None, Role.REDUNDANT}:
                names.setdefault(column.role, set()).add(column.name)
        return names

    @property
    def markets(self) -> tuple[Market, ...]:
        """Markets on which it is published."""
        return tuple(self.columns)

    def column(self, role: Role) -> Column:
        """The column that plays a role.

        Raises:
            ConfigInvalid: None does.
        """
        for columns in self.columns.values():
            for column in columns:
                if column.role is role:
                    return column
        raise ConfigInvalid(
            f"No column of {self.name} is its {role.value}: expected one with that role in its entry. Give a column "
            "of phoenix_core/columns.py the role, or ask for one that the dataset has."
        )

    @property
    def event(self) -> Column:
        """The column that becomes `ts_event`: the time; of a kline the close, before which it is not there."""
        closes = (one for columns in self.columns.values() for one in columns if one.role is Role.CLOSE_TIME)
        return next(closes, self.time)

    def kept(self, market: Market, taken: Collection[Role] = ()) -> tuple[Column, ...]:
        """Columns that the catalog keeps as published, in file order.

        Args:
            market: Which market's files.
            taken: Roles that NautilusTrader has columns for.
        """
        left_out = {Role.REDUNDANT, *taken}
        return tuple(one for one in self.columns[market] if one is not self.event and one.role not in left_out)

    def label(self, market: Market, day: date) -> LabelledBy:
        """Which end of its period a label names, on a day."""
        found = LabelledBy.END
        for since, label in self.labels.get(market, ()):
            if since <= day:
                found = label
        return found

    def published_listing(self, listing: Listing) -> Listing:
        """Under which symbol the archive has it: the pair's (BTCUSD of BTCUSD_PERP) where that is the rule."""
        if listing.market not in self.by_pair:
            return listing
        return Listing(listing.market, listing.symbol.partition("_")[0])

    def period_of(self, day: date) -> tuple[date, date]:
        """First and last day of the file that holds a day."""
        if self.published is Published.DAILY:
            return day, day
        return month_of(day)


def _on(markets: str, *columns: Column) -> Mapping[Market, tuple[Column, ...]]:
    return MappingProxyType({Market(market): columns for market in markets.split()})


def _available(**by_market: Availability) -> Mapping[Market, Availability]:
    return MappingProxyType({Market(market): days for market, days in by_market.items()})


_KLINE_TAIL = (
    c.VOLUME,
    c.CLOSE_TIME,
    c.QUOTE_VOLUME,
    c.COUNT,
    c.TAKER_BUY_VOLUME,
    c.TAKER_BUY_QUOTE_VOLUME,
    c.IGNORE,
)
_KLINE = (c.OPEN_TIME, c.OPEN, c.HIGH, c.LOW, c.CLOSE, *_KLINE_TAIL)
_MARK_TAIL = (
    c.VOLUME,
    c.CLOSE_TIME,
    c.NO_QUOTE_VOLUME,
    c.COUNT,
    c.NO_TAKER_BUY_VOLUME,
    c.NO_TAKER_BUY_QUOTE_VOLUME,
    c.IGNORE,
)
_MARK = (c.OPEN_TIME, c.OPEN, c.HIGH, c.LOW, c.CLOSE, *_MARK_TAIL)
_PREMIUM = (c.OPEN_TIME, c.PREMIUM_OPEN, c.PREMIUM_HIGH, c.PREMIUM_LOW, c.PREMIUM_CLOSE, *_KLINE_TAIL)

AGG_TRADES = Dataset(
    name="agg_trades",
    folder="aggTrades",
    columns=MappingProxyType(
        {
            **_on(
                "um cm",
                c.AGG_TRADE_ID,
                c.PRICE,
                c.QUANTITY,
                c.FIRST_TRADE_ID,
                c.LAST_TRADE_ID,
                c.TRANSACT_TIME,
                c.IS_BUYER_MAKER,
            ),
            **_on(
                "spot",
                c.AGG_TRADE_ID,
                c.PRICE,
                c.QUANTITY,
                c.FIRST_TRADE_ID,
                c.LAST_TRADE_ID,
                c.TRANSACT_TIME,
                c.IS_BUYER_MAKER,
                c.IS_BEST_MATCH,
            ),
        }
    ),
    time=c.TRANSACT_TIME,
    key=(c.AGG_TRADE_ID,),
    order=(c.AGG_TRADE_ID,),
    catalog_type=CatalogType.TRADE_TICK,
    catalog_name="trade_ticks",
    source=f"{README}#aggtrades",
    description="All fills of one taker order at one price, as one trade.",
    availability=_available(um=Availability(first=date(2019, 12, 31))),
)

TRADES = Dataset(
    name="trades",
    folder="trades",
    columns=MappingProxyType(
        {
            **_on("um", c.TRADE_ID, c.PRICE, c.QTY, c.QUOTE_QTY, c.TIME, c.IS_BUYER_MAKER),
            **_on("cm", c.TRADE_ID, c.PRICE, c.QTY, c.BASE_QTY, c.TIME, c.IS_BUYER_MAKER),
            **_on("spot", c.TRADE_ID, c.PRICE, c.QTY, c.QUOTE_QTY, c.TIME, c.IS_BUYER_MAKER, c.IS_BEST_MATCH),
        }
    ),
    time=c.TIME,
    key=(c.TRADE_ID,),
    order=(c.TRADE_ID,),
    catalog_type=CatalogType.TRADE_TICK,
    catalog_name="individual_trades",
    feed="TRADES",
    source=f"{README}#trades",
    description="Every single trade.",
    availability=_available(um=Availability(first=date(2019, 9, 8))),
)

BOOK_TICKER = Dataset(
    name="book_ticker",
    folder="bookTicker",
    columns=_on(
        "um cm",
        c.UPDATE_ID,
        c.BEST_BID_PRICE,
        c.BEST_BID_QTY,
        c.BEST_ASK_PRICE,
        c.BEST_ASK_QTY,
        c.TRANSACTION_TIME,
        c.EVENT_TIME,
    ),
    time=c.TRANSACTION_TIME,
    key=(c.UPDATE_ID,),
    order=(c.UPDATE_ID,),
    catalog_type=CatalogType.QUOTE_TICK,
    catalog_name="quote_ticks",
    source=f"{README}/issues/372",
    description="Best bid and ask at each change of either.",
    # https://github.com/binance/binance-public-data/issues/334, /issues/380
    availability=_available(
        um=Availability(first=date(2023, 5, 16), last=date(2024, 3, 30)),
        cm=Availability(first=date(2023, 5, 16)),
    ),
)

METRICS = Dataset(
    name="metrics",
    folder="metrics",
    columns=_on(
        "um cm",
        c.CREATE_TIME,
        c.SYMBOL,
        c.SUM_OPEN_INTEREST,
        c.SUM_OPEN_INTEREST_VALUE,
        c.COUNT_TOPTRADER_RATIO,
        c.SUM_TOPTRADER_RATIO,
        c.COUNT_RATIO,
        c.TAKER_VOLUME_RATIO,
    ),
    time=c.CREATE_TIME,
    key=(c.CREATE_TIME,),
    order=(c.CREATE_TIME,),
    catalog_type=CatalogType.OPEN_INTEREST,
    catalog_name="open_interest",
    has_months=False,
    source="https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Open-Interest-Statistics",
    description="Open interest and long/short ratios, every five minutes.",
    # https://github.com/binance/binance-public-data/issues/491: labels moved from end to start.
    labels=MappingProxyType(
        {
            Market.UM: ((date(2020, 1, 1), LabelledBy.END), (date(2026, 6, 25), LabelledBy.START)),
            Market.CM: ((date(2020, 1, 1), LabelledBy.START),),
        }
    ),
    period_ns=Interval.M5.nanoseconds,
    availability=_available(um=Availability(first=date(2020, 9, 1))),
)

BOOK_DEPTH = Dataset(
    name="book_depth",
    folder="bookDepth",
    columns=_on("um cm", c.TIMESTAMP, c.PERCENTAGE, c.DEPTH, c.NOTIONAL),
    time=c.TIMESTAMP,
    key=(c.TIMESTAMP, c.PERCENTAGE),
    order=(c.TIMESTAMP, c.PERCENTAGE),
    catalog_type=CatalogType.DEPTH_BAND,
    catalog_name="depth",
    has_months=False,
    source=f"{README}/issues/447",
    description="Liquidity within bands around the mid, about every 30 seconds.",
    known_after_ns=1_000_000_000,  # the label is cut to whole seconds: the snapshot may be up to 1 s younger
    availability=_available(um=Availability(first=date(2023, 1, 1)), cm=Availability(first=date(2023, 1, 1))),
)

_LIQUIDATION = (
    c.LIQUIDATION_TIME,
    c.SIDE,
    c.ORDER_TYPE,
    c.TIME_IN_FORCE,
    c.ORIGINAL_QUANTITY,
    c.LIMIT_PRICE,
    c.AVERAGE_PRICE,
    c.ORDER_STATUS,
    c.LAST_FILL_QUANTITY,
    c.ACCUMULATED_FILL_QUANTITY,
)
LIQUIDATION_SNAPSHOT = Dataset(
    name="liquidation_snapshot",
    folder="liquidationSnapshot",
    columns=_on("um cm", *_LIQUIDATION),
    time=c.LIQUIDATION_TIME,
    # Nothing numbers an order, and files hold every row twice (https://github.com/binance/binance-public-data/issues/259).
    key=_LIQUIDATION,
    order=(c.LIQUIDATION_TIME,),
    catalog_type=CatalogType.LIQUIDATION,
    catalog_name="liquidations",
    has_months=False,
    source="https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Liquidation-Order-Streams",
    description="Liquidation orders, of those within a second the latest alone.",
    known_after_ns=1_000_000_000,  # the stream sends a second's latest order when the second is over
    # https://github.com/binance/binance-public-data/issues/337, /issues/361, /issues/380
    availability=_available(
        um=Availability(last=date(2024, 3, 31)), cm=Availability(first=date(2023, 6, 25), last=date(2024, 10, 14))
    ),
)

FUNDING_RATE = Dataset(
    name="funding_rate",
    folder="fundingRate",
    columns=_on("um cm", c.CALC_TIME, c.FUNDING_INTERVAL_HOURS, c.LAST_FUNDING_RATE),
    time=c.CALC_TIME,
    key=(c.CALC_TIME,),
    order=(c.CALC_TIME,),
    catalog_type=CatalogType.FUNDING_RATE,
    catalog_name="funding_updates",
    source="https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Get-Funding-Rate-History",
    description="Funding charged between longs and shorts, usually every eight hours.",
    published=Published.MONTHLY,
    availability=_available(um=Availability(first=date(2020, 1, 1))),
)


def _klines(  # noqa: PLR0913, PLR0917 - a table row of the kline families
    name: str,
    folder: str,
    markets: str,
    columns: tuple[Column, ...],
    catalog_type: CatalogType,
    catalog_name: str,
    description: str,
    feed: str = "",
) -> Dataset:
    return Dataset(
        name=f"{name}_{Interval.M1.value}",
        folder=folder,
        columns=_on(markets, *columns),
        time=c.OPEN_TIME,
        key=(c.OPEN_TIME,),
        order=(c.OPEN_TIME,),
        catalog_type=catalog_type,
        catalog_name=catalog_name,
        source=f"{README}#klines",
        description=description,
        interval=Interval.M1,
        period_ns=Interval.M1.nanoseconds,
        feed=feed,
        availability=_available(um=Availability(first=date(2019, 12, 31))),
    )


KLINES = _klines(
    "klines",
    "klines",
    "um cm spot",
    _KLINE,
    CatalogType.BAR,
    "bars_1m",
    "Open, high, low, close and volume of trades.",
)
MARK_PRICE_KLINES = _klines(
    "mark_price_klines",
    "markPriceKlines",
    "um cm",
    _MARK,
    CatalogType.MARK_PRICE,
    "mark_prices",
    "The mark price, by which positions are valued and liquidated.",
)
# An index belongs to a pair: https://github.com/binance/binance-public-data/issues/267
INDEX_PRICE_KLINES = replace(
    _klines(
        "index_price_klines",
        "indexPriceKlines",
        "um cm",
        _KLINE,
        CatalogType.BAR,
        "index_price_bars_1m",
        "The index of spot prices behind the mark price.",
        feed="INDEX",
    ),
    by_pair=frozenset({Market.CM}),
)
PREMIUM_INDEX_KLINES = _klines(
    "premium_index_klines",
    "premiumIndexKlines",
    "um cm",
    _PREMIUM,
    CatalogType.BAR,
    "premium_index_bars_1m",
    "Premium of the contract over its index, as a signed rate.",
    feed="PREMIUM",
)

DATASETS: tuple[Dataset, ...] = (
    AGG_TRADES,
    TRADES,
    BOOK_TICKER,
    METRICS,
    BOOK_DEPTH,
    LIQUIDATION_SNAPSHOT,
    KLINES,
    MARK_PRICE_KLINES,
    INDEX_PRICE_KLINES,
    PREMIUM_INDEX_KLINES,
    FUNDING_RATE,
)


def datasets_on(market: Market, intervals: Iterable[Interval] = ()) -> tuple[Dataset, ...]:
    """Datasets that exist on a market, with klines at further intervals beside those of a minute."""
    found = [dataset for dataset in DATASETS if market in dataset.columns]
    return (*found, *(with_interval(KLINES, interval) for interval in intervals if interval is not KLINES.interval))


def availability_of(dataset: Dataset, listing: Listing) -> Availability:
    """Days of publication of a dataset for a listing.

    No method, or what is known of symbols would be in the recipe of all that mentions a dataset.
    """
    return available(listing, dataset.name, dataset.availability.get(listing.market, Availability()))


def with_interval(dataset: Dataset, interval: Interval) -> Dataset:
    """Give the same klines at another length.

    Raises:
        ConfigInvalid: The dataset has no interval.
    """
    if dataset.interval is None:
        raise ConfigInvalid(f"{dataset.name} has no interval; only klines come in lengths.")
    old = dataset.interval.value
    return replace(
        dataset,
        name=dataset.name.removesuffix(old) + interval.value,
        catalog_name=dataset.catalog_name.removesuffix(old) + interval.value
        if dataset.catalog_name.endswith(old)
        else f"{dataset.catalog_name}_{interval.value}",
        interval=interval,
        period_ns=interval.nanoseconds,
    )


def dataset_named(name: str) -> Dataset:
    """Find a dataset by the name of its raw asset; klines at any interval.

    >>> dataset_named("klines_5m").interval
    <Interval.M5: '5m'>

    Raises:
        ConfigInvalid: No entry has that name.
    """
    for dataset in DATASETS:
        if dataset.name == name:
            return dataset
        if dataset.interval is not None:
            family = dataset.name.removesuffix(dataset.interval.value)
            length = name.removeprefix(family)
            if name.startswith(family) and length in set(Interval):
                return with_interval(dataset, Interval(length))
    raise ConfigInvalid(
        f"No dataset is called {name!r}: expected one of {', '.join(d.name for d in DATASETS)} "
        "(klines at any interval). Correct the name, or add an entry to phoenix_core/datasets.py."
    )


def dataset_in_folder(folder: str, interval: Interval | None) -> Dataset:
    """Find a dataset by the publisher's folder.

    Raises:
        ConfigInvalid: No entry has that folder.
    """
    for dataset in DATASETS:
        if dataset.folder == folder and (dataset.interval is None) == (interval is None):
            return dataset if interval is None else with_interval(dataset, interval)
    raise ConfigInvalid(f"No dataset has the folder {folder!r}: add an entry to phoenix_core/datasets.py.")
