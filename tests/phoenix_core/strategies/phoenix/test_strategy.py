"""The strategy on days made by hand. Each defect of the scripts it grew from is held right here."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario, at, both

from phoenix_core.execution.decisions import OrderReason
from phoenix_core.strategies.phoenix.parameters import StrategyParameters


def rising_pressure():
    """A calm book at 50,000 and one entry signal at second 10."""
    return Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)


@pytest.fixture
def market_of_the_last_second():
    """An entry works at the end of the day; a sale comes 10 ms after the first closing, at which it is cancelled."""
    end = 86_400 - 2 * 0.032
    day = (
        Scenario().quote(end - 20, "50000.0", "50000.1", "0.5").trade(end - 10, "50000.0", "0.5").signal(end - 10, 0.9)
    )
    day.quote(end - 9, "50000.0", "50000.1", "1")
    return day.trade(end + 0.010, "50000.0", "5").quote(end + 0.011, "50000.0", "50000.1")


def sides(outcome):
    return [(fill.side, fill.decision.reason) for fill in outcome.fills]


ENTRY_AND_EXIT = [("BUY", OrderReason.ENTRY), ("SELL", OrderReason.EXIT)]


def test_entry_is_post_only_at_the_bid_and_exit_at_market():
    """One tick above the bid would cross, so the order rests at the bid; sales fill it; pressure gone, out."""
    day = rising_pressure().quote(10.1, "50000.0", "50000.1").trade(12, "50000.0", "5").signal(20, 0.1)
    outcome = both(day.quote(15, "50010.0", "50010.1"))
    assert sides(outcome) == ENTRY_AND_EXIT
    entry, leave = outcome.fills
    assert (entry.price, entry.quantity, entry.liquidity) == (Decimal("50000.00"), Decimal("1.000"), "MAKER")
    assert (leave.price, leave.liquidity) == (Decimal("50010.00"), "TAKER")


def test_the_spread_is_improved_where_there_is_room():
    """One tick above the bid, when the ask is further away."""
    day = Scenario().quote(1, "50000.0", "50001.0").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.quote(10.1, "50000.0", "50001.0").trade(12, "50000.0", "5").quote(13, "50000.0", "50001.0")
    assert both(day).fills[0].price == Decimal("50000.10")


def test_an_order_is_on_the_tick():
    """Beside an odd two-decimal bid of 50,000.06 the order stands at 50,000.10, not at 50,000.16."""
    day = Scenario().quote(1, "50000.06", "50001.0").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.quote(10.1, "50000.06", "50001.0").trade(12, "50000.0", "5").quote(13, "50000.0", "50001.0")
    assert both(day).fills[0].price == Decimal("50000.10")


def test_an_order_below_the_least_notional_is_not_sent():
    """The exchange takes none under 100 USDT."""
    day = rising_pressure().trade(12, "50000.0", "5")
    assert both(day, venue={"starting_balance": 190}).orders == {}
    assert both(day, venue={"starting_balance": 250}).orders != {}


def test_what_is_bought_while_the_session_ends_is_sold(market_of_the_last_second):
    """The entry fills after the session's end asked to cancel it, before the request arrives: sold all the same."""
    outcome = both(market_of_the_last_second, venue={"order_latency_ms": 30})
    assert sides(outcome) == [("BUY", OrderReason.ENTRY), ("SELL", OrderReason.SESSION_END)]


def test_falling_open_interest_does_not_hold_back_the_exit():
    """The regime gates entries only: in a liquidation open interest falls, and the position is closed."""
    day = rising_pressure().trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1").signal(20, 0.1, oi_z=-3.0)
    assert sides(both(day)) == ENTRY_AND_EXIT


