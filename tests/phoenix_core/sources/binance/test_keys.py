from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.datasets import DATASETS, FUNDING_RATE, INDEX_PRICE_KLINES, KLINES
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.keys import ArchiveKey, key_from_path, key_of_day

SYMBOLS = st.builds(
    str.__add__,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=20),
    st.sampled_from(["", "_PERP"]) | st.dates(date(2000, 1, 1), date(2099, 12, 31)).map("{:_%y%m%d}".format),
)


@given(st.sampled_from(DATASETS), st.sampled_from(Market), SYMBOLS, st.dates(date(2017, 1, 1), date(2030, 1, 1)))
def test_a_path_reads_back_as_its_key(dataset, market, symbol, day):
    """parse(path(key)) == key."""
    key = key_of_day(dataset, Listing(market, symbol), day)
    assert key_from_path(key.path) == key


def test_paths_are_the_publishers():
    """Daily klines and monthly funding lie where the archive has them."""
    listing = Listing.parse("um:BTCUSDT")
    day = date(2024, 3, 30)
    assert key_of_day(KLINES, listing, day).path == (
        "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03-30.zip"
    )
    assert key_of_day(FUNDING_RATE, listing, day).checksum_path == (
        "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-03.zip.CHECKSUM"
    )


def test_an_index_belongs_to_a_pair():
    """On cm, index klines of BTCUSD_PERP lie under BTCUSD; all else under the contract."""
    listing = Listing.parse("cm:BTCUSD_PERP")
    day = date(2024, 3, 30)
    assert "/BTCUSD/1m/BTCUSD-1m-" in key_of_day(INDEX_PRICE_KLINES, listing, day).path
    assert "/BTCUSD_PERP/1m/BTCUSD_PERP-1m-" in key_of_day(KLINES, listing, day).path
    assert "/BTCUSDT/1m/" in key_of_day(INDEX_PRICE_KLINES, Listing.parse("um:BTCUSDT"), day).path


@pytest.mark.parametrize(
    "path",
    [
        "data/futures/um/monthly/aggTrades/BTCUSDT/part-00000-0fae7358.zip",
        "data/spot/monthly/klines/ADABKRW/1h/ADABKRW-1h-2020-8.zip",
        "data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-13-30.zip",
        "data/futures/um/daily/aggTrades/BTCUSDT/ETHUSDT-aggTrades-2024-03-30.zip",
        "data/futures/um/daily/aggTrades/../BTCUSDT-aggTrades-2024-03-30.zip",
        "etc/passwd",
    ],
)
def test_strays_of_the_listing_are_no_keys(path):
    """Spark parts, unpadded months and other strays are refused."""
    with pytest.raises(ConfigInvalid):
        key_from_path(path)


def test_a_key_knows_its_member():
    """The only file in the zip has the zip's name."""
    key = key_of_day(KLINES, Listing.parse("spot:BTCUSDT"), date(2024, 3, 30))
    assert isinstance(key, ArchiveKey)
    assert key.member == "BTCUSDT-1m-2024-03-30.csv"
