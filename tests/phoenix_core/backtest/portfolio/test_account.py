"""Several listings with one account, worked out by hand; nothing under test computes the expectation."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario
from fakes.scripted import Script, Scripted
from fakes.together import both_ways, run_days

from phoenix_core.backtest.settlement import Charge
from phoenix_core.execution.decisions import OrderReason

GENTLE = {"liquidation_fee": "0.001"}


def bitcoin():
    """Buys 4 BTC at 50,000 as a maker at second 12, with a leverage of 2 on 100,000."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    return day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1")


def ether():
    """Buys with a leverage of 2 on what is there at second 20, at 2,500 as a maker at second 22."""
    day = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01", "0.5").trade(20, "2500.00", "0.5").signal(20, 0.9)
    return day.trade(22, "2500.00", "900").quote(23, "2500.00", "2500.01")


def a_crash():
    """BTC halves in two minutes while ETH stands still; funding in between."""
    first = (
        bitcoin().funds(30, "0.0001", "50000").mark(59.999, "25500", low="25400").mark(119.999, "25300", low="25200")
    )
    first.quote(58, "25400.0", "25400.1").quote(119, "25200.0", "25200.1").quote(122, "25200.0", "25200.1")
    second = ether().funds(30, "-0.0002", "2500").mark(59.999, "2500").mark(119.999, "2500")
    return first, second.quote(122, "2500.00", "2500.01")


def test_the_loss_of_one_liquidates_both():
    """To the last cent.

    100,000 buys 4 BTC at 50,000: a maker's 0.02 % of 200,000 is 40. Twice the 99,960 left buys 79.968 ETH at 2,500, for
    39.984. At second 30 BTC pays 0.01 % of 200,000 = 20, ETH gets 0.02 % of 199,920 = 39.984: the balance is 99,940.

    At the worst mark of the first minute, 25,400, BTC has lost 98,400: 1,540 of equity, and both need 0.4 % of 101,600
    = 406.40 and 0.5 % of 199,920 = 999.60 to be maintained, 1,406 together. At 25,200 it has lost 99,200: 740 is more
    than the 403.20 that BTC needs, and less than 1,402.80. So both go, for 0.1 % of 100,800 and of 199,920 = 300.72 and
    a taker's 0.05 % = 150.36: 99,940 - 300.72 - 99,200 - 150.36 = 288.92.
    """
    outcome = both_ways(list(a_crash()), max_leverage=2.0, venue=GENTLE)
    first, second = outcome.parts
    entered = [sum(fill.quantity for fill in one.fills if fill.side == "BUY") for one in (first, second)]
    assert entered == [Decimal(4), Decimal("79.968")]
    assert [(one.kind, one.amount) for one in first.settled] == [
        (Charge.FUNDING, Decimal(-20)), (Charge.LIQUIDATION_FEE, Decimal("-100.8")),
    ]  # fmt: skip
    assert [(one.kind, one.amount) for one in second.settled] == [
        (Charge.FUNDING, Decimal("39.984")), (Charge.LIQUIDATION_FEE, Decimal("-199.92")),
    ]  # fmt: skip
    for one in (first, second):
        assert {fill.decision.reason for fill in one.fills if fill.side == "SELL"} == {OrderReason.LIQUIDATION}
    assert outcome.final == Decimal("288.92")


def test_alone_each_of_them_would_have_lived():
    """The same two days with accounts of their own: nobody is liquidated."""
    for day in a_crash():
        (alone,) = both_ways([day], max_leverage=2.0, venue=GENTLE).parts
        assert Charge.LIQUIDATION_FEE not in {one.kind for one in alone.settled}


def test_a_gain_of_one_keeps_the_other():
    """At second 119 ETH stands 15 above its entry: 79.968 × 15 = 1,199.52 more equity, and both are kept."""
    first, second = a_crash()
    second.marks = [one for one in second.marks if one.ts < first.marks[-1].ts]
    outcome = both_ways([first, second.mark(119.999, "2515")], max_leverage=2.0, venue=GENTLE)
    assert Charge.LIQUIDATION_FEE not in {one.kind for part in outcome.parts for one in part.settled}


