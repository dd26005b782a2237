from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import DAY_NS, Interval, Listing, Market, day_from_text, day_of_ns, day_start_ns, days_between


def test_a_listing_reads_market_and_symbol():
    """um:BTCUSDT is BTCUSDT on um, with a lower-case path."""
    listing = Listing.parse("um:BTCUSDT")
    assert (listing.market, listing.symbol, listing.path) == (Market.UM, "BTCUSDT", "um/btcusdt")


@pytest.mark.parametrize(
    "symbol",
    [
        "",
        "btcusdt",
        "BTC/USDT",
        "..",
        "BTC*",
        "BTC[",
        "A" * 300,
        "BTCUSDT\0",
        "BTC\\X",
        "BTCUSDT_",
        "\uff22\uff34\uff23",
    ],
)
def test_a_symbol_that_could_be_a_path_is_refused(symbol):
    """Nothing but capitals and digits gets into a path or a URL."""
    with pytest.raises(ConfigInvalid, match="is not a Binance symbol"):
        Listing(Market.UM, symbol)


@pytest.mark.parametrize("symbol", ["BTCUSDT_241332", "BTCUSDT_000000", "BTCUSDT_24\u0661\u0662\u0663\u0660"])
def test_a_contract_that_is_delivered_on_no_day_is_refused(symbol):
    """Its files would end on a day that does not exist."""
    with pytest.raises(ConfigInvalid, match="is not a Binance symbol"):
        Listing(Market.UM, symbol)


@pytest.mark.parametrize(
    ("symbol", "day"), [("BTCUSDT_240927", date(2024, 9, 27)), ("BTCUSD_PERP", None), ("BTCUSDT", None)]
)
def test_a_contract_names_the_day_of_its_delivery(symbol, day):
    """A perpetual and a pair have none."""
    assert Listing(Market.UM, symbol).delivery == day


@pytest.mark.parametrize("text", ["BTCUSDT", "usdm:BTCUSDT", ":BTCUSDT", "um BTCUSDT"])
def test_an_unknown_market_is_refused(text):
    """A listing without one of the three markets says which there are."""
    with pytest.raises(ConfigInvalid, match="spot, um, cm"):
        Listing.parse(text)


@pytest.mark.parametrize("text", ["2024-02-30", "2024-3-1", "20240301", "yesterday", "", "2024-03-01T00:00"])
def test_a_day_is_written_one_way(text):
    """Impossible and loosely written dates are refused."""
    with pytest.raises(ConfigInvalid, match="expected YYYY-MM-DD"):
        day_from_text(text)


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(0, DAY_NS - 1))
def test_a_day_holds_its_nanoseconds(day, offset):
    """Every nanosecond of a day belongs to that day."""
    assert day_of_ns(day_start_ns(day) + offset) == day


def test_a_range_is_inclusive_and_forward():
    """Both ends count; a range that runs backwards is refused."""
    assert len(days_between(date(2024, 2, 28), date(2024, 3, 1))) == 3
    with pytest.raises(ConfigInvalid, match="runs backwards"):
        days_between(date(2024, 3, 1), date(2024, 2, 28))


def test_intervals_know_their_length():
    """One minute, twelve hours and a week are what they say."""
    assert [Interval(name).nanoseconds // 10**9 for name in ("1m", "12h", "1w")] == [60, 43_200, 604_800]
