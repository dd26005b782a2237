"""Names of files as people leave them."""

from datetime import date

import pytest

from phoenix_core.datasets import Published
from phoenix_core.market import Interval
from phoenix_core.sources.containers import Container
from phoenix_core.sources.local_tree.names import read_name


@pytest.mark.parametrize(
    ("name", "symbol", "interval", "words", "first", "container"),
    [
        ("BTCUSDT-aggTrades-2024-03-30.csv", "BTCUSDT", None, "aggtrades", date(2024, 3, 30), Container.PLAIN),
        ("BTCUSDT-1m-2024-03-30.zip", "BTCUSDT", Interval.M1, "", date(2024, 3, 30), Container.ZIP),
        ("BTCUSD_PERP-1mo-2024-03.zip", "BTCUSD_PERP", Interval.MO1, "", date(2024, 3, 1), Container.ZIP),
        ("BTCUSDT_240927-1h-2024-05-01.csv.gz", "BTCUSDT_240927", Interval.H1, "", date(2024, 5, 1), Container.GZIP),
        ("1000SHIBUSDT-metrics-2024-03-30.csv", "1000SHIBUSDT", None, "metrics", date(2024, 3, 30), Container.PLAIN),
        ("btcusdt_bookdepth_20240331.CSV", "BTCUSDT", None, "bookdepth", date(2024, 3, 31), Container.PLAIN),
        ("BTCUSDT-trades-2024-03-30 (1).csv", "BTCUSDT", None, "trades", date(2024, 3, 30), Container.PLAIN),
        ("BTCUSDT-markPriceKlines-1m-2024-03-30.csv.zip", "BTCUSDT", Interval.M1, "markpriceklines",
         date(2024, 3, 30), Container.ZIP),
        ("BTCUSDT-1M-2024-03.csv", "BTCUSDT", Interval.MO1, "", date(2024, 3, 1), Container.PLAIN),
        ("BTCUSDT-1M-2024-03-30.CSV", "BTCUSDT", None, "", date(2024, 3, 30), Container.PLAIN),  # 1m or 1mo: rows tell
        ("binance_um_ETHBTC-trades-2024-03-30.csv", "ETHBTC", None, "binance um trades", date(2024, 3, 30),
         Container.PLAIN),
        ("2024_03_30_btcusd_perp_5m.csv.gz", "BTCUSD_PERP", Interval.M5, "", date(2024, 3, 30), Container.GZIP),
        ("RATSXYZ-trades-2024-03-30.csv", "RATSXYZ", None, "trades", date(2024, 3, 30), Container.PLAIN),
        ("BTCUSDT-2024-03-30.csv", "BTCUSDT", None, "", date(2024, 3, 30), Container.PLAIN),
    ],
)  # fmt: skip
def test_a_name_says_symbol_interval_words_day_and_container(name, symbol, interval, words, first, container):
    """Whatever the separators, the case and the additions behind the date."""
    read = read_name(name)
    assert (read.symbol, read.interval, read.words, read.first, read.container) == (
        symbol, interval, words, first, container,
    )  # fmt: skip


def test_folders_say_what_a_name_lacks():
    """The symbol, and of klines the length; what the name says itself stays."""
    read = read_name("2024-03-30.csv", ["klines", "BTCUSDT", "1M"])
    assert (read.symbol, read.interval) == ("BTCUSDT", Interval.MO1)
    assert read_name("trades-2024-03-30.csv", ["um", "BTCUSDT"]).symbol == "BTCUSDT"
    assert read_name("ETHUSDT-trades-2024-03-30.csv", ["BTCUSDT", "1m"]).symbol == "ETHUSDT"
    assert read_name("ETHUSDT-trades-2024-03-30.csv", ["BTCUSDT", "1m"]).interval is None


def test_a_month_is_told_from_a_day():
    """BTCUSDT-1m-2024-03 is March, BTCUSDT-1m-2024-03-01 its first day."""
    assert read_name("BTCUSDT-1m-2024-03.zip").published is Published.MONTHLY
    assert read_name("BTCUSDT-1m-2024-03-01.zip").published is Published.DAILY


@pytest.mark.parametrize(
    "name",
    ["README.md", "notes.csv", "BTCUSDT-trades-2024-13-45.csv", "part-00000-0fae7358-c000.zip", "BTCUSDT-trades.csv",
     "2024-03-30.csv", "BTCUSDT-trades-2024-03-30.parquet", "比特币-trades-2024-03-30.csv", "币安人生USDT-1m-2025-10-09.zip",
     "BTCUSDT-trades-2024-03-3.csv", "ADABKRW-1h-2020-8.zip"],
)  # fmt: skip
def test_other_names_are_none_of_the_archives(name):
    """No date, no such date, no symbol, or another kind of file."""
    assert read_name(name) is None
