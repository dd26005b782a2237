"""Days of spot:BTCUSDT by hand: two balances, nothing lent, fees taken from what a fill brings."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario, as_rows, both, recomputed
from fakes.scripted import Script, played
from hypothesis import given, settings
from hypothesis import strategies as st

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.ledger import fills_frame
from phoenix_core.execution.holding import Payoff
from phoenix_core.verification.books import check_ledger

SYMBOL = "spot:BTCUSDT"
SPOT = Payoff(dust=Decimal("0.00001"))


def trip():
    """Bought in two parts at 50,000, sold at 50,100; a mark falls to nothing meanwhile."""
    day = Scenario(symbol=SYMBOL).quote(1, "50000.00", "50000.01", "0.5").trade(5, "50000.00", "0.1").signal(5, 0.9)
    day.trade(7, "50000.00", "0.9").trade(8, "50000.00", "9").quote(9, "50000.00", "50000.01")
    day.mark(59.999, "1").quote(110, "50100.00", "50100.01")
    return day.signal(120, 0.1)


def test_a_round_trip_with_fees_from_what_fills_bring():
    """From 100,000 to 99,999.849601 USDT and 0.00000001 BTC.

    Half of it less two steps' worth is 49,999.5, 0.99999 at 50,000. 0.5 stand ahead: 0.4 are bought, then 0.59999, for
    20,000 and 29,999.5; the fee of a promille takes 0.0004 and 0.00059999 coins. 0.99899001 are left, of which 0.99899 can
    be sold: for 50,049.399 less 50.049399. The account counts the last coin's hundred-millionth at its cost, 0.0005.
    """
    outcome = both(trip(), max_leverage=0.5)
    assert [(str(one.quantity), str(one.fee_in_base), str(one.fee)) for one in outcome.fills] == [
        ("0.4", "0.0004", "20.00000000"),
        ("0.59999", "0.00059999", "29.99950000"),
        ("0.99899", "0", "50.049399"),
    ]
    assert outcome.balances == (Decimal("99999.849601"), Decimal("0.00000001"))
    assert outcome.final == Decimal("99999.850101")
    parts = outcome.books.parts
    assert (parts.fees, parts.funding) == (Decimal("-100.048899"), 0)
    assert parts.price + parts.slippage == Decimal("99.899")
    assert outcome.settled == []  # nothing was lent, so the mark is nobody's business


def test_a_trip_ends_when_no_more_can_be_sold():
    """What is left below a step opens no trip and hides none: two trips are two, and the coins add up."""
    day = trip().quote(200, "50000.00", "50000.01", "0.5").signal(201, 0.9).trade(203, "50000.00", "9")
    day.quote(204, "50000.00", "50000.01").signal(300, 0.1)
    outcome = both(day, max_leverage=0.5)
    assert outcome.books.round_trips["quantity"].to_list() == [Decimal("0.99999"), Decimal("0.99998")]
    assert Decimal(0) < outcome.balances[1] < SPOT.dust


def test_fees_from_quote_units_leave_the_coins_whole():
    """20 and 29.9995 of the purchases, 50.099499 of 50,099.499: 99,999.900001, and not a coin left."""
    outcome = both(trip(), venue={"spot_fee": "quote"}, max_leverage=0.5)
    assert outcome.balances == (Decimal("99999.900001"), 0)
    assert outcome.final == Decimal("99999.900001")


@pytest.mark.parametrize("fee", ["received", "quote"])
def test_the_second_implementation_has_the_same_balances(fee):
    """Fills, and both currencies to the last decimal."""
    outcome = both(trip(), venue={"spot_fee": fee}, max_leverage=0.5)
    second = recomputed(trip(), outcome, {"spot_fee": fee})
    assert second.fills == as_rows(outcome.fills)
    assert (second.cash, second.held) == outcome.balances


def test_the_books_are_posted_anew_with_the_coins_that_fees_took():
    """By fractions; without them the position would differ."""
    outcome = both(trip(), max_leverage=0.5)
    parts = outcome.books.parts
    document = {
        "experiment": {"venue": {"starting_balance": "100000"}},
        "parts": {name: str(getattr(parts, name)) for name in ("price", "slippage", "fees", "funding", "net")},
        "final_balance": str(outcome.final),
    }
    fills = fills_frame(outcome.fills, payoff=SPOT)
    assert check_ledger(document, fills, outcome.books.rows, outcome.books.round_trips).differences == ()
    without = fills.drop("fee_in_base")
    assert check_ledger(document, without, outcome.books.rows, outcome.books.round_trips).differences


def quiet():
    """A market that shows a lot and never moves."""
    day = Scenario(symbol=SYMBOL)
    for second in range(1, 9):
        day.quote(second, "50000.00", "50000.01", "100", "100")
    return day


def test_what_is_not_there_is_neither_sold_nor_paid():
    """No short sale, no purchase on credit, and orders in the book have their money put aside."""
    script = Script().send(1.1, "SELL", "0.1").send(2.1, "BUY", "2.1").send(3.1, "BUY", "1.5", "49000.00")
    script.send(4.1, "BUY", "0.6").send(5.1, "BUY", "0.5").send(6.1, "SELL", "0.5")
    result = played(quiet(), script, starting_balance=100_000)
    assert result.statuses == ["REJECTED", "REJECTED", "ACCEPTED", "REJECTED", "FILLED", "REJECTED"]
    assert result.balances == (Decimal("74999.995"), Decimal("0.4995"))  # 0.0005 went as fee


def test_nothing_is_bought_with_more_than_there_is_however_bold_the_strategy():
    """Twice the balance is asked for, a balance less the fee is bought."""
    fills = both(trip(), max_leverage=2.0).fills
    assert sum(fill.quantity for fill in fills if fill.side == "BUY") == Decimal("1.99798")  # 99,999 / 1.001 / 50,000


def test_the_choice_of_fees_leaves_other_experiments_as_they_were():
    """It is in an experiment's description only where it is not the default."""
    day = {"first": "2024-03-30", "last": "2024-03-30"}
    plain = Experiment.parse(listing=SYMBOL, **day)
    asked = Experiment.parse(listing=SYMBOL, venue={"spot_fee": "received"}, **day)
    other = Experiment.parse(listing=SYMBOL, venue={"spot_fee": "quote"}, **day)
    assert "spot_fee" not in plain.model_dump(mode="json")["venue"]
    assert plain.name == asked.name != other.name
    assert Experiment.parse(**other.model_dump(mode="json")) == other


ORDERS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 90_000), st.sampled_from([None, -200, 0, 200])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.lists(st.integers(-90, 90), min_size=12, max_size=12), st.sampled_from(["received", "quote"]))
def test_any_orders_leave_both_implementations_with_the_same_balances(orders, moves, fee):
    """And with the same refusals; no coin is ever owed."""
    day, cents = Scenario(symbol=SYMBOL), 5_000_000
    script = Script()
    for number, move in enumerate(moves):
        cents += move
        day.quote(1 + number, f"{cents / 100:.2f}", f"{(cents + 1) / 100:.2f}", "0.3", "0.3")
        day.trade(1.5 + number, f"{cents / 100:.2f}", "0.4", "SELLER")
    for number, (side, lots, offset) in enumerate(orders):
        limit = None if offset is None else f"{(5_000_000 + offset) / 100:.2f}"
        script.send(1.1 + number, side, f"{lots / 100_000:.5f}", limit)
    result = played(day, script, until=30, starting_balance=50_000, spot_fee=fee)
    assert result.balances == result.balances_recomputed
    assert result.balances[1] >= 0
    assert abs(result.worth - result.balances[0] - result.balances[1] * 50_000) < Decimal("0.000001")
