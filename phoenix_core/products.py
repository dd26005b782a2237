"""★ The products: one entry for each thing that Phoenix makes, and nothing else says what is made from what.

An entry holds a product's name, stage, inputs with their look-back, partitions, code, checks and words.
Raw and catalog products follow from the registry of datasets. Asset keys, groups and dependencies, what
entries record as sources, what follows by itself, what the look-ahead guard takes away and
`docs/datasets.md` are made from it. How a product is computed stands in the package of its stage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    BOOK_TICKER,
    FUNDING_RATE,
    INDEX_PRICE_KLINES,
    KLINES,
    MARK_PRICE_KLINES,
    METRICS,
    PREMIUM_INDEX_KLINES,
    TRADES,
    Dataset,
    datasets_on,
)
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Interval, Listing, Market
from phoenix_core.rules import COMPARISONS, Rule, rules_of

_EVERYWHERE = tuple(Market)


class Stage(StrEnum):
    """How far from the archive, in the order in which data moves; each is a group of assets."""

    RAW = "raw"
    CATALOG = "catalog"
    SIGNALS = "signals"
    BACKTEST = "backtest"


class Partitions(StrEnum):
    """What one result of a product covers."""

    DAILY = "daily"
    RANGE = "range"  # any days that were asked for, in one piece


@dataclass(frozen=True, slots=True)
class Input:
    """What a product reads of another.

    Attributes:
        product: What is read: the same day, or the same range.
        days_back: Days before its own that are read, too.
        is_required: Without it there is nothing to make: where it is knowingly absent, so is the product.
    """

    product: "Product"
    days_back: int = 0
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that is made of every listing.

    Attributes:
        name: Last part of the asset key.
        stage: Its stage, and so its group.
        description: One or two sentences for people.
        code: Functions and classes that make it, as `module:name` in `phoenix_core`; its recipe begins there. Without
            a factory of its own in `phoenix_dagster/assets`, the first is called with data folder, listing and day.
        columns: Where its columns are defined, likewise; the columns of raw files stand in their dataset.
        inputs: What it is made from.
        spot_inputs: Products of the same pair on spot that it reads where they are there; nothing waits for them.
        partitions: What one result covers.
        markets: Where it is made.
        checks: What is asked of each result.
        kinds: Tags in the UI.
        dataset: The dataset whose days it holds, for raw and catalog days.
        has_variants: A partition has one result for each experiment.
    """

    name: str
    stage: Stage
    description: str
    code: tuple[str, ...]
    columns: str = ""
    inputs: tuple[Input, ...] = ()
    spot_inputs: tuple["Product", ...] = ()
    partitions: Partitions = Partitions.DAILY
    markets: tuple[Market, ...] = _EVERYWHERE
    checks: tuple[Rule, ...] = ()
    kinds: frozenset[str] = frozenset({"parquet", "polars"})
    dataset: Dataset | None = None
    has_variants: bool = False

    def __post_init__(self) -> None:
        problems = []
        if not self.code:
            problems.append("no code makes it, so it has no recipe")
        problems += [
            f"it looks back on {one.product.name}, which is not daily"
            for one in self.inputs
            if one.days_back and one.product.partitions is not Partitions.DAILY
        ]
        problems += [
            f"its required {one.product.name} is not made on {market.value}"
            for one in self.inputs
            for market in self.markets
            if one.is_required and market not in one.product.markets
        ]
        if problems:
            raise ConfigInvalid(f"Product {self.name!r} contradicts itself: {'; '.join(problems)}.")

    def asset(self, listing: Listing) -> str:
        """Full name of its asset, by which entries are found."""
        return asset_name(listing, self.name)

    def file(self, listing: Listing, day: str, suffix: str = "parquet") -> str:
        """Where a day lies below the data folder, for products that are neither raw nor in NautilusTrader's layout."""
        return f"{self.stage.value}/{listing.path}/{self.name}/{day}.{suffix}"

    def inputs_on(self, market: Market) -> tuple[Input, ...]:
        """What it is made from on a market."""
        return tuple(one for one in self.inputs if market in one.product.markets)

    def spot_assets(self, listing: Listing) -> tuple[str, ...]:
        """Full names of what it reads of the same pair on spot."""
        return tuple(product.asset(listing.on_spot) for product in self.spot_inputs if listing.on_spot)

    def days_back(self, name: str) -> int:
        """How many days before its own it reads of an input.

        Raises:
            ConfigInvalid: It reads nothing of that name.
        """
        for one in self.inputs:
            if one.product.name == name:
                return one.days_back
        raise ConfigInvalid(f"{self.name} is not made from {name!r}: expected one of its inputs in products.py.")

    @property
    def reaches_out(self) -> bool:
        """Whether it reads more than its own listing's same day."""
        return bool(self.spot_inputs) or any(one.days_back for one in self.inputs)

    def reads(self, market: Market) -> Mapping[str, tuple[int, bool]]:
        """Its inputs as values, for the recipe: look-back, and whether it is absent without them."""
        ours = {one.product.name: (one.days_back, one.is_required) for one in self.inputs_on(market)}
        spot = self.spot_inputs if market is Market.UM else ()
        return ours | {f"{Market.SPOT.value}/{product.name}": (0, False) for product in spot}

    def datasets(self, market: Market) -> tuple[Dataset, ...]:
        """Datasets whose days it holds or is made from in turn, each once."""
        products = (self, *(one.product for one in self.upstream(market)))
        return tuple({one.dataset.name: one.dataset for one in products if one.dataset is not None}.values())

    def upstream(self, market: Market, days_back: int = 0) -> Iterator[Input]:
        """All that it is made from in turn; a product comes once for each way, with the look-back of that way."""
        for one in self.inputs_on(market):
            back = days_back + one.days_back
            yield Input(one.product, back, one.is_required)
            yield from one.product.upstream(market, back)


