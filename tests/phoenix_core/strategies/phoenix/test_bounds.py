"""What was earned on true quotes lies within what trades alone leave open."""

from decimal import Decimal

import numpy as np
import pytest
from fakes.bounds import interval_of, open_market


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


@pytest.mark.parametrize("seed", range(12))
def test_what_any_quotes_gave_lies_in_the_interval(seed):
    """Quotes anywhere in the hull of the prints, displayed sizes of any kind, depth with holes."""
    day = open_market(seed)
    venue, strategy = choices(seed)
    true = day.run(venue=venue, **strategy)
    found = interval_of(day, venue=venue, **strategy)
    net = true.final - Decimal(venue["starting_balance"])
    assert not found.why_none
    assert found.low <= net <= found.high