def test_without_a_mark_the_last_one_counts():
    """ETH has no mark in the second minute: that of the first, at 2,515, keeps both; without any its entry does not."""
    first, second = a_crash()
    second.marks = []
    gone = both_ways([first, second], max_leverage=2.0, venue=GENTLE)
    kept = both_ways([first, second.mark(59.999, "2515")], max_leverage=2.0, venue=GENTLE)
    liquidated = [any(one.kind is Charge.LIQUIDATION_FEE for one in each.parts[0].settled) for each in (gone, kept)]
    assert liquidated == [True, False]


def test_a_liquidation_takes_back_entries_that_work():
    """ETH only bids when BTC is liquidated at 24,900: its order is cancelled at once, and nothing was ever held.

    BTC is sold at what its market is 6 ms later, 24,800, since it gets every tick as long as ETH waits for its own.
    """
    first = bitcoin().mark(59.999, "25000", low="24900").quote(58, "24900.0", "24900.1")
    first.quote(60.001, "24800.0", "24800.1").trade(61, "24900.0", "0.1").quote(61, "24900.0", "24900.1")
    second = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01", "0.5").trade(40, "2500.00", "0.5").signal(40, 0.9)
    outcome = both_ways([first, second.quote(65, "2500.00", "2500.01")], max_leverage=2.0, entry_timeout_secs=300)
    assert outcome.parts[0].settled[-1].kind is Charge.LIQUIDATION_FEE
    assert outcome.parts[0].fills[-1].price == Decimal("24800.0")
    assert outcome.parts[1].fills == []
    assert outcome.parts[1].orders == {"CANCELED": 1}
    assert outcome.parts[1].sent[0].cancel_sent_ns == first.marks[-1].ts


def test_what_is_due_comes_after_all_ticks_of_its_instant():
    """At second 30 BTC trades, ETH buys 20 for 50,000, and funding of 0.02 % is due: 10 are paid, whoever traded first."""
    first = Scenario().quote(1, "50000.0", "50000.1").trade(30, "50000.0", "1")
    second = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01", "0.5").trade(20, "2500.00", "0.5").signal(20, 0.9)
    second.trade(30, "2500.00", "900").funds(30, "0.0002", "2500").quote(31, "2500.00", "2500.01")
    assert [one.amount for one in both_ways([first, second]).parts[1].settled] == [Decimal(-10)]


def test_the_balance_that_a_size_is_made_of_is_shared():
    """ETH gets twice the 99,460.20 that BTC left: 79.568 × 2,500 = 198,920 is the last step below 198,920.40.

    BTC lost 100 × 4 and paid a maker's 40 and a taker's 99.80.
    """
    first = bitcoin().quote(15, "49900.0", "49900.1").trade(15.5, "49900.0", "0.1").quote(15.6, "49900.0", "49900.1")
    outcome = both_ways([first.signal(16, 0.1), ether()], max_leverage=2.0)
    assert outcome.parts[1].sent[0].quantity == Decimal("79.568")


@pytest.mark.parametrize("held", [0, 300])
def test_gains_of_what_is_held_are_no_balance(held):
    """Whether BTC stands 300 above or at its entry, ETH is sized by the balance of 99,960."""
    first = bitcoin().quote(15, f"{50000 + held}.0", f"{50000 + held}.1")
    assert both_ways([first, ether()], max_leverage=2.0).parts[1].sent[0].quantity == Decimal("79.968")


def test_a_strategy_trades_its_own_instrument_alone():
    """An order of the strategy of ETH for BTC would be nobody's position."""
    days = [Scenario().quote(1, "50000.0", "50000.1"), Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01")]
    stray = Scripted(Script().send(10, "BUY", "1"), days[0].instrument_id)
    outcome = run_days(days, full=True, strategies=[Scripted(Script(), days[0].instrument_id), stray])
    assert [one.orders for one in outcome.parts] == [{"REJECTED": 1}, {}]


def test_each_hears_its_own_signals_alone():
    """Signals of BTC enter nothing in ETH, which has none."""
    quiet = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01").trade(20, "2500.00", "0.5").signal(10, 0.5)
    first, second = both_ways([bitcoin(), quiet]).parts
    assert len(first.sent) == 2  # the entry, and the end of the session
    assert second.sent == []