def asset_name(listing: Listing, name: str) -> str:
    """Full name of an asset: the one place that puts it together.

    >>> asset_name(Listing.parse("um:BTCUSDT"), "agg_trades")
    'um/btcusdt/agg_trades'
    """
    return f"{listing.path}/{name}"


def raw_product(dataset: Dataset) -> Product:
    """Days of a dataset as its publisher has them."""
    return Product(
        name=dataset.name,
        stage=Stage.RAW,
        description=f"{dataset.description} The published zip, verified. Columns: {dataset.source}",
        code=("sources.binance.keys:key_of_day",),
        markets=dataset.markets,
        checks=(
            Rule("published", "The archive has a file for the day."),
            Rule("checksum", "The file's SHA-256 is the published one."),
            Rule("copies_agree", "Other files that are here and hold the day, perhaps its month's, say the same."),
        ),
        kinds=frozenset({"zip"}),
        dataset=dataset,
    )


def catalog_product(dataset: Dataset) -> Product:
    """Days of a dataset as NautilusTrader reads them."""
    return Product(
        name=dataset.catalog_name,
        stage=Stage.CATALOG,
        description=f"{dataset.description} Exact, as NautilusTrader's `{dataset.catalog_type.value}`.",
        code=("catalog.store:convert_day",),  # and the converter of its type, which the recipe adds
        columns="catalog.convert:CONVERTERS",
        inputs=(Input(raw_product(dataset), is_required=True),),
        markets=dataset.markets,
        checks=(
            Rule("accounted", "Rows read are rows kept, dropped or of other days.", blocks=True),
            Rule("clean", "No row was dropped or repaired."),
            *rules_of(dataset),
        ),
        kinds=frozenset({"parquet", "nautilus"}),
        dataset=dataset,
    )


def _of(dataset: Dataset, days_back: int = 0, *, is_required: bool = False) -> Input:
    return Input(catalog_product(dataset), days_back, is_required)


INSTRUMENT = Product(
    name="instrument",
    stage=Stage.CATALOG,
    description="Precision, increments, margins and fees; inferred from the day's trades where not listed.",
    code=("catalog.store:record_instrument",),
    columns="catalog.instruments:instrument_table",
    inputs=(_of(AGG_TRADES),),
    kinds=frozenset({"parquet", "nautilus"}),
)

CONSISTENCY = Product(
    name="consistency",
    stage=Stage.CATALOG,
    description="Whether klines, trades, marks, quotes, index and premium of a day tell one story, each within a "
    "stated tolerance.",
    code=("catalog.consistency:compare_day",),
    columns="catalog.quality:Finding",
    inputs=(
        _of(AGG_TRADES),
        _of(TRADES),
        _of(KLINES),
        _of(MARK_PRICE_KLINES),
        _of(BOOK_TICKER),
        _of(INDEX_PRICE_KLINES),
        _of(PREMIUM_INDEX_KLINES),
    ),
    spot_inputs=(catalog_product(KLINES),),
    checks=COMPARISONS,
    kinds=frozenset({"polars"}),
)

