"""Leverage brackets: what a position must keep, how large it may be, and from which day."""

from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.brackets import Bracket, Brackets, brackets_of, brackets_on
from phoenix_core.market import Listing

UM = Listing.parse("um:BTCUSDT")


def test_each_part_of_a_position_is_charged_in_its_own_bracket():
    """BTCUSDT of 2024-05-30: rate × notional less an amount, both as Binance's own answer of that day has them.

    0.5 % and 50 up to 600,000, 0.65 % and 950 up to 3 million, 1 % and 11,450 up to 12 million.
    """
    known = brackets_on(UM, date(2024, 6, 1))
    assert known.valid_from == date(2024, 5, 30)
    expected = {
        "0": "0",
        "50000": "200",
        "600000": "2950",
        "600000.01": "2950.000065",
        "2000000": "12050",
        "10000000": "88550",
    }
    assert {notional: known.maintenance(Decimal(notional)) for notional in expected} == {
        notional: Decimal(margin) for notional, margin in expected.items()
    }


def test_what_lies_beyond_the_last_cap_is_charged_at_the_last_rate():
    """Nobody may open it, yet a price can carry a position there."""
    known = Brackets((Bracket(Decimal(100), Decimal("0.1"), Decimal(5)),), date(2024, 1, 1))
    assert known.maintenance(Decimal(300)) == 30


def test_leverage_bounds_a_position():
    """At 10 no more than the last bracket that allows it; beyond the highest leverage nothing."""
    known = brackets_on(UM, date(2023, 8, 2))
    assert known.largest(Decimal(125)) == 50_000
    assert known.largest(Decimal(10)) == 40_000_000
    assert known.largest(Decimal("10.5")) == 20_000_000
    assert known.largest(Decimal(126)) == 0


def test_a_day_has_what_was_seen_last_before_it():
    """The day itself included; before the first one it is assumed and says so."""
    second = brackets_of(UM)[1]
    assert brackets_on(UM, second.valid_from) == second
    assert brackets_on(UM, date(2022, 5, 20)) == brackets_of(UM)[0]
    early = brackets_on(UM, date(2020, 1, 1))
    assert (early.assumed, early.brackets) == (True, brackets_of(UM)[0].brackets)
    assert not brackets_of(UM)[0].assumed


@pytest.mark.parametrize("listing", ["cm:BTCUSD_PERP", "spot:BTCUSDT", "um:NEVERUSDT", "um:BTC"])
def test_none_are_known_of_other_markets_and_unseen_symbols(listing):
    """A symbol that begins like another is another one."""
    assert brackets_on(Listing.parse(listing), date(2024, 3, 30)) is None


def test_every_line_of_the_file_can_be_read():
    """In order of days, each with other brackets than the line before it; caps, rates and leverages in their order."""
    lines = files("phoenix_core.instruments").joinpath("binance_brackets.csv").read_text().splitlines()
    symbols = {line.split(",")[0] for line in lines if not line.startswith("#")}
    assert len(symbols) == 447
    for symbol in symbols:
        history = brackets_of(Listing.parse(f"um:{symbol}"))
        days = [one.valid_from for one in history]
        assert days == sorted(set(days)), symbol
        assert all(before.brackets != after.brackets for before, after in pairwise(history)), symbol
        for one in history:
            leverages = [bracket.leverage for bracket in one.brackets]
            assert leverages == sorted(leverages, reverse=True), symbol
            assert all(0 < bracket.maintenance < 1 for bracket in one.brackets), symbol


def test_brackets_out_of_order_are_refused():
    """A cap below the one before it would charge a part twice."""
    falling = (Bracket(Decimal(100), Decimal("0.1"), Decimal(5)), Bracket(Decimal(50), Decimal("0.2"), Decimal(2)))
    with pytest.raises(ConfigInvalid, match="out of order from 2024-01-01"):
        Brackets(falling, date(2024, 1, 1))