@pytest.mark.parametrize(
    "signal",
    [
        {"lpi": 0.75},
        {"lpi": 0.9, "oi_z": 1.4},
        {"lpi": 0.9, "oi_z": None},
        {"lpi": 0.9, "ldr": None},
        {"lpi": 0.9, "fsi_ready": False},
    ],
)
def test_no_entry_without_pressure_crowding_and_knowledge(signal):
    """LPI must exceed its threshold, crowding reach its own, and every gate's value be known."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, **signal)
    assert both(day.trade(12, "50000.0", "5")).fills == []


def test_gates_can_be_switched_off():
    """Then neither open interest nor depth need be known."""
    day = (
        Scenario()
        .quote(1, "50000.0", "50000.1", "0.5")
        .trade(10, "50000.0", "0.5")
        .signal(10, 0.6, oi_z=None, ldr=None)
    )
    outcome = both(day.trade(12, "50000.0", "5"), oi_gate=False, depth_gate=False, lpi_entry_threshold=0.5)
    assert sides(outcome)[0] == ("BUY", OrderReason.ENTRY)


def test_an_order_is_tracked_beyond_its_first_partial_fill():
    """Two sales fill 0.4 and 0.6; a signal between them opens no second order."""
    day = rising_pressure().quote(10.001, "50000.0", "50000.1").trade(12, "50000.0", "0.4").signal(12.5, 0.95)
    day.trade(13, "50000.0", "3").quote(14, "50000.0", "50000.1").signal(20, 0.1)
    outcome = both(day, venue={"queue_position": False})
    entries = [fill for fill in outcome.fills if fill.side == "BUY"]
    assert [fill.quantity for fill in entries] == [Decimal("0.400"), Decimal("0.600")]
    assert len({fill.order_id for fill in entries}) == 1
    assert outcome.orders == {"FILLED": 2}


def test_an_entry_that_never_fills_has_a_life():
    """After 60 s it is cancelled, and the next signal enters."""
    day = rising_pressure().quote(11, "50005.0", "50005.1").trade(11.5, "50005.0", "0.1")
    day.trade(75, "50005.0", "0.1").quote(76, "50005.0", "50005.1", "1")
    day.trade(90, "50005.0", "0.1").signal(90, 0.9).trade(95, "50005.0", "5").signal(99, 0.1)
    outcome = both(day.quote(98, "50005.0", "50005.1"))
    assert outcome.orders == {"CANCELED": 1, "FILLED": 2}
    assert [fill.ts >= at(90) for fill in outcome.fills] == [True, True]


def test_an_entry_can_be_quoted_anew():
    """With requote a timeout is followed by an order at the new bid."""
    day = rising_pressure().quote(11, "50005.0", "50005.1", "2").trade(80, "50005.0", "5")
    outcome = both(day.quote(81, "50005.0", "50005.1"), requote=True)
    assert outcome.fills[0].price == Decimal("50005.00")
    assert outcome.orders["CANCELED"] == 1


def test_a_rejected_entry_makes_room_for_the_next():
    """The market fell while the order was on its way: it would cross, is rejected, and the next one stands."""
    day = rising_pressure().quote(10.01, "49990.0", "49990.1", "1").trade(12, "49990.0", "0.1").signal(12, 0.9)
    day.trade(14, "49990.0", "5").quote(13, "49990.0", "49990.1", "1").signal(20, 0.1).quote(19, "49990.0", "49990.1")
    outcome = both(day, venue={"order_latency_ms": 30})
    assert outcome.orders == {"FILLED": 2, "REJECTED": 1}
    assert outcome.fills[0].price == Decimal("49990.00")


def test_a_working_entry_is_cancelled_when_the_pressure_is_gone():
    """Nothing is bought after the reason to buy has passed."""
    day = rising_pressure().quote(11, "50005.0", "50005.1").signal(15, 0.1).trade(20, "50000.0", "5")
    outcome = both(day)
    assert (outcome.fills, outcome.orders) == ([], {"CANCELED": 1})


def test_latency_is_between_decision_and_market():
    """A sale 20 ms after the signal does not fill an order that takes 30 ms to arrive."""
    day = rising_pressure().trade(10.02, "50000.0", "5").quote(10.025, "50000.0", "50000.1")
    day.quote(10.05, "50000.0", "50000.1")
    assert both(day, venue={"order_latency_ms": 30}).fills == []
    assert both(day, venue={"order_latency_ms": 10}).fills[0].side == "BUY"


def test_what_is_open_at_the_end_is_closed_and_counted():
    """At market, with a taker's fee, as the session's end."""
    outcome = both(rising_pressure().trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1"))
    assert sides(outcome) == [("BUY", OrderReason.ENTRY), ("SELL", OrderReason.SESSION_END)]
    assert outcome.fills[1].liquidity == "TAKER"


def test_quotes_are_implied_where_there_are_none():
    """The last sale is the bid, the last purchase the ask; an entry rests at the bid and fills."""
    day = Scenario().trade(1, "50000.0", "1").trade(2, "50000.1", "1", "BUYER").trade(10, "50000.0", "1")
    day.signal(10, 0.9).trade(11, "50000.0", "2").trade(12, "49999.9", "9").signal(20, 0.1).trade(25, "49999.9", "1")
    outcome = both(day)
    assert sides(outcome) == ENTRY_AND_EXIT
    assert outcome.fills[0].price == Decimal("50000.00")


def seeds_fraction(volatility, kappa=0.5, alpha=0.0005, jumps=0.0001, floor=0.001):
    """The seed's: it floors a variance with a volatility."""
    return kappa * alpha / (max(volatility**2, floor) + jumps)


def test_the_floor_holds_the_volatility_not_the_variance():
    """At 2 % an hour: 0.00025 / (0.0004 + 0.0001) = 0.5. The seed's floor of 0.001 made it 0.23."""
    chosen = StrategyParameters(max_leverage=100.0)
    assert chosen.kelly_fraction(0.02) == pytest.approx(0.5, abs=1e-12)
    assert seeds_fraction(0.02) == pytest.approx(0.2272727, abs=1e-6)
    assert chosen.kelly_fraction(0.0) == chosen.kelly_fraction(0.001) == pytest.approx(0.00025 / 0.000101, abs=1e-9)


def test_size_is_kelly_by_equity_floored_to_the_step():
    """100,000 × 0.5 / 50,000 = 1; at a third of the leverage 0.333, never rounded up."""
    day = rising_pressure().trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1")
    assert both(day, max_leverage=1 / 6).fills[0].quantity == Decimal("0.333")


def test_a_negative_edge_buys_nothing():
    """No expected return, no order."""
    day = rising_pressure().trade(12, "50000.0", "5")
    assert both(day, expected_alpha=-0.001).orders == {}
