"""Two listings with leverage brackets and one account, worked out by hand; nothing under test computes the expectation.

BTC may be worth 200,000 at the account's leverage of 10, and ETH 150,000. The brackets are made up, so that each of
their bounds decides.
"""

from datetime import date
from decimal import Decimal

import pytest
from fakes.scenario import Scenario
from fakes.together import both_ways

from phoenix_core.backtest.settlement import Charge
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.instruments.brackets import Bracket, Brackets

GENTLE = {"liquidation_fee": "0.001", "leverage": 10}


def brackets(*rows):
    return Brackets(tuple(Bracket(*map(Decimal, row.split())) for row in rows), date(2024, 1, 1))


def bitcoin():
    """Twice the balance of 100,000 is 4 BTC at 50,000: as much as it may hold."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1")
    day.brackets = brackets("100000 0.004 125", "200000 0.02 10", "1000000 0.05 5")
    day.largest = day.largest_position = Decimal(200_000)
    return day


def ether():
    """Twice the balance would be 79.968 ETH at 2,500: 60 are as much as it may hold."""
    day = Scenario("um:ETHUSDT").quote(1, "2500.00", "2500.01", "0.5").trade(20, "2500.00", "0.5").signal(20, 0.9)
    day.trade(22, "2500.00", "900").quote(23, "2500.00", "2500.01")
    day.brackets = brackets("50000 0.005 125", "150000 0.01 10", "1000000 0.05 5")
    day.largest = day.largest_position = Decimal(150_000)
    return day


def a_crash(ether_low):
    """BTC halves in two minutes, at last to 25,240, while ETH gains a little."""
    first = bitcoin().mark(59.999, "25600", low="25500").mark(119.999, "25300", low="25240")
    first.quote(58, "25500.0", "25500.1").quote(119, "25240.0", "25240.1").quote(122, "25240.0", "25240.1")
    second = ether().mark(59.999, "2512", low="2510").mark(119.999, "2514", low=ether_low)
    return first, second.quote(119, "2513.50", "2513.51").quote(122, "2513.50", "2513.51")


def test_each_part_of_a_position_keeps_the_margin_of_its_bracket():
    """To the tenth of a cent.

    A maker's 0.02 % of 200,000 and of 150,000 leaves 100,000 - 40 - 30 = 99,930.

    First minute: BTC is worth 102,000 and keeps 0.4 % of 100,000 and 2 % of 2,000 = 440. ETH is worth 150,600, above what
    it may come to by buying: 0.5 % of 50,000, 1 % of 100,000 and 5 % of 600 = 1,280. Equity is 99,930 - 98,000 + 600 =
    2,530, more than 1,720. At the last rate of each for all of it they would have to keep 2,040 + 7,530.

    Second minute: BTC is worth 100,960 and keeps 400 + 2 % of 960 = 419.20, ETH 150,810 and keeps 1,250 + 5 % of 810 =
    1,290.50: 1,709.70. Equity is 99,930 - 99,040 + 810 = 1,700: both go. Had either stayed in the bracket below for all
    that it is worth, 403.84 or 1,258.10, they would have been kept.

    It costs 0.1 % of 100,960 and of 150,810 = 251.77, and a taker's 0.05 % of what they are sold for, which is the same:
    125.885. 1,700 - 251.77 - 125.885 = 1,322.345.
    """
    outcome = both_ways(list(a_crash("2513.5")), max_leverage=2.0, venue=GENTLE)
    first, second = outcome.parts
    entered = [sum(fill.quantity for fill in one.fills if fill.side == "BUY") for one in (first, second)]
    assert entered == [Decimal(4), Decimal(60)]
    assert [(one.kind, one.amount) for part in (first, second) for one in part.settled] == [
        (Charge.LIQUIDATION_FEE, Decimal("-100.96")), (Charge.LIQUIDATION_FEE, Decimal("-150.81")),
    ]  # fmt: skip
    for one in (first, second):
        assert {fill.decision.reason for fill in one.fills if fill.side == "SELL"} == {OrderReason.LIQUIDATION}
    assert outcome.final == Decimal("1322.345")


def test_a_little_more_keeps_both():
    """ETH at 2,513.70 is 822 of gain and 41.10 above the bound: 1,712 of equity for 419.20 + 1,291.10 = 1,710.30."""
    outcome = both_ways(list(a_crash("2513.7")), max_leverage=2.0, venue=GENTLE)
    assert [one.settled for one in outcome.parts] == [[], []]


@pytest.mark.parametrize(("largest", "orders"), [("150000", {"FILLED": 2}), ("149999.99", {"REJECTED": 1})])
def test_the_exchange_refuses_what_is_larger(largest, orders):
    """A cent below what 60 ETH come to; BTC is nobody's business in that."""
    second = ether()
    second.largest = Decimal(largest)
    outcome = both_ways([bitcoin(), second], max_leverage=2.0, venue=GENTLE)
    assert [one.orders for one in outcome.parts] == [{"FILLED": 2}, orders]
