"""What an account lets in, worked out by hand; it holds for any strategy, since the gateway judges."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario
from fakes.scripted import Script, Scripted
from fakes.together import both_ways, run_days

from phoenix_core.execution.limits import Limit

BTC, ETH = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"


def bitcoin(second=10):
    """Bids 1 BTC at 50,000 with a leverage of a half; nobody sells before second 30."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(second, "50000.0", "0.5").signal(second, 0.9)
    return day.trade(30, "50000.0", "9").quote(31, "50000.0", "50000.1")


def ether(second=20):
    """Bids for ETH at 2,500."""
    day = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01", "0.5").trade(second, "2500.00", "0.5")
    return day.signal(second, 0.9).trade(32, "2500.00", "900").quote(33, "2500.00", "2500.01")


def test_a_working_entry_counts_as_a_position():
    """BTC only bids when ETH is refused, so that two bids can't come to two positions."""
    outcome = both_ways([bitcoin(), ether()], limits={"positions": 1})
    assert outcome.refused == {(ETH, Limit.POSITIONS): 1}
    assert [len(one.fills) > 0 for one in outcome.parts] == [True, False]
    assert outcome.parts[1].orders == {"REJECTED": 1}


def test_at_one_instant_the_first_listing_is_let_in():
    """Both bid in second 10: BTC stands first."""
    assert both_ways([bitcoin(10), ether(10)], limits={"positions": 1}).refused == {(ETH, Limit.POSITIONS): 1}


def test_what_was_left_makes_room():
    """BTC is sold in second 34, and ETH, which bids in second 36, is let in."""
    first = bitcoin().signal(34, 0.1).quote(35, "50000.0", "50000.1")
    second = ether(36).trade(38, "2500.00", "900").quote(39, "2500.00", "2500.01")
    outcome = both_ways([first, second], limits={"positions": 1})
    assert not outcome.refused
    assert all(one.fills for one in outcome.parts)


@pytest.mark.parametrize(("leverage", "refused"), [("1.0", 0), ("0.99", 1)])
def test_gross_leverage_counts_all_by_equity(leverage, refused):
    """BTC bids 50,000, ETH half of 100,000 as nothing was paid yet: 100,000 in all on an equity of 100,000."""
    outcome = both_ways([bitcoin(), ether()], limits={"leverage": Decimal(leverage)})
    assert outcome.refused.total() == refused


def test_gross_leverage_counts_what_is_held_at_its_price_now():
    """BTC rose by 20 %, to 60,000 on an equity of 109,990, when ETH bids 49,995: 109,995 is a hair too much."""
    first = bitcoin().quote(34, "59999.9", "60000.1").quote(37, "59999.9", "60000.1")
    late = ether(36)
    refused = [
        both_ways([first, late], limits={"leverage": Decimal(leverage)}).refused for leverage in ("1.0000", "1.0001")
    ]
    assert refused == [{(ETH, Limit.LEVERAGE): 1}, {}]


def test_an_entry_needs_its_initial_margin_besides_the_others():
    """At a leverage of 1 BTC bids for all of 100,000; nothing is left for ETH. With 2, half of its margin is free."""
    bids = {"max_leverage": 1.0}
    assert both_ways([bitcoin(), ether()], venue={"leverage": 1}, **bids).refused == {(ETH, Limit.MARGIN): 1}
    assert not both_ways([bitcoin(), ether()], venue={"leverage": 2}, **bids).refused


def test_exits_are_never_refused():
    """Whatever the account is worth, BTC is left when its signal says so: with a reduce-only order."""
    first = bitcoin().quote(34, "20000.0", "20000.1").signal(36, 0.1).quote(38, "20000.0", "20000.1")
    outcome = both_ways([first, ether()], limits={"positions": 1, "leverage": Decimal("0.6")})
    assert [fill.side for fill in outcome.parts[0].fills] == ["BUY", "SELL"]


def scripted(*orders, limits):
    """A script on BTC beside a quiet ETH."""
    script = Script()
    for order in orders:
        script.send(*order)
    day = Scenario().quote(1, "50000.0", "50000.1", "100").quote(90, "50000.0", "50000.1", "100")
    quiet = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01")
    traders = [Scripted(script, day.instrument_id), Scripted(Script(), quiet.instrument_id)]
    return run_days([day, quiet], full=True, strategies=traders, limits=limits)


def test_it_holds_for_any_strategy():
    """A script that knows no signals buys 1 BTC twice: 100,000 are let in, the next 50,000 are not."""
    outcome = scripted((10, "BUY", "1"), (20, "BUY", "0.9"), (30, "BUY", "1"), limits={"leverage": Decimal(1)})
    assert outcome.refused == {(BTC, Limit.LEVERAGE): 1}
    bought = [fill.quantity for fill in outcome.parts[0].fills if fill.side == "BUY"]
    assert bought == [Decimal(1), Decimal("0.9")]


def test_a_plain_order_that_closes_is_an_exit_and_one_that_turns_is_none():
    """1 BTC is held: a sale of 1 passes at any limit, one of 3 would come to a short of 2."""
    closing = scripted((10, "BUY", "1"), (20, "SELL", "1"), limits={"leverage": Decimal("0.51")})
    assert not closing.refused
    turning = scripted((10, "BUY", "1"), (20, "SELL", "3"), limits={"leverage": Decimal("0.51")})
    assert turning.refused == {(BTC, Limit.LEVERAGE): 1}


def test_orders_of_both_sides_are_not_added():
    """A bid and an offer of 1 BTC each, at prices nobody takes, come to 1 at the most."""
    outcome = scripted(
        (10, "BUY", "1", "49000"), (11, "SELL", "1", "51000"), (12, "BUY", "0.5", "49000"),
        limits={"leverage": Decimal("0.52")},
    )  # fmt: skip
    assert outcome.refused == {(BTC, Limit.LEVERAGE): 1}


def test_what_nobody_can_price_is_not_let_in():
    """A market order before the first quote has no worth that could be held against a limit."""
    outcome = scripted((0.5, "BUY", "1"), limits={"leverage": Decimal(9)})
    assert outcome.refused == {(BTC, Limit.UNPRICED): 1}


def test_one_alone_without_limits_is_left_to_its_strategy():
    """As in a backtest: ten times the account is let in, if a strategy sends it."""
    script = Script().send(10, "BUY", "10").send(20, "BUY", "20")
    day = Scenario().quote(1, "50000.0", "50000.1", "100", "100").quote(90, "50000.0", "50000.1", "100", "100")
    outcome = run_days([day], full=True, strategies=[Scripted(script, day.instrument_id)], venue={"liquidation": False})
    assert not outcome.refused
    assert sum(fill.quantity for fill in outcome.parts[0].fills if fill.side == "BUY") == 30
