"""Costs worked out by hand; nothing under test computes the expectation."""

from decimal import Decimal

import pytest
from fakes.scenario import DAY, Scenario, both
from fakes.tapes import by_arrays

from phoenix_core.backtest.settlement import Charge
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.instruments.brackets import Bracket, Brackets


def long_one_btc():
    """Buys 1 BTC at 50,000 as a maker at second 12."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    return day.trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1")


def test_fees_by_hand():
    """Maker 0.02 % of 50,000 = 10; taker 0.05 % of 50,100 = 25.05; gain 100: 100,064.95."""
    outcome = both(
        long_one_btc()
        .quote(20, "50100.0", "50100.1")
        .trade(20.5, "50100.0", "0.1")
        .quote(21, "50100.0", "50100.1")
        .signal(21, 0.1)
    )
    assert [fill.fee for fill in outcome.fills] == [Decimal("10.00000000"), Decimal("25.05000000")]
    assert outcome.final == Decimal("100064.95")


def test_a_market_order_takes_what_the_book_holds():
    """0.1 at the bid of 50,000; then 10 lie within 1 % of the mid of 50,000.05, down to 49,500.0495.

    The lots from 0.1 to 1.0 lie on the way from 50,000 at 0.1 to 49,500.0495 at 10: their middle, 0.55, is
    0.45 of 9.9 along it, 50,000 - 499.9505 × 0.04545 = 49,977.275, and a seller gets the tick below, 49,977.2.
    """
    day = long_one_btc().depth(15, [(1, "10")], [(1, "10")]).quote(20, "50000.0", "50000.1", "0.1")
    outcome = both(day.signal(21, 0.1))
    assert [(fill.quantity, fill.price) for fill in outcome.fills[1:]] == [
        (Decimal("0.1"), Decimal("50000.0")),
        (Decimal("0.9"), Decimal("49977.2")),
    ]


def test_funding_is_paid_on_what_is_held():
    """A long of 1 BTC at a mark of 50,020 and a rate of 0.01 %: 5.002 USDT, between entry and exit."""
    day = long_one_btc().funds(5, "0.0001", "50020").funds(15, "0.0001", "50020").funds(40, "0.0001", "50020")
    outcome = both(day.quote(30, "50000.0", "50000.1").signal(30, 0.1))
    assert [(s.kind, s.amount) for s in outcome.settled] == [(Charge.FUNDING, Decimal("-5.00200000"))]
    assert outcome.books.parts.funding == Decimal("-5.002")
    assert outcome.final == Decimal(100_000) - 10 - 25 - Decimal("5.002")


def test_negative_funding_is_received():
    """Shorts pay longs while the rate is negative."""
    outcome = both(long_one_btc().funds(15, "-0.00000018", "50000").trade(30, "50000.0", "0.1").signal(30, 0.1))
    assert outcome.books.parts.funding == Decimal("0.009")


def test_without_a_position_no_funding():
    """Flat at the funding time, nothing is charged."""
    day = (
        Scenario()
        .quote(1, "50000.0", "50000.1", "0.5")
        .trade(10, "50000.0", "0.5")
        .signal(10, 0.1)
        .funds(15, "0.01", "50000")
    )
    assert both(day).settled == []


def test_a_position_is_liquidated_at_the_maintenance_margin():
    """4 BTC from 50,000 on 100,000: at a mark of 25,100 equity is 400 - fees, the margin 401.6: out, with the fee.

    The fee is 1.25 % of 4 × 25,100 = 1,255. A minute before, at 25,300, equity of 1,160 is enough.
    """
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1")
    day.mark(59.999, "25300").mark(119.999, "25200", low="25100").quote(58, "25300.0", "25300.1")
    day.quote(119, "25100.0", "25100.1").quote(122, "25100.0", "25100.1").signal(200, 0.5)
    outcome = both(day, max_leverage=2.0)
    assert [(fill.decision.reason, fill.price) for fill in outcome.fills[1:]] == [
        (OrderReason.LIQUIDATION, Decimal("25100.00"))
    ]
    assert [(s.kind, s.amount) for s in outcome.settled] == [(Charge.LIQUIDATION_FEE, Decimal("-1255.00000000"))]
    # 100,000 - 40 (maker) - 4 × 24,900 - 50.2 (taker) - 1,255
    assert outcome.final == Decimal(100_000) - 40 - 4 * 24_900 - Decimal("50.2") - 1255


def test_a_large_position_keeps_more_than_the_first_brackets_rate():
    """The same 4 BTC: of 100,460 at 25,115 the part beyond 50,000 keeps 0.5 %, in all 452.30; there is equity of 420.

    At 0.4 % for all 401.84 would do, and it would be held.
    """
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1")
    day.mark(59.999, "25300").mark(119.999, "25200", low="25115").quote(58, "25300.0", "25300.1")
    day.quote(119, "25115.0", "25115.1").quote(122, "25115.0", "25115.1").signal(200, 0.5)
    assert both(day, max_leverage=2.0).settled == []
    day.brackets = Brackets(
        (
            Bracket(Decimal(50_000), Decimal("0.004"), Decimal(125)),
            Bracket(Decimal(250_000), Decimal("0.005"), Decimal(100)),
        ),
        DAY,
    )
    for outcome in (both(day, max_leverage=2.0), by_arrays(day, max_leverage=2.0)):
        assert [fill.decision.reason for fill in outcome.fills[1:]] == [OrderReason.LIQUIDATION]
        assert [(one.kind, one.amount) for one in outcome.settled] == [
            (Charge.LIQUIDATION_FEE, Decimal("-1255.75000000"))
        ]


def test_an_order_that_would_carry_a_position_too_far_is_refused():
    """2 BTC at 50,000 where 100,000 is the largest go in; where it is 99,999.99 they are refused, and nothing is held."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1").signal(200, 0.1).quote(200, "50000.0", "50000.1")
    for largest, filled, ends in (("100000", 2, {"FILLED": 2}), ("99999.99", 0, {"REJECTED": 1})):
        day.largest = Decimal(largest)
        for outcome in (both(day, max_leverage=1.0), by_arrays(day, max_leverage=1.0)):
            assert (len(outcome.fills), dict(outcome.orders)) == (filled, ends)


