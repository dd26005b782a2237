"""An outside witness: hftbacktest, given the same market and the same orders, fills what docs/fills.md says.

Its rule differs in one thing, by which crossed makers get all that they lack; every other difference has a known cause.
"""

import importlib.util
from dataclasses import replace
from decimal import Decimal

import pytest
from bench_witness import MINUTES, TERMS, at_random, of_a_result, published
from fakes.environment import unavailable
from witness import Crossing, compared, events, filled, witnessed

from phoenix_core.verification.replayer import MS, Data, Request

SECOND = 1_000_000_000
OPEN = {"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5}


@pytest.fixture(autouse=True)
def installed():
    """Its wheel is for Linux alone."""
    if importlib.util.find_spec("hftbacktest") is None:
        unavailable("hftbacktest is not installed")


def buys(name, sent_ms, limit, quantity, cancel_ms=None):
    cancelled = None if cancel_ms is None else cancel_ms * MS
    return Request(name, sent_ms * MS, "BUY", Decimal(quantity), Decimal(limit), True, True, cancel_sent=cancelled)


def test_by_hand():
    """A queue of 1, a sale of 1.5, one of 0.2 after the level shrank: 0.5 and 0.2; then a crossing quote gives the rest.

    Sent at 970 ms, they arrive at 1000.5.
    """
    quotes = [
        (900 * MS, "100.0", "1", "100.1", "5"),
        (1_200 * MS, "100.0", "0.1", "100.1", "5"),
        (1_500 * MS, "99.9", "3", "100.0", "0.25"),
        (9_000 * MS, "99.9", "3", "100.0", "0.25"),
    ]
    trades = [(1_100 * MS, "100.0", "1.5", "SELLER"), (1_300 * MS, "100.0", "0.2", "SELLER")]
    orders = [
        buys("whole", 970, "100.0", "2"),
        buys("early", 970, "100.0", "2", 1_369),
        buys("post", 970, "100.1", "1"),
    ]
    theirs = witnessed(events(Data(trades, quotes)), orders, TERMS)
    assert theirs == {"whole": (2, 1_500 * MS), "early": (Decimal("0.7"), None), "post": (0, None)}
    for alone in ([orders[0]], [orders[1]], [orders[2]]):
        name = alone[0].name
        assert filled(Crossing(Data(trades, quotes), alone, TERMS).run(), alone)[name] == theirs[name]


def test_an_order_that_a_trade_fills_to_the_last_lot():
    """Release 2.4.4 stops at the next trade at its price: it is told of a hair less than whole lots."""
    quotes = [(900 * MS, "100.0", "1", "100.1", "5"), (9_000 * MS, "100.0", "1", "100.1", "5")]
    trades = [(ms * MS, "100.0", "1.5", "SELLER") for ms in (1_100, 1_200)]
    theirs = witnessed(events(Data(trades, quotes)), [buys("all", 970, "100.0", "0.5")], TERMS)
    assert theirs == {"all": (Decimal("0.5"), 1_100 * MS)}


@pytest.mark.slow
def test_on_a_synthetic_market(market):
    """Two days, at a hundred times the balance that the market bears: seven of the makers are crossed."""
    found = of_a_result(market.archive, market.lake, market.days, 10**7, {"lpi_entry_threshold": 0.7})
    assert found.crossing == found.theirs > found.ours > 0
    assert (found.bounded, found.overtaken, found.behind, found.unexplained) == (7, (), (), ())


@pytest.mark.slow
def test_on_real_minutes(real_minutes, real_files):
    """69 orders of the strategy on 8 August 2024: 12 get theirs later for want of size, two were cancelled on their way."""
    strategy = OPEN | {"signals": {"vol_bucket_size": 100_000}}
    found = of_a_result(real_files, real_minutes, (MINUTES,), 10**5, strategy)
    assert (found.orders, found.bounded, len(found.overtaken), found.behind, found.unexplained) == (69, 12, 2, (), ())
    assert (found.ours, found.crossing, found.theirs) == (Decimal("61.553"), Decimal("61.553"), Decimal("67.859"))


@pytest.mark.slow
def test_with_orders_at_random(real_files):
    """272 of both sides, at the best price and around it: 13 get less or later for want of size, one stood where we know no queue."""
    requests = at_random(published(real_files, (MINUTES,)), 5)
    found = compared(lambda: published(real_files, (MINUTES,)), requests, TERMS)
    assert (found.orders, found.bounded, found.overtaken, found.behind, found.unexplained) == (
        272,
        13,
        (),
        ("178",),
        (),
    )
    assert (found.ours, found.crossing, found.theirs) == (Decimal("90.929"), Decimal("97.651"), Decimal("97.662"))


@pytest.mark.slow
def test_another_rule_is_noticed(real_files):
    """Without a queue 57 of 259 orders are filled otherwise than it says, without depletion 2, 100 ms later 15."""
    requests = at_random(published(real_files, (MINUTES,)), 1)
    theirs = witnessed(events(published(real_files, (MINUTES,))), requests, TERMS)
    for other, count in (({}, 0), ({"queue": False}, 57), ({"depletion": "none"}, 2), ({"latency_ns": 130 * MS}, 15)):
        ours = filled(Crossing(published(real_files, (MINUTES,)), requests, replace(TERMS, **other)).run(), requests)
        assert sum(ours[one.name] != theirs[one.name] for one in requests) == count
