"""Contracts as money: by hand, and laws that hold whatever is traded."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.execution.holding import Payoff

LINEAR, INVERSE = Payoff(), Payoff(Decimal(100))
FILLS = st.lists(
    st.tuples(
        st.integers(-500, 500).filter(bool).map(Decimal),
        st.integers(100_000, 1_500_000).map(lambda tenths: Decimal(tenths) / 10),
    ),
    min_size=1,
    max_size=8,
)


def test_an_inverse_entry_is_the_price_at_which_all_of_it_is_worth_as_much():
    """100 contracts at 50,000 and 100 at 100,000 cost 0.2 + 0.1 coins: 20,000 USD at 66,666.67, not at 75,000."""
    held = INVERSE.holding()
    assert held.fill(Decimal(100), Decimal(50_000)) == held.fill(Decimal(100), Decimal(100_000)) == 0
    assert round(held.entry, 8) == Decimal("66666.66666667")
    assert held.gain(Decimal(80_000)) == Decimal("0.05")  # 0.3 - 20,000 / 80,000
    assert held.fill(Decimal(-200), Decimal(80_000)) == Decimal("0.05")
    assert (held.quantity, held.gain(Decimal(1))) == (0, 0)


def test_each_worth_is_rounded_once():
    """7 contracts at 30,000 are 0.02333333 coins; sold in parts of 3 and 4 at 31,000 for 0.00967742 and 0.01290323.

    The parts cost 3 / 7 of it, 0.01 (0.00999999857 rounded), and the rest, 0.01333333.
    """
    held = INVERSE.holding()
    held.fill(Decimal(7), Decimal(30_000))
    assert held.fill(Decimal(-3), Decimal(31_000)) == Decimal("0.01000000") - Decimal("0.00967742")
    assert held.fill(Decimal(-4), Decimal(31_000)) == Decimal("0.01333333") - Decimal("0.01290323")


def test_a_short_of_coins_gains_where_the_price_falls():
    """100 contracts sold at 50,000 owe 0.2 coins; bought back at 40,000 they are worth 0.25."""
    held = INVERSE.holding()
    held.fill(Decimal(-100), Decimal(50_000))
    assert held.gain(Decimal(40_000)) == Decimal("0.05")
    assert held.fill(Decimal(100), Decimal(40_000)) == Decimal("0.05")


def test_a_fill_closes_before_it_opens():
    """100 long from 50,000 and 300 sold at 60,000: a third of the 0.5 coins closes, two thirds are short from there."""
    held = INVERSE.holding()
    held.fill(Decimal(100), Decimal(50_000))
    assert held.fill(Decimal(-300), Decimal(60_000)) == Decimal("0.2") - Decimal("0.16666667")
    assert (held.quantity, held.entry) == (-200, 60_000)
    assert held.gain(Decimal(60_000)) == 0


@pytest.mark.parametrize(
    ("payoff", "value", "notional", "affordable"),
    [(LINEAR, "150000", "150000", "0.00006"), (INVERSE, "0.00600000", "300", "1500")],
)
def test_worth_and_size(payoff, value, notional, affordable):
    """3 at 50,000: 150,000 quote units, or 0.006 coins of 300; and what 3 of the settlement currency buy there."""
    three, price = Decimal(3), Decimal(50_000)
    assert payoff.value(three, price) == Decimal(value)
    assert payoff.notional(three, price) == Decimal(notional)
    assert payoff.affordable(three, price) == Decimal(affordable)


def test_slippage_is_against_the_mid():
    """Whoever buys above it, or sells below it, has lost, in either currency; without a mid nothing is told of coins."""
    assert LINEAR.slippage(Decimal(2), Decimal(101), Decimal(100)) == -2
    assert INVERSE.slippage(Decimal(100), Decimal(50_000), Decimal(40_000)) == Decimal("0.2") - Decimal("0.25")
    assert INVERSE.slippage(Decimal(-100), Decimal(40_000), Decimal(50_000)) == Decimal("0.2") - Decimal("0.25")
    assert INVERSE.slippage(Decimal(100), Decimal(50_000), Decimal(0)) == 0


@given(FILLS)
def test_from_flat_to_flat_coins_bought_less_coins_sold_are_the_gain(fills):
    """However fills close and reverse: no decimal is lost or made on the way."""
    held, price = INVERSE.holding(), Decimal("43210.9")
    left = sum(signed for signed, _ in fills)
    whole = [*fills, *([(-left, price)] if left else [])]
    gained = sum(held.fill(signed, paid) for signed, paid in whole)
    assert held.quantity == 0
    assert gained == sum(INVERSE.value(signed, paid) for signed, paid in whole)


@given(FILLS)
def test_what_is_held_gains_what_closing_it_would_realize(fills):
    """Of both kinds; and the inverse one's entry is where that is nothing, to a unit of the last decimal."""
    price = Decimal("43210.9")
    for payoff in (LINEAR, INVERSE):
        held = payoff.holding()
        for signed, paid in fills:
            held.fill(signed, paid)
        if held.quantity:
            gain, quantity, entry = held.gain(price), held.quantity, held.entry
            exact = Fraction(quantity) * (
                Fraction(price) - Fraction(entry) if payoff is LINEAR else 100 / Fraction(entry) - 100 / Fraction(price)
            )
            assert abs(exact - Fraction(gain)) <= Fraction(len(fills) + 1, 10**8)
            assert abs(held.fill(-quantity, price) - gain) <= Decimal("1e-20")
