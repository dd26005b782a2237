"""Where trades alone put the quotes; prices in tenths, as BTCUSDT's ticks."""

from decimal import Decimal

import numpy as np
import polars as pl
from fakes.bounds import TICK, tape_of
from fakes.scenario import Scenario, at
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.intervals.prints import SCALE, scaled


def prints():
    """Sales at 100.0 and 99.0, purchases at 100.3 and 99.4."""
    day = Scenario().trade(10, "100.0", "1").trade(11, "100.3", "1", "BUYER")
    return day.trade(20, "99.4", "2", "BUYER").trade(21, "99.0", "3")


def bid(tape, seconds, until=None):
    return [price / SCALE for price in tape.bid(at(seconds), at(until or seconds))]


def test_the_bid_lies_between_the_last_and_the_next_print_of_each_side():
    """At 15: sales 100.0 and 99.0, purchases 100.3 and 99.4, a tick less each."""
    assert bid(tape_of(prints()), 15) == [99.0, 100.2]


def test_a_print_counts_from_its_own_instant():
    """At 20 the purchase of 99.4 is the last one, and there is no next; that of the minute before stands for it."""
    assert bid(tape_of(prints()), 20) == [99.0, 100.2]


def test_a_margin_looks_at_further_prints():
    """Half a second before 11 and after it: the print of 10 is still the last sale, and both purchases count."""
    tape = tape_of(prints().trade(10.9, "98.0", "1"), margin_ns=500_000_000)
    assert bid(tape, 11.2)[0] == 98.0
    assert bid(tape_of(prints().trade(10.6, "97.0", "1").trade(10.9, "98.0", "1")), 11.2)[0] == 98.0
    assert bid(tape_of(prints().trade(10.6, "97.0", "1").trade(10.9, "98.0", "1"), 500_000_000), 11.2)[0] == 97.0


def test_over_a_time_every_print_in_it_counts():
    """From 12 to 25 the sale of 99.0 is inside, at its end no later print is known."""
    assert bid(tape_of(prints().trade(15, "90.0", "1")), 12, 25) == [90.0, 100.2]


def test_many_times_at_once_are_the_same_as_one_by_one():
    """Drawn times, also before the first print and after the last."""
    tape, times = tape_of(prints()), np.sort(np.random.default_rng(1).integers(at(5), at(30), 50))
    low, high = tape.bids(times, times)
    assert list(zip(low, high, strict=True)) == [tape.bid(int(one)) for one in times]


def test_sold_lots_are_those_below_and_at_two_prices():
    """Sales of (10, 21]: 3 at 99.0. Below 99.0 none, at 99.0 or below 3."""
    tape = tape_of(prints())
    assert tape.sold(at(10), at(21), (990 * TICK, 990 * TICK)) == (0.0, 3.0)
    assert tape.sold(at(10), at(20.999), (1000 * TICK, 1000 * TICK)) == (0.0, 0.0)
    assert tape.sold(at(9), at(21), (1000 * TICK, 1000 * TICK)) == (3.0, 4.0)


def test_the_last_sale_is_none_before_the_first():
    """A limit below the last sale needs one."""
    tape = tape_of(prints())
    assert tape.last_sale(at(9.999)) is None
    assert tape.last_sale(at(20)) == 100 * SCALE


@given(
    st.lists(
        st.integers(0, 10**17).map(lambda n: Decimal(n).scaleb(-8))
        | st.integers(0, 10**22).map(lambda n: Decimal(n).scaleb(-16)),
        max_size=20,
    )
)
def test_prices_become_the_same_integers_as_by_division(prices):
    """Whole multiples by a multiplication, finer ones by the division itself."""
    column = pl.Series("price", prices, pl.Decimal(38, 16))
    assert scaled(column).tolist() == [int(price * SCALE) for price in prices]
