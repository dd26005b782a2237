"""The constants of a listing on a day."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pytest
from fakes.instruments import SHIPPED

from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments import table
from phoenix_core.instruments.table import InstrumentTable, history, specification
from phoenix_core.market import Listing, Market

BTC = Listing.parse("um:BTCUSDT")
MOON = Listing.parse("um:MOONUSDT")
DAY = date(2024, 3, 30)
# A venue of its own, whose symbol got another tick, and whose market other fees, on days of their own.
TOY = """
venue = "LUNAR"
quote_currencies = ["USDT"]

[[markets]]
market = "um"
settles_in = "quote"
unlisted = { contract_size = 1, min_notional = 5, margin_init = 0.05, margin_maint = 0.025 }

[[markets.fees]]
valid_from = 2024-01-01
maker = 0.0002
taker = 0.0004
source = "https://example.com/fees"

[[markets.fees]]
valid_from = 2024-05-01
maker = 0.0002
taker = 0.0005
source = "https://example.com/fees"

[[symbols]]
listing = "um:MOONUSDT"
base = "MOON"
quote = "USDT"
price_precision = 3
size_precision = 0

[[symbols.terms]]
valid_from = 2024-02-01
tick = 0.001
step = 1
min_notional = 5
margin_init = 0.02
margin_maint = 0.01
source = "https://example.com/terms"

[[symbols.terms]]
valid_from = 2024-03-31
tick = 0.010
step = 1
min_notional = 5
margin_init = 0.02
margin_maint = 0.01
source = "https://example.com/terms"
"""


@pytest.fixture
def toy(tmp_path):
    """A table of one file."""
    (tmp_path / "lunar.toml").write_text(TOY)
    return InstrumentTable.read(tmp_path)


def test_a_symbol_is_added_by_its_entry_alone(toy):
    """No code knows it, nor its venue."""
    found = toy.specification(MOON, DAY)
    assert found.instrument_id == "MOONUSDT-PERP.LUNAR"
    assert found.feed_id("INDEX") == "MOONUSDT-PERP.LUNAR_INDEX"
    assert (found.base, found.quote, found.settlement) == ("MOON", "USDT", "USDT")
    assert not found.inferred


@pytest.mark.parametrize(
    ("day", "tick", "taker", "assumed"),
    [
        (date(2023, 12, 31), "0.001", "0.0004", True),
        (date(2024, 1, 31), "0.001", "0.0004", True),
        (date(2024, 2, 1), "0.001", "0.0004", False),
        (date(2024, 3, 30), "0.001", "0.0004", False),
        (date(2024, 3, 31), "0.010", "0.0004", False),
        (date(2024, 5, 1), "0.010", "0.0005", False),
    ],
)
def test_a_day_has_what_holds_on_it(toy, day, tick, taker, assumed):
    """The last entry that began; what is older than all of them takes the first, and says so."""
    found = toy.specification(MOON, day)
    assert (str(found.tick), str(found.taker_fee), found.assumed) == (tick, taker, assumed)


def test_the_history_has_a_row_for_each_change(toy):
    """Of terms or of fees, in order, so that a recipe that holds it holds all that a day may have."""
    days = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 31), date(2024, 5, 1)]
    assert toy.history(MOON) == tuple(toy.specification(MOON, day) for day in days)
    assert [one.valid_from for one in toy.history(Listing.parse("um:SUNUSDT"))] == [days[0], days[3]]


@pytest.mark.parametrize(
    ("first", "last", "notes"),
    [
        (date(2024, 2, 1), date(2024, 3, 30), ()),
        (date(2024, 3, 31), date(2024, 4, 30), ()),
        (date(2024, 2, 1), date(2024, 5, 1), (
            "instrument constants are those of the first day throughout, though they changed on 2024-03-31 and 2024-05-01",
        )),
        (date(2024, 1, 31), date(2024, 2, 1), ("instrument constants are those known from 2024-02-01 on",)),
    ],
)  # fmt: skip
def test_a_range_says_what_it_assumes_of_constants(toy, monkeypatch, first, last, notes):
    """One instrument serves a whole backtest, so a change inside its range is said and not made."""
    monkeypatch.setattr(table, "shipped", lambda: toy)
    assert table.assumptions(toy.specification(MOON, first), last) == notes


def test_two_files_of_one_market_are_refused(tmp_path):
    """Which one holds could not be told."""
    for name in ("lunar.toml", "solar.toml"):
        (tmp_path / name).write_text(TOY)
    with pytest.raises(ConfigInvalid, match=r"lunar\.toml and solar\.toml both have an entry for um"):
        InstrumentTable.read(tmp_path)


def test_a_market_without_a_file_is_refused(toy):
    """The message says where one is expected."""
    with pytest.raises(ConfigInvalid, match="No file of phoenix_core/instruments has an entry for the market spot"):
        toy.specification(Listing.parse("spot:MOONUSDT"), DAY)


def test_the_shipped_file_has_the_constants_of_bitcoin():
    """By hand from the exchange's answer; fees are those of a regular user."""
    found = asdict(specification(BTC, DAY))
    found.pop("listing")
    assert found == {
        "venue": "BINANCE", "base": "BTC", "quote": "USDT", "settlement": "USDT", "price_precision": 2,
        "size_precision": 3, "contract_size": Decimal(1), "tick": Decimal("0.10"), "step": Decimal("0.001"),
        "min_notional": Decimal(100), "margin_init": Decimal("0.008"), "margin_maint": Decimal("0.004"),
        "maker_fee": Decimal("0.0002"), "taker_fee": Decimal("0.0005"), "valid_from": date(2024, 1, 1),
        "source": "https://fapi.binance.com/fapi/v1/exchangeInfo", "inferred": False, "assumed": False,
        "largest_position": None,
    }  # fmt: skip


def test_every_market_has_an_entry():
    """One that is added to the code and to no file is found here, and not by a user."""
    assert set(InstrumentTable.read(SHIPPED.parent).markets) == set(Market)


@pytest.mark.parametrize(
    ("listing", "base", "quote", "settlement", "contract_size", "taker"),
    [
        ("um:SOLUSDT", "SOL", "USDT", "USDT", "1", "0.0005"),
        ("spot:SOLFDUSD", "SOL", "FDUSD", "FDUSD", "1", "0.001"),
        ("cm:ETHUSD_240927", "ETH", "USD", "ETH", "10", "0.0005"),
    ],
)
def test_a_symbol_without_an_entry_is_inferred(listing, base, quote, settlement, contract_size, taker):
    """The archive's width, until the day's trades say more; fees and settlement are the market's."""
    found = specification(Listing.parse(listing), DAY)
    assert (found.base, found.quote, found.settlement) == (base, quote, settlement)
    assert (str(found.contract_size), str(found.taker_fee)) == (contract_size, taker)
    assert (found.tick, found.price_precision, found.inferred) == (Decimal("1E-8"), 8, True)
    assert history(Listing.parse(listing))[0] == found
