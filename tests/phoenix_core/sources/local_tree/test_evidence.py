"""What names, folders, symbols and rows say together, on real rows."""

import pytest

from phoenix_core.datasets import DATASETS
from phoenix_core.market import Interval, Market
from phoenix_core.sources.local_tree.evidence import (
    EVERY,
    Candidate,
    admitted_by_folders,
    admitted_by_name,
    admitted_by_rows,
    admitted_by_symbol,
    interval_of_rows,
)
from phoenix_core.sources.local_tree.names import read_name

HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
UM_KLINE = (
    "1711756800000,69903.60,69933.00,69886.40,69924.80,71.424,1711756859999,4993486.29070,1660,42.502,2971357.61430,0"
)
MARK_KLINE = "1711756800000,69898.66336879,69928.05254255,69886.40000000,69919.09796809,0,1711756859999,0,60,0,0,0"
PREMIUM_KLINE = "1711756800000,-0.00071779,0.00079775,-0.00154619,0.00064535,0,1711756859999,0,12,0,0,0"
SPOT_KLINE = (
    "1577836800000,7195.24000000,7196.25000000,7183.14000000,7186.68000000,51.64281200,1577836859999,"
    "371233.51835535,493,19.59823000,140888.41428273,0"
)
UM_TRADE = "4816251001,69903.6,0.07,4893.252,1711756800014,true"
SPOT_TRADE = "3521693422,69850.53,0.00100,69.850530,1711756800000,True,True"


def names(candidates, market=None):
    return {one.dataset for one in candidates if market is None or one.market is market}


def markets(candidates):
    return {one.market for one in candidates}


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        (("spot_data", "daily"), {Market.SPOT}),
        (("future_data", "daily_data"), {Market.UM, Market.CM}),
        (("data", "futures", "um", "daily"), {Market.UM}),
        (("binance", "USD-M"), {Market.UM}),
        (("binance", "coin-m", "futures"), {Market.UM, Market.CM}),
        (("futures_project", "SpotData"), {Market.SPOT}),
        (("COINM",), {Market.CM}),
        (("umbrella", "cmake"), set(Market)),
    ],
)
def test_the_nearest_folder_that_names_a_market_decides(folders, found):
    """futures_project/SpotData is spot."""
    assert markets(admitted_by_folders(folders)) == found


def test_a_folder_names_its_dataset_by_the_longest_word():
    """`aggTrades` is not trades, markPriceKlines is not klines, and mark_price will do."""
    for dataset in DATASETS:
        assert names(admitted_by_folders(("x", dataset.folder, "BTCUSDT"))) == {dataset.name}
    assert names(admitted_by_folders(("mark_price", "BTCUSDT"))) == {"mark_price_klines_1m"}


def test_an_interval_in_the_name_means_klines():
    """BTCUSDT-1m could be any of the four kinds of klines."""
    assert names(admitted_by_name(read_name("BTCUSDT-1m-2024-03-30.csv"))) == {
        "klines_1m", "mark_price_klines_1m", "index_price_klines_1m", "premium_index_klines_1m",
    }  # fmt: skip


def test_a_market_in_the_name_counts_like_a_folders():
    """binance_um_BTCUSDT-1m is not of spot."""
    assert markets(admitted_by_name(read_name("binance_um_BTCUSDT-1m-2024-03-30.csv"))) == {Market.UM}


def test_symbols_of_contracts_name_their_market():
    """BTCUSD_PERP is coin-margined, BTCUSDT_240927 linear; the index of a pair is BTCUSD's."""
    assert markets(admitted_by_symbol("BTCUSD_PERP")) == {Market.CM}
    assert markets(admitted_by_symbol("BTCUSD_250328")) == {Market.CM}
    assert markets(admitted_by_symbol("BTCUSDT_240927")) == {Market.UM}
    assert markets(admitted_by_symbol("BTCUSDT")) == {Market.UM, Market.SPOT}
    assert names(admitted_by_symbol("BTCUSD"), Market.CM) == {"index_price_klines_1m"}
    assert names(admitted_by_symbol("BTCUSD"), Market.UM) == set()
    assert markets(admitted_by_symbol("BTCBUSD")) == set(Market)


def test_rows_tell_spot_from_futures():
    """By the number of columns; for klines, which have the same, by eight decimals or a header."""
    assert markets(admitted_by_rows([SPOT_TRADE])) == {Market.SPOT}
    assert names(admitted_by_rows([SPOT_TRADE])) == {"trades"}
    assert markets(admitted_by_rows([UM_TRADE])) == {Market.UM, Market.CM}
    assert admitted_by_rows([SPOT_KLINE]) == {Candidate(Market.SPOT, "klines_1m")}
    assert markets(admitted_by_rows([UM_KLINE])) == {Market.UM, Market.CM}
    assert markets(admitted_by_rows([HEADER, UM_KLINE])) == {Market.UM, Market.CM}


def test_volume_tells_klines_of_trades_from_the_others():
    """Marks and indices look alike, and stay both; a negative value is a premium's."""
    assert names(admitted_by_rows([HEADER, UM_KLINE])) == {"klines_1m"}
    assert names(admitted_by_rows([HEADER, MARK_KLINE])) == {
        "mark_price_klines_1m", "index_price_klines_1m", "premium_index_klines_1m",
    }  # fmt: skip
    assert names(admitted_by_rows([HEADER, PREMIUM_KLINE])) == {"premium_index_klines_1m"}


def test_rows_of_nothing_we_know_admit_nothing():
    """A price list is no dataset; an empty file says nothing at all."""
    assert admitted_by_rows(["apples,3", "pears,4"]) == frozenset()
    assert admitted_by_rows(["open_time,open,colour"]) == frozenset()
    assert admitted_by_rows([]) == EVERY


def test_windows_line_ends_and_quotes_do_not_matter():
    """The same answer as without."""
    assert admitted_by_rows([f"{HEADER}\r", f"{UM_KLINE}\r"]) == admitted_by_rows([HEADER, UM_KLINE])


def test_the_length_of_klines_is_read_off_their_times():
    """In milliseconds and in microseconds."""
    assert interval_of_rows([HEADER, UM_KLINE]) is Interval.M1
    hour = UM_KLINE.replace("1711756800000", "1711756800000000").replace("1711756859999", "1711760399999999")
    assert interval_of_rows([hour]) is Interval.H1
    assert interval_of_rows([UM_TRADE]) is None
