"""Every entry of the registry is served at every stage."""

from dataclasses import replace
from datetime import date

import pytest

from phoenix_core.catalog.convert import CONVERTERS
from phoenix_core.columns import PRICE, Role
from phoenix_core.datasets import (
    AGG_TRADES,
    BOOK_TICKER,
    DATASETS,
    KLINES,
    MARK_PRICE_KLINES,
    METRICS,
    TRADES,
    CatalogType,
    LabelledBy,
    availability_of,
    dataset_in_folder,
    dataset_named,
)
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Interval, Listing, Market
from phoenix_core.sources.binance.keys import key_from_path, key_of_day

PAIRS = [(dataset, market) for dataset in DATASETS for market in dataset.markets]


def test_names_are_unique():
    """No two entries share a raw name, a catalog name or a folder."""
    for names in ([d.name for d in DATASETS], [d.catalog_name for d in DATASETS], [d.folder for d in DATASETS]):
        assert len(set(names)) == len(names)


def test_every_catalog_type_has_a_converter():
    """The table of converters is total."""
    assert set(CONVERTERS) == set(CatalogType) == {dataset.catalog_type for dataset in DATASETS}


@pytest.mark.parametrize(("dataset", "market"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_every_entry_has_a_key_that_reads_back(dataset, market):
    """The path of a day gives the same key again, and the key the same dataset."""
    key = key_of_day(dataset, Listing(market, "BTCUSDT"), date(2024, 3, 30))
    assert key_from_path(key.path) == key
    assert dataset_in_folder(key.folder, key.interval).name == dataset.name


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_every_entry_names_its_source(dataset):
    """An entry says where its columns are documented, and what it is."""
    assert dataset.source.startswith("https://")
    assert dataset.description.endswith(".")


def test_klines_come_at_any_interval():
    """klines_5m is found, and names its own bars."""
    assert dataset_named("klines_5m").interval is Interval.M5
    assert dataset_named("klines_5m").catalog_name == "bars_5m"


def test_an_unknown_dataset_is_refused():
    """The error lists what there is."""
    with pytest.raises(ConfigInvalid, match="agg_trades"):
        dataset_named("liquidations")


def test_an_entry_that_contradicts_itself_is_refused():
    """An order column that no market has is found at import."""
    with pytest.raises(ConfigInvalid, match="price is not a column on um"):
        replace(BOOK_TICKER, order=(PRICE,))


def test_a_role_that_two_columns_play_is_refused():
    """Whoever asks for the bid would get one of them by chance."""
    columns = {Market.UM: (*BOOK_TICKER.columns[Market.UM], replace(PRICE, role=Role.BID_PRICE))}
    with pytest.raises(ConfigInvalid, match="best_bid_price and price are each its bid_price"):
        replace(BOOK_TICKER, columns=columns)


def test_a_role_is_found_whatever_the_publisher_calls_it():
    """Sizes of single trades are called qty, those of aggregates quantity."""
    assert [dataset.column(Role.SIZE).name for dataset in (TRADES, AGG_TRADES)] == ["qty", "quantity"]
    with pytest.raises(ConfigInvalid, match="No column of metrics is its size"):
        METRICS.column(Role.SIZE)


def test_the_catalog_keeps_what_nautilus_trader_has_no_column_for():
    """A kline's close is its event, so that it keeps the open time; a mark's volumes and a symbol say nothing."""
    assert [one.name for one in METRICS.kept(Market.UM)][:2] == ["sum_open_interest", "sum_open_interest_value"]
    assert (KLINES.event.name, TRADES.event.name) == ("close_time", "time")
    values = (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE, Role.VOLUME)
    assert [one.name for one in MARK_PRICE_KLINES.kept(Market.UM, values)] == ["open_time", "count"]


def test_book_ticker_was_available_for_320_days():
    """Um book_ticker was published from 2023-05-16 to 2024-03-30."""
    available = availability_of(BOOK_TICKER, Listing.parse("um:BTCUSDT"))
    assert (available.last - available.first).days + 1 == 320
    assert available.excludes(date(2024, 3, 31)) == "ended 2024-03-30"


def test_metrics_labels_changed_on_a_date():
    """Um labels named the end until 2026-06-24, cm labels always the start."""
    assert METRICS.label(Market.UM, date(2026, 6, 24)) is LabelledBy.END
    assert METRICS.label(Market.UM, date(2026, 6, 25)) is LabelledBy.START
    assert METRICS.label(Market.CM, date(2024, 1, 1)) is LabelledBy.START


def test_spot_aggregates_have_one_column_more():
    """Spot files end with is_best_match."""
    assert AGG_TRADES.columns[Market.SPOT][-1].name == "is_best_match"
