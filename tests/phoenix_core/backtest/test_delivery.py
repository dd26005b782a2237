"""Contracts that end: by hand, and a synthetic day of one from its zips."""

from datetime import date
from decimal import Decimal

import pytest
from conftest import materialize_day
from fakes.scenario import Scenario, as_rows, both, recomputed

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.interval import _why_none
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.errors import InputMissing
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.instruments.delivery import delivery_of
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, day_start_ns
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_core.verification.result import verified

SYMBOL = "cm:BTCUSD_240330"
EIGHT = 8 * 3600


def held_to_the_end():
    """2,000 contracts bought at 50,000, delivered at 08:00; a signal a minute later finds nothing to buy."""
    day = Scenario(symbol=SYMBOL).quote(1, "50000.0", "50000.1", "500", "500").trade(5, "50000.0", "1").signal(5, 0.9)
    day.trade(7, "49999.0", "9000").quote(9, "50000.0", "50000.1", "9000", "9000")
    day.delivers(EIGHT, "50123.45678901").quote(EIGHT + 30, "50000.0", "50000.1", "9000", "9000")
    return day.signal(EIGHT + 60, 0.9)


VENUE = {"starting_balance": 2}


def test_what_is_held_is_closed_at_the_price_of_delivery():
    """From 2 to 2.00705715 bitcoins.

    Bought for 200,000 / 50,000.00000001 = 4 coins, maker fee 0.0008; delivered for 200,000 / 50,123.45678901 = 3.99014778
    coins, taker fee 0.00199507: 2 - 0.0008 + 4 - 3.99014778 - 0.00199507.
    """
    outcome = both(held_to_the_end(), venue=VENUE, max_leverage=2.0)
    bought, delivered = outcome.fills
    assert (bought.quantity, delivered.quantity) == (2000, 2000)
    assert delivered.decision.reason is OrderReason.DELIVERY
    assert (delivered.ts - day_start_ns(date(2024, 3, 30))) // 10**9 == EIGHT
    assert delivered.price == Decimal("50123.45678901")
    assert outcome.final == Decimal("2.00705715")
    assert outcome.orders == {"FILLED": 2, "REJECTED": 1}


def test_the_second_implementation_delivers_likewise():
    """The same fill at the same time, and the same coins."""
    day = held_to_the_end()
    outcome = both(day, venue=VENUE, max_leverage=2.0)
    second = recomputed(day, outcome, VENUE, delivery=outcome.fills[-1].order_id)
    assert second.fills == as_rows(outcome.fills)
    assert second.account(2) == outcome.final


def test_an_order_in_the_book_is_gone():
    """It waits for its price when the contract ends: cancelled, and nothing is held."""
    day = (
        Scenario(symbol=SYMBOL).quote(EIGHT - 20, "50000.0", "50000.1", "500", "500").trade(EIGHT - 15, "50000.0", "1")
    )
    day.signal(EIGHT - 15, 0.9).delivers(EIGHT, "50000").quote(EIGHT + 5, "40000.0", "40000.1", "500", "500")
    outcome = both(day, venue=VENUE)
    assert (outcome.fills, outcome.orders) == ([], {"CANCELED": 1})


@pytest.mark.parametrize(
    ("name", "minutes"), [("cm:BTCUSD_240329", 60), ("um:BTCUSDT_240927", 60), ("cm:ETHUSD_241227", 30)]
)
def test_the_index_is_averaged_by_the_rule_of_the_day(name, minutes):
    """An hour, since 2024-11-11 half of one; before 08:00 UTC of the day in the contract's name."""
    listing = Listing.parse(name)
    end = delivery_of(listing)
    assert (end.minutes, end.ts) == (minutes, day_start_ns(listing.delivery) + EIGHT * 10**9)
    assert end.ts - end.since_ns == minutes * 60 * 10**9


def test_contracts_of_bitcoin_are_a_hundred_dollars():
    """Also of one that no entry names; a perpetual has no end."""
    sizes = {
        name: specification(Listing.parse(name), date(2024, 3, 1)).contract_size
        for name in ("cm:BTCUSD_240329", "cm:ETHUSD_240329")
    }
    assert sizes == {"cm:BTCUSD_240329": 100, "cm:ETHUSD_240329": 10}
    assert delivery_of(Listing.parse("cm:BTCUSD_PERP")) is None


@pytest.mark.parametrize(("last", "is_told"), [("2024-09-26", False), ("2024-09-27", True)])
def test_bounds_of_implied_quotes_know_no_delivery(last, is_told):
    """So a range with one has no interval, and one that ends before it may have."""
    made = Experiment.parse(listing="um:BTCUSDT_240927", first="2024-09-26", last=last)
    why = _why_none(made, specification(Listing.parse(made.listing), made.first))
    assert ("is delivered" in why) is is_told


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """A synthetic day of delivery."""
    root, listing, day = tmp_path_factory.mktemp("delivered"), Listing.parse("cm:BTCUSD_240329"), date(2024, 3, 29)
    write_archive(root / "archive", listing, [day], size=MarketSize(trades=9_000, quotes_per_trade=2))
    lake = Lake.at(root / "data")
    materialize_day(lake, root / "archive", listing, day)
    return lake, listing, day


@pytest.mark.slow
def test_a_day_of_delivery_from_its_zips(delivered):
    """Held to the end or not: nothing happens after it, and the second implementation agrees."""
    lake, listing, day = delivered
    eager = {"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.0, "lpi_exit_threshold": -1.0}
    eager |= {"signals": {"vol_bucket_size": 100_000}}
    result = run(lake, Experiment.parse(listing=str(listing), first=day, last=day, strategy=eager))
    assert result.fills["why"].to_list()[-1] == "delivery"
    assert result.fills["ts"].max() == day_start_ns(day) + EIGHT * 10**9
    entry = publish(lake, result, asset="cm/btcusd_240329/backtest")
    assert [(one.name, one.differences) for one in verified(lake, entry.facts["folder"], ("ledger", "fills"))] == [
        ("ledger", ()), ("fills", ()),
    ]  # fmt: skip


def test_without_the_index_of_its_hour_the_day_can_not_be_run(delivered, tmp_path):
    """It is named, not guessed."""
    import shutil  # noqa: PLC0415 - of this test alone

    lake, listing, day = delivered
    other = Lake.at(shutil.copytree(lake.store.root, tmp_path / "copy"))
    for name in other.names("manifest"):
        if "index_price_bars_1m" in name:
            other.remove(name)
    with pytest.raises(InputMissing, match="index_price_bars_1m"):
        run(other, Experiment.parse(listing=str(listing), first=day, last=day))
