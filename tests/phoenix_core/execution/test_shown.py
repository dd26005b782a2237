"""What of a side is still to be had, worked by hand from rule 9 of docs/fills.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.execution.shown import Shown


@pytest.fixture
def asks():
    """5 lots at 100, all of them taken by us."""
    side = Shown(+1)
    side.show(100, 5)
    assert (side.take(3, 100), side.take(9, 100)) == (3, 2)
    return side


def test_each_lot_is_taken_once(asks):
    """Of 7 that are shown after 5 were taken, 2 may be new; of 5 none, of 4 none either."""
    for size, left in ((7, 2), (5, 0), (4, 0)):
        asks.show(100, size)
        assert asks.left == left


def test_lots_at_a_better_price_may_be_those_that_were_taken(asks):
    """They may have moved from 100 to 99; at 101, beyond all that was taken, every lot is new."""
    asks.show(99, 6)
    assert asks.left == 1
    asks.show(101, 6)
    assert asks.left == 6


def test_what_others_took_is_no_longer_shown(asks):
    """Of 5 taken by us others took 3 at 100 or better: of 5 shown 3 are new. What they paid above 100 says nothing."""
    asks.traded(101, 2)
    asks.show(100, 5)
    assert asks.left == 0
    asks.traded(100, 2)
    asks.traded(99, 1)
    assert asks.left == 3


def test_others_leave_no_credit(asks):
    """They took 9, more than our 5: of the 4 shown then 4 are to be had, and once taken none."""
    asks.traded(100, 9)
    asks.show(100, 4)
    assert asks.take(9, 100) == 4
    assert asks.left == 0


def test_the_worst_price_of_all_that_was_taken_counts():
    """Taken up to 102 and then up to 101: 102 is not beyond it, 103 is."""
    asks = Shown(+1)
    asks.note(2, 102)
    asks.note(1, 101)
    asks.show(102, 5)
    assert asks.left == 2
    asks.show(103, 5)
    assert asks.left == 5


def test_taking_nothing_remembers_nothing():
    """An order that found no lots does not move the worst price."""
    asks = Shown(+1)
    asks.show(100, 5)
    asks.take(2, 100)
    asks.note(0, 110)
    asks.show(101, 5)
    assert asks.left == 5


PRICES, LOTS = st.integers(90, 110), st.integers(0, 9)
STEPS = st.lists(st.tuples(st.sampled_from(["show", "traded", "take"]), PRICES, LOTS), max_size=30)


def lots_left(sign, steps):
    side = Shown(sign)
    for name, price, lots in steps:
        mirrored = price if sign > 0 else 200 - price
        getattr(side, name)(*((lots, mirrored) if name == "take" else (mirrored, lots)))
        yield side.left


@given(STEPS)
def test_bids_are_the_mirror_image_of_asks(steps):
    """Prices mirrored at 100, whatever happens: as many lots are left."""
    assert list(lots_left(+1, steps)) == list(lots_left(-1, steps))
