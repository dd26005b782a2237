"""Walks into the depth, worked by hand from rules 7 and 8 of docs/fills.md.

The mid is 1,000, the best ask 1,010 with 10 lots; 2 % are 1,020, 4 % are 1,040. The best bid is its mirror image.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.execution.depth import Grid, Walk
from phoenix_core.execution.shown import Shown

BANDS = ((200, 110), (400, 310))


def walk(sign=+1, bands=BANDS, tick=1, step=1, price=None, mid=1000):
    best = 1000 + 10 * sign if price is None else price
    return Walk(Shown(sign, best, 10), Fraction(mid), bands, Grid(tick, step))


def test_each_stretch_is_paid_at_its_middle():
    """100 lots from 1,010 to 1,020: 1,015. 50 of 200 from 1,020 to 1,040: their middle is 1,022.5, paid 1,023."""
    assert list(walk().steps(150, 0, None)) == [(1015, 100, 110), (1023, 50, 160)]


def test_a_seller_is_the_mirror_image():
    """From 990 down to 980 and 960: 985, and 977.5, which the tick makes 977."""
    assert list(walk(-1).steps(150, 0, None)) == [(985, 100, 110), (977, 50, 160)]


def test_a_walk_begins_where_the_last_one_ended():
    """Lots 60 to 80 of the stretch from 10 to 110: their middle, 70, is six tenths of the way."""
    assert list(walk().steps(20, 60, None)) == [(1016, 20, 80)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1015, [(1013, 50, 60)]),  # half of the way, 50 lots, whose middle is 1,012.5
        (1020, [(1015, 100, 110)]),
        (1010, []),
        (1005, []),
    ],
)
def test_no_lot_beyond_the_limit_is_taken(limit, expected):
    """Nor any of a stretch that begins there, though bands hold lots enough."""
    assert list(walk().steps(150, 0, limit)) == expected


def test_quantities_are_rounded_down_to_the_step():
    """Steps of 7: 98 of 100 lots, middle 1,014.9; 196 of 200, middle 1,029.8."""
    assert list(walk(step=7).steps(700, 0, None)) == [(1015, 98, 108), (1030, 196, 306)]


def test_bands_that_add_nothing_are_passed_over():
    """One nearer than the best ask, and one with no more lots: 300 lie between 1,010 and 1,040, 150 up to 1,025."""
    assert list(walk(bands=((50, 40), (200, 10), (400, 310))).steps(150, 0, None)) == [(1018, 150, 160)]


@pytest.mark.parametrize(
    ("sign", "price", "mid", "tick", "expected"),
    [
        (+1, None, 1000, 1, 1050),
        (-1, None, 1000, 1, 950),
        (+1, None, 1001, 10, 1060),  # 1,051.05 on the tick that is no better
        (-1, None, 1001, 10, 950),  # 950.95 likewise
        (+1, 1100, 1000, 1, 1100),
        (-1, 900, 1000, 1, 900),
    ],
)
def test_the_last_resort_is_five_percent_away_or_the_best_price(sign, price, mid, tick, expected):
    """Whichever is worse for whoever must close."""
    assert walk(sign, price=price, mid=mid, tick=tick).last_resort(500) == expected


@given(st.integers(1, 400), st.integers(1, 400))
def test_two_walks_take_no_more_than_the_bands_hold(first, second):
    """The second goes on where the first ended: together they take what one walk for both would."""
    taken = list(walk().steps(first, 0, None))
    reached = taken[-1][2]
    again = list(walk().steps(second, reached, None))
    assert sum(lots for _, lots, _ in taken + again) == min(first + second, 300)
