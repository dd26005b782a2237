"""The registry of products contradicts neither itself nor the code that it names."""

from dataclasses import replace
from importlib import import_module

import pytest

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, METRICS
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Interval, Listing, Market
from phoenix_core.products import (
    BACKTEST,
    CONTINUOUS_BACKTEST,
    DERIVED,
    REPORT,
    SIGNALS,
    VOLUME_BUCKETS,
    Input,
    Partitions,
    catalog_product,
    products_on,
    raw_product,
)
from phoenix_core.signals.parameters import SignalParameters

UM = Listing.parse("um:BTCUSDT")


@pytest.mark.parametrize("market", Market)
def test_each_product_comes_after_its_inputs(market):
    """Whoever goes through them in order finds all that a product reads made before; names are unique."""
    made = []
    for product in products_on(market, (Interval.M5,)):
        assert market in product.markets
        assert {one.product.name for one in product.inputs_on(market)} <= set(made), product.name
        made.append(product.name)
    assert len(made) == len(set(made))
    assert {"klines_5m", "bars_5m"} <= set(made)


@pytest.mark.parametrize("product", [catalog_product(AGG_TRADES), *DERIVED], ids=lambda product: product.name)
def test_the_code_that_an_entry_names_is_there(product):
    """What makes it, and where its columns are defined."""
    for name in (*product.code, *filter(None, [product.columns])):
        module, _, defined = name.partition(":")
        assert hasattr(import_module(f"phoenix_core.{module}"), defined), name


@pytest.mark.parametrize("product", DERIVED, ids=lambda product: product.name)
def test_a_derived_product_is_on_every_market_that_it_names(product):
    """It is listed there, and has something to be made from."""
    for market in Market:
        assert (product in products_on(market)) == (market in product.markets)
    assert all(product.inputs_on(market) for market in product.markets)


def test_names_and_files_are_those_of_data_folders_that_exist():
    """They are found by these, so they never change."""
    assert raw_product(AGG_TRADES).asset(UM) == "um/btcusdt/agg_trades"
    assert catalog_product(AGG_TRADES).asset(UM) == "um/btcusdt/trade_ticks"
    assert SIGNALS.asset(UM) == "um/btcusdt/signals"
    assert VOLUME_BUCKETS.file(UM, "2024-03-30") == "signals/um/btcusdt/volume_buckets/2024-03-30.parquet"


def test_a_market_reads_what_it_has():
    """Spot has neither depth nor open interest, and looks back on its trades alone."""
    assert {one.product.name: one.days_back for one in SIGNALS.inputs_on(Market.UM)} == {
        "volume_buckets": 1, "trade_ticks": 1, "depth": 1, "open_interest": 30,
    }  # fmt: skip
    assert {one.product.name: one.days_back for one in SIGNALS.inputs_on(Market.SPOT)} == {
        "volume_buckets": 1, "trade_ticks": 1,
    }  # fmt: skip


def test_look_backs_add_up_along_the_way():
    """A backtest reads yesterday's trades, since yesterday's buckets are made from them, and 30 days of metrics."""
    found = {}
    for one in BACKTEST.upstream(Market.UM):
        found.setdefault(one.product.name, set()).add(one.days_back)
    assert found["signals"] == {0}
    assert found["trade_ticks"] == {0, 1}
    assert found["metrics"] == {30}
    assert found["quote_ticks"] == {0}


def test_datasets_of_a_product_are_all_that_it_rests_on():
    """Neither more nor less, each once."""
    names = sorted(dataset.name for dataset in REPORT.datasets(Market.UM))
    assert names == ["agg_trades", "book_depth", "book_ticker", "funding_rate", "mark_price_klines_1m", "metrics"]
    assert [dataset.name for dataset in VOLUME_BUCKETS.datasets(Market.SPOT)] == ["agg_trades"]
    assert raw_product(METRICS).datasets(Market.UM) == (METRICS,)


def test_signals_ask_for_no_more_open_interest_than_is_declared():
    """The bound of the window is the look-back: a longer one would read days that nobody brought."""
    assert SIGNALS.days_back("open_interest") == 30
    assert SignalParameters(oi_window_days=30).oi_window_days == 30
    with pytest.raises(ValueError, match="oi_window_days"):
        SignalParameters(oi_window_days=31)


def test_what_is_not_read_has_no_look_back():
    """A typo is no look-back of 0."""
    with pytest.raises(ConfigInvalid, match="signals is not made from 'quote_ticks'"):
        SIGNALS.days_back("quote_ticks")


def test_an_entry_that_contradicts_itself_fails_when_it_is_made():
    """And says in which way."""
    with pytest.raises(ConfigInvalid, match="no code makes it"):
        replace(SIGNALS, code=())
    with pytest.raises(ConfigInvalid, match="looks back on continuous_backtest, which is not daily"):
        replace(REPORT, inputs=(Input(CONTINUOUS_BACKTEST, days_back=1),))
    with pytest.raises(ConfigInvalid, match="required quote_ticks is not made on spot"):
        replace(VOLUME_BUCKETS, inputs=(Input(catalog_product(BOOK_TICKER), is_required=True),))


def test_the_recipe_sees_what_is_read():
    """Values for the recipe: look-back, and whether there is nothing to make without it."""
    assert SIGNALS.reads(Market.SPOT) == {"volume_buckets": (1, True), "trade_ticks": (1, False)}


def test_only_results_of_experiments_have_variants():
    """A day of anything else has one entry, and one run makes it anew."""
    assert {product.name for product in DERIVED if product.has_variants} == {
        "backtest",
        "continuous_backtest",
        "report",
    }
    assert {product.name for product in DERIVED if product.partitions is Partitions.RANGE} == {
        "continuous_backtest", "report",
    }  # fmt: skip
