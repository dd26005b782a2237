"""Days on which something is published."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, METRICS, availability_of, dataset_named
from phoenix_core.instruments import table
from phoenix_core.instruments.availability import Availability
from phoenix_core.instruments.table import InstrumentTable
from phoenix_core.market import Listing

DAYS = st.dates(date(2024, 1, 1), date(2024, 1, 9))
AVAILABLE = st.builds(Availability, st.none() | DAYS, st.none() | DAYS)
MOON = Listing.parse("um:MOONUSDT")
TOY = """
venue = "LUNAR"
quote_currencies = ["USDT"]

[[markets]]
market = "um"
settles_in = "quote"
fees = [{ valid_from = 2024-01-01, maker = 0, taker = 0, source = "https://example.com/fees" }]
unlisted = { contract_size = 1, min_notional = 5, margin_init = 0.05, margin_maint = 0.025 }

[[availability]]
listing = "um:MOONUSDT"
first = 2023-06-01
last = 2024-03-20
source = "https://example.com/delisted"

[[availability]]
listing = "um:MOONUSDT"
dataset = "metrics"
first = 2019-01-01
source = "https://example.com/metrics"
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A venue that says when the files of one symbol begin and end."""
    (tmp_path / "lunar.toml").write_text(TOY)
    read = InstrumentTable.read(tmp_path)
    monkeypatch.setattr(table, "shipped", lambda: read)


@given(AVAILABLE, AVAILABLE, DAYS)
def test_within_both_is_within_each(one, other, day):
    """A day is excluded by what both leave exactly if one of them excludes it."""
    assert (one.within(other).excludes(day) is None) == (one.excludes(day) is None and other.excludes(day) is None)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("dataset", "first", "last"),
    [
        (AGG_TRADES, date(2023, 6, 1), date(2024, 3, 20)),  # those of its market begin in 2019 and go on
        (BOOK_TICKER, date(2023, 6, 1), date(2024, 3, 20)),  # those of its market end ten days later
        (METRICS, date(2023, 6, 1), date(2024, 3, 20)),  # its own entry does not reach beyond its listing
        (dataset_named("klines_5m"), date(2023, 6, 1), date(2024, 3, 20)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_files_of_a_symbol_end_where_it_was_delisted(dataset, first, last):
    """By an entry in a data file; no code knows the symbol."""
    assert availability_of(dataset, MOON) == Availability(first, last)


@pytest.mark.usefixtures("toy")
def test_other_symbols_keep_the_days_of_their_market():
    """An entry concerns its own listing."""
    assert availability_of(BOOK_TICKER, Listing.parse("um:SUNUSDT")) == Availability(
        date(2023, 5, 16), date(2024, 3, 30)
    )


def test_a_contract_ends_with_its_delivery():
    """So that nobody waits for its files of the day after."""
    available = availability_of(AGG_TRADES, Listing.parse("um:BTCUSDT_240927"))
    assert available.excludes(date(2024, 9, 27)) is None
    assert available.excludes(date(2024, 9, 28)) == "ended 2024-09-27"


def test_the_shipped_file_names_datasets_that_exist():
    """A misspelt name would be of no effect, and nobody would notice."""
    for _, dataset in table.shipped().availability:
        assert not dataset or dataset_named(dataset).name == dataset
