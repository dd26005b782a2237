"""NautilusTrader's ids of an instrument, spelled by hand for each market."""

from dataclasses import replace
from datetime import date

import pytest

from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing

BTC = specification(Listing.parse("um:BTCUSDT"), date(2024, 3, 30))


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ("um:BTCUSDT", "BTCUSDT-PERP.BINANCE"),
        ("um:BTCUSDT_240927", "BTCUSDT_240927.BINANCE"),  # it is delivered, so no perpetual
        ("spot:BTCUSDT", "BTCUSDT.BINANCE"),
        ("cm:BTCUSD_PERP", "BTCUSD_PERP.BINANCE"),
    ],
)
def test_only_a_perpetual_without_a_suffix_of_its_own_gets_one(listing, expected):
    """So that a perpetual and the spot pair of one symbol never share an id."""
    assert replace(BTC, listing=Listing.parse(listing)).instrument_id == expected


def test_a_feed_is_a_venue_of_its_own():
    """And the venue is the specification's, not ours."""
    assert BTC.feed_id("INDEX") == "BTCUSDT-PERP.BINANCE_INDEX"
    assert replace(BTC, venue="LUNAR").feed_id("") == "BTCUSDT-PERP.LUNAR"


@pytest.mark.parametrize(
    ("listing", "inverse"),
    [("cm:BTCUSD_PERP", True), ("cm:BTCUSD_250328", True), ("um:BTCUSDT", False), ("spot:BTCUSDT", False)],
)
def test_contracts_of_the_coin_market_are_inverse(listing, inverse):
    """Perpetual or delivered."""
    assert replace(BTC, listing=Listing.parse(listing)).is_inverse is inverse
