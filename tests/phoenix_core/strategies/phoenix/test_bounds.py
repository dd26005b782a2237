"""What was earned on true quotes lies within what trades alone leave open."""

from decimal import Decimal

import numpy as np
import pytest
from fakes.bounds import interval_of, open_market
from fakes.scenario import DAY, Scenario, at

from phoenix_core.instruments.brackets import Bracket, Brackets


def choices(seed):
    """Settings drawn by the seed: references of the limit, lives, delays, sizes."""
    rng = np.random.default_rng([seed, 1])
    reference = {"maker_offset_ticks": int(rng.integers(0, 4))}
    if rng.random() < 0.5:
        reference = {"entry_reference": "last_sell", "entry_ticks_below": int(rng.integers(0, 12))}
    strategy = reference | {
        "entry_timeout_secs": float(rng.choice([0.5, 2.0, 20.0])),
        "max_leverage": float(rng.choice([0.5, 2.0])),
        "kelly_kappa": float(rng.choice([0.1, 1.0])),
    }
    venue = {
        "order_latency_ms": float(rng.choice([1, 30, 400])),
        "feed_latency_ms": float(rng.choice([0, 50])),
        "starting_balance": int(rng.choice([10_000, 100_000, 1_000_000])),
        "prob_fill_on_limit": float(rng.choice([1.0, 0.5])),
        "prob_slippage": float(rng.choice([0.0, 0.5])),
        "price_protection_ticks": int(rng.choice([0, 0, 20])),
        "queue_position": bool(rng.random() < 0.7),
        "liquidation": False,
    }
    return venue, strategy


@pytest.mark.parametrize("seed", range(9))
def test_what_any_quotes_gave_lies_in_the_interval(seed):
    """Quotes anywhere in the hull of the prints, displayed sizes of any kind, depth with holes."""
    day = open_market(seed)
    venue, strategy = choices(seed)
    day.largest_position = (None, Decimal(40_000), Decimal(150_000))[seed % 4 % 3]
    true = day.run(venue=venue, **strategy)
    found = interval_of(day, venue=venue, **strategy)
    net = true.final - Decimal(venue["starting_balance"])
    assert not found.why_none
    assert found.low <= net <= found.high


def one_trip():
    """One entry at 49,999, accepted and filled for sure; its exit meets a bid of 50,110 to 50,120."""
    day = Scenario()
    for seconds, price in ((9, 50_000), (10, 50_000), (12, 50_000), (15, 49_998), (29, 50_110), (31, 50_120)):
        size = "100" if price < 49_999 else "1"
        day.trade(seconds, f"{price}.0", size).trade(seconds + 0.001, f"{price}.1", "1", "BUYER")
    bands = [("1", "100"), ("5", "500")]
    return day.depth(20, bands, bands).signal(11, 0.9).signal(30, 0.05)


def test_one_trip_by_hand():
    """Half of 100,000 buys 1.00002 lots at most and a step less at least, at 49,999 and 0.02 % of it.

    At best all are sold at 50,120 less 0.05 %. At worst nothing is displayed: the way from a tick below 50,110 to a tick
    below the band, 49,608.9495 at 100 lots less a step, is walked for half the lots on average.
    """
    found = interval_of(one_trip(), entry_reference="last_sell", entry_ticks_below=10)
    cost = 49_999 * 1.0002
    most, least = 50_000 / 49_999, 50_000 / 49_999 - 0.001
    worst = 50_109.9 - (50_109.9 - 49_608.8495) * (least / 2) / 99.999
    assert float(found.high) == pytest.approx(most * (50_120 * 0.9995 - cost), abs=0.011)
    assert float(found.low) == pytest.approx(least * (worst * 0.9995 - cost), abs=0.011)
    assert found.decisions == {"orders": 1, "rejection_open": 0, "fill_open": 0}
    assert found.excludes_zero


def test_one_entry_that_may_have_been_rejected_may_have_earned_nothing():
    """A purchase at 49,998.1 follows the arrival: the ask may have been there already, and the limit is 49,999."""
    day = one_trip()
    day.trades = [one for one in day.trades if not at(11.9) < one.ts_init < at(12.1)]
    found = interval_of(day, entry_reference="last_sell", entry_ticks_below=10)
    assert (found.low, found.decisions["rejection_open"]) == (0, 1)
    assert float(found.high) == pytest.approx(85.94, abs=0.02)


def test_one_entry_that_nobody_reached_earned_nothing():
    """No sale at the limit or below, and no ask near it: for sure."""
    day = one_trip()
    day.trades = [one for one in day.trades if not at(14.9) < one.ts_init < at(15.1)]
    found = interval_of(day, entry_reference="last_sell", entry_ticks_below=10)
    assert (found.low, found.high) == (0, 0)


def test_without_depth_one_exit_may_take_until_the_end():
    """Nothing bounds what is displayed: at worst the rest is closed 5 % below the lowest bid that came after."""
    day = one_trip()
    day.depths = []
    found = interval_of(day, entry_reference="last_sell", entry_ticks_below=10)
    forced = (50_110.05 * 0.95 - 0.1) * 0.9995 - 49_999 * 1.0002
    assert float(found.low) == pytest.approx(50_000 / 49_999 * forced, abs=1)
    assert float(found.high) == pytest.approx(85.94, abs=0.02)


def test_a_position_that_a_mark_may_have_liquidated_has_no_bounds():
    """A mark at half the price while it was held, at twice the equity."""
    found = interval_of(
        one_trip().mark(20, "24000"), entry_reference="last_sell", entry_ticks_below=10, max_leverage=2.0
    )
    assert (found.low, found.why_none) == (None, "a liquidation can't be ruled out")


def test_brackets_may_leave_no_bounds_where_one_rate_did():
    """4 BTC at a mark of 25,120: equity of 440 is more than 0.4 % of them, and less than the 1 % of a second bracket."""
    day = one_trip().mark(20, "25120")
    options = {"entry_reference": "last_sell", "entry_ticks_below": 10, "max_leverage": 2.0}
    assert interval_of(day, **options).low is not None
    day.brackets = Brackets(
        (
            Bracket(Decimal(1_000), Decimal("0.004"), Decimal(125)),
            Bracket(Decimal(10**9), Decimal("0.01"), Decimal(100)),
        ),
        DAY,
    )
    assert interval_of(day, **options).why_none == "a liquidation can't be ruled out"


@pytest.mark.parametrize(("rate", "moved"), [("0.001", -50), ("-0.001", 50)])
def test_funding_is_part_of_the_extremes(rate, moved):
    """0.1 % of 50,000 a lot, at 20 seconds, when it was certainly held: both ends move by it."""
    plain = interval_of(one_trip(), entry_reference="last_sell", entry_ticks_below=10, entry_timeout_secs=5)
    found = interval_of(
        one_trip().funds(20, rate, "50000"), entry_reference="last_sell", entry_ticks_below=10, entry_timeout_secs=5
    )
    assert [float(one - other) for one, other in ((found.low, plain.low), (found.high, plain.high))] == pytest.approx(
        [moved, moved], abs=0.1
    )
