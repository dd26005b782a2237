"""Replaying what matters to several listings gives what replaying everything gives."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario
from fakes.together import both_ways
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 5, 40, 900, 20_000]),  # ms since the last event, often none
        st.integers(0, 2),  # whose
        st.integers(-6, 6),  # ticks its bid moves
        st.sampled_from(["quote", "sale", "purchase", "pressure", "pressure", "calm"]),
        st.sampled_from(["0.010", "0.300", "2.000"]),
    ),
    min_size=10,
    max_size=120,
)


def days_of(events, *, with_quotes):
    """Three listings whose events share their instants; the last trades of each are long before its last signal."""
    symbols = ("um:BTCUSDT", "um:ETHUSDT", "um:BTCUSDT_240628")
    days, bids = [Scenario(symbol) for symbol in symbols], [Decimal("50000.0")] * 3
    if with_quotes:
        for day in days:
            day.quote(1, "50000.0", "50000.1", "1", "1")
    moment = 1.0
    for gap, whose, move, kind, size in events:
        moment += gap / 1000
        bids[whose] += move * Decimal("0.1")
        day, bid, ask = days[whose], bids[whose], bids[whose] + Decimal("0.1")
        if kind == "quote" and with_quotes:
            day.quote(moment, bid, ask, size, size)
        elif kind in {"sale", "quote"}:
            day.trade(moment, bid, size)
        elif kind == "purchase":
            day.trade(moment, ask, size, "BUYER")
        else:
            day.trade(moment, bid, size).signal(moment, 0.9 if kind == "pressure" else 0.1)
    days[2].delivers(45, bids[2])
    for day, bid in zip(days, bids, strict=True):
        day.funds(5, "0.0001", bid).mark(30, bid).mark(59.999, bid)
        day.trade(moment + 4, bid, "1").trade(moment + 5, bid, "1", "BUYER").signal(moment + 6, 0.1)
    return days


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    EVENTS,
    st.booleans(),
    st.fixed_dictionaries(
        {
            "order_latency_ms": st.sampled_from([0, 7, 30]),
            "order_latency_spread_ms": st.sampled_from([0, 0, 25]),
            "feed_latency_ms": st.sampled_from([0, 0, 3, 500]),
            "maintenance_margin": st.sampled_from([None, "0.25", "0.4"]),  # so high that it is reached
        }
    ),
    st.fixed_dictionaries(
        {"positions": st.sampled_from([None, 1, 2]), "leverage": st.sampled_from([None, Decimal(1), Decimal(3)])}
    ),
    st.fixed_dictionaries(
        {
            "entry_timeout_secs": st.sampled_from([0.05, 3.0, 60.0]),
            "requote": st.booleans(),
            "max_leverage": st.sampled_from([0.5, 2.0]),
        }
    ),
)
def test_on_any_markets(events, with_quotes, venue, limits, strategy):
    """Both modes agree on every order, fill, charge and refusal, whatever the listings share."""
    both_ways(days_of(events, with_quotes=with_quotes), venue=venue, limits=limits, expected_alpha=0.01, **strategy)