def test_the_strategy_asks_for_no_more_than_it_may_hold():
    """Of 100,000 at 50,000 it would buy 2 BTC; where no more than 60,030 may be held it buys 1.2, in whole steps."""
    day = Scenario(largest=Decimal(60_030), largest_position=Decimal(60_030)).quote(1, "50000.0", "50000.1", "0.5")
    day.trade(10, "50000.0", "0.5").signal(10, 0.9).trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1")
    day.signal(200, 0.1).quote(200, "50000.0", "50000.1")
    for outcome in (both(day, max_leverage=1.0), by_arrays(day, max_leverage=1.0)):
        assert [fill.quantity for fill in outcome.fills] == [Decimal("1.2"), Decimal("1.2")]


@pytest.mark.parametrize(
    ("exits", "reason"), [([], OrderReason.LIQUIDATION), ([30], OrderReason.EXIT)], ids=["still held", "left before"]
)
def test_the_minute_of_a_mark_is_judged_as_one(exits, reason):
    """Bought in second 12 of a minute whose worst mark liquidates: whether it came before or after, nobody can tell.

    What is held at the minute's end is out, by a mark that may be older than the position; what was left before is not.
    """
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1").mark(59.999, "50000", low="25100")
    for second in exits:
        day.signal(second, 0.1)
    outcome = both(day.quote(70, "50000.0", "50000.1"), max_leverage=2.0)
    assert [fill.decision.reason for fill in outcome.fills[1:]] == [reason]
    assert len(outcome.settled) == (reason is OrderReason.LIQUIDATION)


def test_liquidation_can_be_switched_off():
    """Then the position is held to the end of the session."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1").mark(59.999, "25100").quote(200, "50000.0", "50000.1")
    outcome = both(day, max_leverage=2.0, venue={"liquidation": False})
    assert outcome.fills[-1].decision.reason is OrderReason.SESSION_END


@pytest.mark.parametrize("full", [True, False])
def test_settlements_happen_at_their_times(full):
    """To the nanosecond, in either replay."""
    outcome = (
        long_one_btc()
        .funds(15.000_000_003, "0.0001", "50000")
        .trade(30, "50000.0", "0.1")
        .signal(30, 0.1)
        .run(full=full)
    )
    assert outcome.books.rows.filter(outcome.books.rows["kind"] == "funding")["ts"].to_list() == [outcome.settled[0].ts]
