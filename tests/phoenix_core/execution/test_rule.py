"""The kernel alone, in integers: what `test_exchange.py` shows with an engine around it, and what is simpler without.

The market: bid 100 x 10, ask 101 x 20.
"""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phoenix_core.execution.depth import Depth, Grid
from phoenix_core.execution.rule import Filled, Market, Order, QueueDepletion, Rule

RULE = Rule(Grid(1, 1))


def market(**how):
    made = Market(replace(RULE, **how))
    made.quote(100, 10, 101, 20)
    return made


def buy(key="a", quantity=5, price=100, **how):
    return Order(key, +1, quantity, price, rests=True, **how)


def test_would_take_asks_whether_the_limit_reaches_the_other_side():
    """A buyer at 101 and any order at market do; a buyer at 100 and a seller at 101 do not."""
    made = market()
    taking = [buy(price=101), buy(price=102), Order("m", +1, 1), Order("s", -1, 1, 100), Order("n", -1, 1)]
    assert all(made.would_take(order) for order in taking)
    assert not any(made.would_take(order) for order in (buy(), Order("s", -1, 1, 101)))


@pytest.mark.parametrize(("queues", "got"), [(True, 2), (False, 5)])
def test_a_maker_waits_for_those_ahead_if_there_is_a_queue(queues, got):
    """10 ahead: of a sale of 12 it gets 2; without a queue all of its 5."""
    made = market(queues=queues)
    assert made.arrive(buy()) == []
    assert made.trade(100, 12, -1) == [Filled("a", 100, got, is_maker=True)]
    assert [order.key for order in made.resting] == (["a"] if queues else [])


def test_a_touch_may_be_lost_but_moves_the_queue():
    """The draw fails at the very price; a sale below it fills whatever the draw."""
    made = market(touched=lambda: False)
    made.arrive(buy())
    assert made.trade(100, 15, -1) == []
    assert made.resting[0].ahead == 0
    assert made.trade(99, 4, -1) == [Filled("a", 100, 4, is_maker=True)]


def test_only_what_is_at_market_slips():
    """A tick more for a buyer, a tick less for a seller, nothing for an order with a limit."""
    made = market(slipped=lambda: True)
    assert made.arrive(Order("m", +1, 1)) == [Filled("m", 102, 1, is_maker=False)]
    assert made.arrive(Order("n", -1, 1)) == [Filled("n", 99, 1, is_maker=False)]
    assert made.arrive(buy(quantity=1, price=101)) == [Filled("a", 101, 1, is_maker=False)]


def test_what_is_left_rests_only_where_it_may():
    """25 asked for, 20 shown: 5 stand at 101 with nobody ahead; of an order that must not rest nothing stays."""
    for rests in (True, False):
        made, order = market(), replace(buy(quantity=25, price=101), rests=rests)
        assert made.arrive(order) == [Filled("a", 101, 20, is_maker=False)]
        assert order.quantity == 5
        assert made.resting == ([order] if rests else [])


def test_depth_stays_taken_when_the_lots_shown_are_forgotten():
    """Bid 990, ask 1,010 x 10, 100 more lots up to 1,020.

    30 get 10 and lots 10 to 30, middle 1,011; the next 20 lots 30 to 50, middle 1,013. Then the 10 shown are forgotten to
    be taken, but not the depth: lots 50 to 60, middle 1,014.5. The next snapshot begins at 10 again.
    """
    made = Market(RULE)
    made.quote(990, 1, 1010, 10)
    old, new = Depth(7, asks=((200, 110),)), Depth(8, asks=((200, 110),))
    assert [one[1:3] for one in made.arrive(Order("a", +1, 30), old)] == [(1010, 10), (1011, 20)]
    assert [one[1:3] for one in made.arrive(Order("b", +1, 20), old)] == [(1013, 20)]
    made.forget()
    assert [one[1:3] for one in made.arrive(Order("c", +1, 20), old)] == [(1010, 10), (1015, 10)]
    assert [one[1:3] for one in made.arrive(Order("d", +1, 20), new)] == [(1011, 20)]


def test_what_must_be_closed_finds_an_end_without_any_depth():
    """Mid 1,000: 2 at the ask of 1,010 and 8 at 1,050; a seller's rest goes at 950."""
    made = Market(RULE)
    made.quote(990, 1, 1010, 2)
    assert [one[1:3] for one in made.arrive(Order("a", +1, 10, forced=True))] == [(1010, 2), (1050, 8)]
    assert [one[1:3] for one in made.arrive(Order("b", -1, 10, forced=True))] == [(990, 1), (950, 9)]


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(95, 104), st.integers(1, 3), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("trade"), st.integers(95, 105), st.integers(1, 9), st.sampled_from([+1, -1])),
        st.tuples(st.just("order"), st.none() | st.integers(95, 105), st.integers(1, 9), st.sampled_from([+1, -1])),
    ),
    max_size=40,
)


def played(moves, depletion, *, mirrored):
    """What each move filled; mirrored: at 100, buyers for sellers."""
    made, sign = Market(Rule(Grid(1, 1), depletion=depletion)), -1 if mirrored else +1
    for number, (name, price, *rest) in enumerate([("quote", 99, 2, 5, 5), *moves]):
        at = 200 - price if mirrored and price is not None else price
        if name == "quote":
            spread, near, far = rest
            sides = (at, near), (at + sign * spread, far)
            (bid, bids), (ask, asks) = reversed(sides) if mirrored else sides
            yield made.quote(bid, bids, ask, asks)
        elif name == "trade":
            yield made.trade(at, rest[0], sign * rest[1])
        else:
            yield made.arrive(Order(str(number), sign * rest[1], rest[0], at, rests=at is not None))


@given(MOVES, st.sampled_from(QueueDepletion))
@example(
    [("quote", 95, 1, 0, 0), ("order", 95, 1, -1), ("order", 96, 1, 1), ("quote", 95, 1, 1, 1)], QueueDepletion.NONE
)
def test_a_seller_is_the_mirror_image_of_a_buyer(moves, depletion):
    """Whatever market and orders: the same lots at mirrored prices.

    A quote that fills a buyer and a seller gives to each from its own side; which is told of first is no lot's matter.
    """
    straight, mirrored = (list(played(moves, depletion, mirrored=how)) for how in (False, True))
    expected = [[one._replace(price=200 - one.price) for one in filled] for filled in straight]
    assert [sorted(filled) for filled in mirrored] == [sorted(filled) for filled in expected]


@given(MOVES, st.sampled_from(QueueDepletion))
def test_nothing_gives_more_than_it_has(moves, depletion):
    """No trade fills more than its size, no order gets more than it asked for, no maker pays other than its price."""
    got = Counter()
    for number, filled in enumerate(played(moves, depletion, mirrored=False)):
        if number and moves[number - 1][0] == "trade":
            assert sum(one.quantity for one in filled) <= moves[number - 1][2]
        for one in filled:
            _, price, asked, _ = moves[int(one.key) - 1]
            got[one.key] += one.quantity
            assert got[one.key] <= asked
            assert not one.is_maker or one.price == price