QUOTE_HULL = Product(
    name="quote_hull",
    stage=Stage.CATALOG,
    description="How often the best quotes lay outside the hull of the trades around, on which intervals rest where "
    "quotes are missing. Only days that have both.",
    code=("intervals.calibration:calibrate_day",),
    columns="intervals.interval:Calibration",
    inputs=(_of(AGG_TRADES, is_required=True), _of(BOOK_TICKER, is_required=True), Input(INSTRUMENT)),
    markets=(Market.UM, Market.CM),
    kinds=frozenset({"polars"}),
)

VOLUME_BUCKETS = Product(
    name="volume_buckets",
    stage=Stage.SIGNALS,
    description="Aggressive flow cut into buckets of equal notional, restarting at 00:00 UTC.",
    code=("signals.days:SignalDays",),
    columns="signals.volume_buckets:SCHEMA",
    inputs=(_of(AGG_TRADES, is_required=True),),
)

SIGNALS = Product(
    name="signals",
    stage=Stage.SIGNALS,
    description="Liquidation pressure, its parts, crowding and volatility when each bucket closes. Reads "
    "yesterday's buckets, trades and depth, and 30 days of open interest; what is not there is made first.",
    code=("signals.days:SignalDays",),
    columns="signals.table:SIGNAL_COLUMNS",
    # A trader's memory at midnight: the volatility's window is a day at most, that of open interest 30 days.
    inputs=(
        Input(VOLUME_BUCKETS, days_back=1, is_required=True),
        _of(AGG_TRADES, days_back=1),
        _of(BOOK_DEPTH, days_back=1),
        _of(METRICS, days_back=30),
    ),
    checks=(
        Rule("complete", "Every signal knew open interest and depth, and no earlier day was left out."),
        Rule("up_to_date", "This day, and those that look back on it, were made from the bytes that are here now."),
    ),
)

_EXPERIMENT_INPUTS = (
    _of(AGG_TRADES, is_required=True),
    Input(SIGNALS, is_required=True),
    Input(INSTRUMENT),
    _of(BOOK_TICKER),
    _of(MARK_PRICE_KLINES),
    _of(FUNDING_RATE),
    _of(BOOK_DEPTH),
)
# Whichever replay makes a result, it is the same: its recipe names both.
_EXPERIMENT_CODE = ("backtest.run:run", "backtest.arrays.batch:run_arrays", "backtest.publish:publish")
_EXPERIMENT_CHECKS = (
    Rule("ledger", "The parts of the PnL add up to the account.", blocks=True),
    Rule("solvent", "The account was always worth something."),
    Rule("inputs", "No day is missing, and no input of a day."),
    Rule("capacity", "In no minute the orders got more than `largest_share` of what was traded."),
)

BACKTEST = Product(
    name="backtest",
    stage=Stage.BACKTEST,
    description="A strategy on one day, from flat to flat. *Plots* draws each figure over days.",
    code=_EXPERIMENT_CODE,
    columns="report.result:PublishedResult",
    inputs=_EXPERIMENT_INPUTS,
    checks=_EXPERIMENT_CHECKS,
    kinds=frozenset({"nautilus", "parquet"}),
    has_variants=True,
)

CONTINUOUS_BACKTEST = Product(
    name="continuous_backtest",
    stage=Stage.BACKTEST,
    description="A strategy over a range of days in one go; days that are missing are named.",
    code=_EXPERIMENT_CODE,
    columns="report.result:PublishedResult",
    inputs=_EXPERIMENT_INPUTS,
    partitions=Partitions.RANGE,
    checks=_EXPERIMENT_CHECKS,
    kinds=frozenset({"nautilus", "parquet"}),
    has_variants=True,
)

REPORT = Product(
    name="report",
    stage=Stage.BACKTEST,
    description="Equity, fills, drawdown, costs, assumptions and inputs of the last continuous backtest.",
    code=("report.folder:page_of",),
    inputs=(Input(CONTINUOUS_BACKTEST, is_required=True),),
    partitions=Partitions.RANGE,
    kinds=frozenset({"html", "plotly"}),
    has_variants=True,
)

# What is made from the days of datasets; raw and catalog days themselves follow from the registry.
DERIVED: tuple[Product, ...] = (
    INSTRUMENT,
    CONSISTENCY,
    QUOTE_HULL,
    VOLUME_BUCKETS,
    SIGNALS,
    BACKTEST,
    CONTINUOUS_BACKTEST,
    REPORT,
)


def products_on(market: Market, intervals: Iterable[Interval] = ()) -> tuple[Product, ...]:
    """All that is made on a market, each after its inputs; with klines at further intervals, see `datasets_on`."""
    datasets = datasets_on(market, intervals)
    return (
        *map(raw_product, datasets),
        *map(catalog_product, datasets),
        *(product for product in DERIVED if market in product.markets),
    )
