"""What became of an order, decided by hand: accepted, rejected, open; filled, not, open; its price."""

import math

import pytest
from fakes.bounds import TICK, tape_of
from fakes.scenario import Scenario, at

from phoenix_core.execution.depth import Depth
from phoenix_core.intervals.orders import proceeds, resting
from phoenix_core.intervals.prints import SCALE

UNIT = 10**16


def calm():
    """Sales at 100.0 and purchases at 100.1 around second 10 and again at 20: the bid is 100.0 in between."""
    day = Scenario()
    for seconds in (9, 20):
        day.trade(seconds, "100.0", "1").trade(seconds, "100.1", "1", "BUYER")
    return day


def order(day, limit, cancelled=18, until=18):
    limits = (round(limit * 10) * TICK,) * 2
    return resting(tape_of(day), limits, at(10), at(until), at(cancelled))


def test_a_limit_below_every_ask_is_accepted():
    """The ask is 100.1."""
    found = order(calm(), 100.0)
    assert (found.may_be_rejected, found.may_be_accepted) == (False, True)


def test_a_limit_at_the_only_possible_ask_is_rejected():
    """Likewise."""
    found = order(calm(), 100.1)
    assert (found.may_be_rejected, found.may_be_accepted) == (True, False)


def test_between_two_prints_of_different_price_acceptance_is_open():
    """The next sale is at 99.0: at 10 the ask was 100.1, or down to 99.1 already."""
    found = order(calm().trade(15, "99.0", "1").trade(15, "99.1", "1", "BUYER"), 99.5)
    assert (found.may_be_rejected, found.may_be_accepted) == (True, True)


def test_what_is_sold_below_the_limit_surely_fills():
    """0.7 below; whether quotes brought more is open, as the ask may have come down to the limit."""
    found = order(calm().trade(15, "99.9", "0.7"), 100.0)
    assert found.surely == (0.7, 0.7)
    assert found.at_most == (math.inf, math.inf)


def test_what_is_sold_at_the_limit_is_behind_a_queue_that_nobody_knows():
    """Nothing of the 0.7 is sure, all of it possible; the ask was never at the limit."""
    found = order(calm().trade(15, "100.0", "0.7"), 100.0)
    assert (found.surely, found.at_most) == ((0.0, 0.0), (0.7, 0.7))


def test_without_a_print_at_the_limit_nothing_is_filled():
    """Sales at 100.0, a limit of 99.8."""
    found = order(calm().trade(15, "100.0", "5"), 99.8)
    assert (found.surely, found.at_most) == ((0.0, 0.0), (0.0, 0.0))


def test_prints_before_the_arrival_and_after_the_cancellation_bring_nothing():
    """The order stands in (10, 18]."""
    day = calm().trade(10, "99.9", "5").trade(18.001, "99.9", "5").trade(10.3, "100.0", "1").trade(17.9, "100.0", "1")
    assert order(day, 99.9).surely == (0.0, 0.0)


def test_lots_of_the_time_before_an_instant_are_told_apart():
    """0.7 by 16, and 1.2 in all."""
    day = calm().trade(15, "99.9", "0.7").trade(17, "99.9", "0.5")
    assert order(day, 100.0, until=16).surely == pytest.approx((0.7, 1.2))


def hull(low, high):
    return round(low * SCALE), round(high * SCALE)


def test_a_seller_gets_at_best_the_highest_bid():
    """All displayed there."""
    assert proceeds(hull(99, 101), TICK, None).best == 101.0


def test_a_seller_gets_at_worst_what_the_depth_holds():
    """10 lots lie within 1 % of a mid of 100.05, so down to 99.0495, and 20 within 2 %, down to 98.049.

    4 lots lie on average a fifth of the way to the first, 14 reach into the second; each price is a tick less.
    """
    depth = Depth(0, bids=((100, 10 * UNIT), (200, 20 * UNIT)))
    found = proceeds(hull(100, 100), TICK, depth)
    assert found.holds(19.9)
    assert not found.holds(20.1)
    assert found.least(4, 0) == pytest.approx(100 - 0.1 - 0.2 * 0.9505)
    first, second = 99.9 - 0.9505 / 2, 98.9495 - 1.0005 * 0.2
    assert found.least(14, 0) == pytest.approx((10 * first + 4 * second) / 14, abs=1e-4)


def test_a_walk_begins_where_an_earlier_one_may_have_ended():
    """4 lots behind 2 that may have been ours: positions 2 to 6 of 10."""
    found = proceeds(hull(100, 100), TICK, Depth(0, bids=((100, 10 * UNIT),)))
    assert found.least(4, 2) == pytest.approx(99.9 - 0.4 * 0.9505)


def test_where_the_hull_is_wider_than_a_band_all_may_go_at_the_last_band():
    """A bid of 98 to 100: the band of 1 % may lie within the spread, and is passed over then."""
    found = proceeds(hull(98, 100), TICK, Depth(0, bids=((100, 10 * UNIT), (500, 20 * UNIT))))
    assert found.least(1, 0) == pytest.approx(98.05 * 0.95 - 0.1)


def test_without_depth_nothing_is_sure_to_be_taken_unless_it_must():
    """What must be closed pays 5 % from the lowest mid of 100.05, and a tick."""
    assert not proceeds(hull(100, 100), TICK, None).holds(0.001)
    forced = proceeds(hull(100, 100), TICK, None, is_forced=True)
    assert forced.holds(1e9)
    assert forced.least(3, 0) == pytest.approx(100.05 * 0.95 - 0.1)
