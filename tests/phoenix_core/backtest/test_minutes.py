"""Minutes of a listing between the end of their day and the account's valuation."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from phoenix_core.backtest.minutes import Minutes, stretches
from phoenix_core.market import day_start_ns
from phoenix_core.storage.spill import Spill

FIRST = date(2024, 3, 1)
MINUTE = 60_000_000_000
SCHEMA = {"minute_ns": pl.Int64, "open": pl.Decimal(38, 16), "price": pl.Decimal(38, 16), "volume": pl.Decimal(38, 16)}


def traded(day, *prices):
    """A minute of trades for each price, from midnight on."""
    start = day_start_ns(day)
    rows = [(start + MINUTE * number - 1, price, price, 3) for number, price in enumerate(map(Decimal, prices), 1)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.fixture
def minutes(tmp_path):
    """Days 0, 1 and 4 of March; nobody traded on day 1."""
    found = Minutes(Spill(tmp_path))
    for number, prices in ((0, ("10", "11.5")), (1, ()), (4, ("12",))):
        found.add(FIRST + timedelta(number), traded(FIRST + timedelta(number), *prices))
    return found


def test_days_come_back_as_they_were(minutes):
    """Every column to the last digit, and nothing of days outside."""
    assert minutes.between(FIRST, FIRST).equals(traded(FIRST, "10", "11.5"))
    for outside in (FIRST - timedelta(1), FIRST + timedelta(5)):
        assert minutes.between(outside, outside).schema == pl.Schema(SCHEMA)
        assert minutes.between(outside, outside).is_empty()


def test_a_missing_day_goes_on_at_the_price_before(minutes):
    """Each of its minutes, without volume; a day on which nobody traded has none and no price of its own."""
    gone = minutes.between(FIRST + timedelta(1), FIRST + timedelta(3))
    assert gone.schema == pl.Schema(SCHEMA)
    begin = day_start_ns(FIRST + timedelta(2))
    assert gone["minute_ns"].to_list() == [begin + MINUTE * number - 1 for number in range(1, 2 * 1440 + 1)]
    assert (gone["open"].unique().to_list(), gone["price"].unique().to_list()) == ([Decimal("11.5")],) * 2
    assert gone["volume"].unique().to_list() == [0]


def test_the_first_and_the_last_minute(minutes):
    """As in_quote asks for them."""
    assert minutes.ends()["price"].to_list() == [Decimal(10), Decimal(12)]


def test_days_of_times(minutes):
    """Whole days on which one of them lies, each once."""
    times = [day_start_ns(FIRST) + 5, day_start_ns(FIRST) + 7, day_start_ns(FIRST + timedelta(4))]
    assert minutes.of_times(times)["price"].to_list() == [Decimal(10), Decimal("11.5"), Decimal(12)]
    assert minutes.of_times([]).is_empty()


@pytest.mark.parametrize("days", [1, 31, 32, 33, 64, 100])
def test_stretches_cover_each_day_once(days):
    """However long the range is, in order, and no stretch longer than 32 days."""
    covered = [
        first + timedelta(number)
        for first, last in stretches(FIRST, FIRST + timedelta(days - 1))
        for number in range((last - first).days + 1)
    ]
    assert covered == [FIRST + timedelta(number) for number in range(days)]
    assert all((last - first).days < 32 for first, last in stretches(FIRST, FIRST + timedelta(days - 1)))
