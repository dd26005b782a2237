"""A day over arrays is the day through the engine, decision for decision and fill for fill."""

from decimal import Decimal

import pytest
from fakes.scenario import DAY, Scenario
from fakes.tapes import by_arrays
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phoenix_core.instruments.brackets import Bracket, Brackets
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing

TICKS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 5, 40, 900, 20_000]),  # ms since the last event, often none
        st.integers(-6, 6),  # ticks the bid moves
        st.integers(1, 4),  # ticks of spread
        st.sampled_from(["quote", "quote", "sale", "purchase", "pressure", "pressure", "calm"]),
        st.sampled_from([10, 300, 2000]),  # lots
        st.sampled_from([10, 1000, 400_000]),
    ),
    min_size=20,
    max_size=90,
)
VENUE = st.fixed_dictionaries(
    {
        "order_latency_ms": st.sampled_from([0, 7, 30]),
        "price_protection_ticks": st.sampled_from([0, 0, 3]),
        "queue_position": st.booleans(),
        "queue_depletion": st.sampled_from(["none", "bounded", "proportional"]),
        "prob_fill_on_limit": st.sampled_from([1.0, 1.0, 0.5, 0.0]),
        "prob_slippage": st.sampled_from([0.0, 0.0, 0.5]),
        "maker_fee": st.sampled_from(["-0.0001", "0", "0.0002"]),
        "taker_fee": st.sampled_from(["0", "0.0005"]),
        "leverage": st.sampled_from([1, 2, 10]),
        "maintenance_margin": st.sampled_from([None, "0.4999", "0.9"]),  # so high that it is reached
        "liquidation": st.booleans(),
    }
)
# Steep enough that a position of these markets is liquidated, and small enough that an order is refused.
STEEP = Brackets(
    tuple(
        Bracket(*map(Decimal, one)) for one in (("20000", "0.3", "125"), ("100000", "0.6", "10"), ("1e9", "0.9", "1"))
    ),
    DAY,
)
MARGINS = st.sampled_from(
    [(None, None), (None, None), (STEEP, None), (STEEP, Decimal(120_000)), (None, Decimal(60_000))]
)
STRATEGY = st.fixed_dictionaries(
    {
        "entry_timeout_secs": st.sampled_from([0.05, 0.0505, 3.0, 60.0]),
        "requote": st.booleans(),
        "max_leverage": st.sampled_from([0.5, 2.0, 9.0]),
        "lpi_exit_threshold": st.sampled_from([0.2, 0.2, 0.95]),  # above the entry's: every signal says to leave
    }
)


def scenario(ticks, symbol, *, with_depth):
    """Ticks often share a millisecond, with each other and with what the exchange settles."""
    day, lot = Scenario(symbol=symbol), specification(Listing.parse(symbol), DAY).step
    moment, bid = 1.0, Decimal("50000.0")
    day.quote(moment, bid, bid + Decimal("0.1"), "1", "1")
    for number, (gap, move, spread, kind, *lots) in enumerate(ticks):
        size, shown = (lot * count for count in lots)
        moment += gap / 1000
        bid += move * Decimal("0.1")
        ask = bid + spread * Decimal("0.1")
        if kind == "quote":
            day.quote(moment, bid, ask, shown, size)
        elif kind == "purchase":
            day.trade(moment, ask, size, "BUYER")
        else:
            day.trade(moment, bid, size)
            if kind != "sale":
                day.signal(moment, 0.9 if kind == "pressure" else 0.1)
        if number % 20 == 19:
            day.funds(moment, "0.0001", bid).mark(moment, bid, low=bid - 20)
    if with_depth:
        day.depth(2, [(1, "0.5"), (2, "4")], [(1, "0.5"), (2, "4")]).depth(9, [(1, "0"), (3, "90")], [(1, "90")])
    day.mark(moment + 3, bid)  # marks rise in time, as those of a file
    return day.trade(moment + 4, bid, "1").trade(moment + 5, bid, "1", "BUYER").signal(moment + 6, 0.1)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(TICKS, st.sampled_from(["um:BTCUSDT", "um:BTCUSDT", "cm:BTCUSD_PERP"]), st.booleans(), VENUE, STRATEGY, MARGINS)
def test_on_any_market(ticks, symbol, with_depth, venue, strategy, margins):
    """Under every setting of costs, queue, margin and order life, drawn chances included."""
    day = scenario(ticks, symbol, with_depth=with_depth)
    if not symbol.startswith("cm"):
        day.brackets, day.largest = margins
    venue |= {"starting_balance": 100 if symbol.startswith("cm") else 100_000}
    found = by_arrays(day, venue=venue, expected_alpha=0.01, **strategy)
    expected = day.run(full=True, venue=venue, expected_alpha=0.01, **strategy)
    assert found.decisions == expected.decisions
    assert found.sent == expected.sent
    assert found.fills == expected.fills
    assert (found.settled, found.orders, found.final) == (expected.settled, expected.orders, expected.final)


@pytest.mark.parametrize(("symbol", "balance"), [("um:BTCUSDT", 100_000), ("cm:BTCUSD_PERP", 2)])
def test_a_liquidation(symbol, balance):
    """Bought at twice the equity, held with a margin of half of it, until a minute's low asks for more than there is."""
    lot = specification(Listing.parse(symbol), DAY).step
    day = (
        Scenario(symbol=symbol).quote(1, "50000.0", "50000.1", lot, 9000 * lot).trade(2, "50000.0", lot).signal(2, 0.9)
    )
    day.trade(3, "50000.0", 9000 * lot).depth(100, [(1, 9000 * lot)], [(1, 9000 * lot)]).funds(61, "0.0001", 50_000)
    for minute in range(1, 9):
        day.mark(60 * minute - 0.001, 50_000 - 10 * minute, low=50_000 - 20 * minute**2)
    day.quote(420, "49000.0", "49000.1", lot, lot).trade(900, "49000.0", lot).signal(900, 0.1)
    options = {
        "venue": {"starting_balance": balance, "maintenance_margin": "0.49"}, "max_leverage": 2, "expected_alpha": 0.01
    }  # fmt: skip
    found, expected = by_arrays(day, **options), day.run(full=True, **options)
    assert [one.kind.value for one in found.settled] == ["funding", "liquidation fee"]
    assert (found.fills, found.settled, found.final) == (expected.fills, expected.settled, expected.final)
