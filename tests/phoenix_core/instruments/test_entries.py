"""What a venue's data file may say."""

import re
from decimal import Decimal

import pytest
from fakes.instruments import SHIPPED

from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.entries import venue_in

ETH = '[[symbols]]\nlisting = "um:ETHUSDT"\n'


@pytest.fixture
def edited(tmp_path):
    """Read the shipped file with one passage changed."""

    def read(old, new):
        text = SHIPPED.read_text()
        assert old in text
        path = tmp_path / "venue.toml"
        path.write_text(text.replace(old, new, 1))
        return venue_in(path)

    return read


def test_numbers_are_the_digits_of_the_file():
    """0.10 is no binary float on its way."""
    terms = venue_in(SHIPPED).symbols[0].terms[0]
    assert (str(terms.tick), str(terms.margin_init), terms.min_notional) == ("0.10", "0.008", Decimal(100))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tick = 0.10", "tik = 0.10", r"symbols um:BTCUSDT terms 2024-01-01 tick: Field required; .* tik: Extra inputs"),
        ("tick = 0.10", "tick = 0", "symbols um:BTCUSDT terms 2024-01-01 tick: Input should be greater than 0"),
        ("tick = 0.10", "tick = 0.001", "symbols um:BTCUSDT: tick 0.001 of 2024-01-01 has more than 2 decimals"),
        ("margin_maint = 0.004", "margin_maint = 0.04", "symbols um:BTCUSDT terms 2024-01-01: margin_maint 0.04 is above"),
        ("taker = 0.0005", "taker = 1.5", "markets um fees 2024-01-01 taker: Input should be less than 1"),
        ('listing = "um:ETHUSDT"', 'listing = "um:BTCUSDT"', "the file: um:BTCUSDT has two entries"),
        ('listing = "um:ETHUSDT"', 'listing = "xm:ETHUSDT"', "symbols xm:ETHUSDT listing: 'xm:ETHUSDT' names no market"),
        ("valid_from = 2024-01-01", 'valid_from = "soon"', "markets um fees soon valid_from: Input should be a valid date"),
        ('venue = "BINANCE"', "venue = BINANCE", "no TOML: Invalid value"),
        ("min_notional = 5,", "", "markets um unlisted min_notional: Field required"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(edited, old, new, message):
    """The message names the file and the entry, by what people call it."""
    with pytest.raises(ConfigInvalid, match=r"venue\.toml is .*" + message):
        edited(old, new)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (("first = 2024-02-01\nlast = 2024-01-01",), "availability um:BTCUSDT: last 2024-01-01 is before first"),
        (("",), "availability um:BTCUSDT: it has neither first nor last"),
        (("first = 2024-02-01", "last = 2024-03-01"), "availability of um:BTCUSDT metrics has two entries"),
    ],
)
def test_availability_that_contradicts_itself_is_refused(edited, entries, message):
    """Days that end before they begin, none at all, and two answers to one question."""
    head = '[[availability]]\nlisting = "um:BTCUSDT"\ndataset = "metrics"\nsource = "https://example.com"\n'
    with pytest.raises(ConfigInvalid, match=message):
        edited(ETH, "".join(f"{head}{entry}\n" for entry in entries) + ETH)


@pytest.mark.parametrize("later", ["2024-01-01", "2023-12-31"])
def test_two_values_of_one_day_are_refused(edited, later):
    """Terms stand in the order of their days, each from a day of its own."""
    terms = re.search(r"\[\[symbols.terms\]\]\n.*?\n\n", SHIPPED.read_text(), re.DOTALL)[0]
    with pytest.raises(ConfigInvalid, match=f"symbols um:BTCUSDT: valid_from {later} does not come after 2024-01-01"):
        edited(ETH, terms.replace("2024-01-01", later) + ETH)


def test_a_symbol_needs_the_entry_of_its_market(edited):
    """Its fees would be nowhere."""
    spot = re.search(r'\[\[markets\]\]\nmarket = "spot".*?\n\n(?=# )', SHIPPED.read_text(), re.DOTALL)[0]
    with pytest.raises(ConfigInvalid, match="spot:BTCUSDT, spot:ETHUSDT is on a market that the file has no entry for"):
        edited(spot, "")
