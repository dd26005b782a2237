"""Replay over arrays of published days gives what NautilusTrader's replay gives."""

from datetime import date

import pytest

from phoenix_core.backtest.arrays.batch import run_arrays, why_unsuitable
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.run import run
from phoenix_core.errors import ConfigInvalid, ReplayUnsuitable
from phoenix_core.sweeps.grid import Grid


def experiments(first, last, *grid, **sections):
    base = Experiment.parse(listing="um:BTCUSDT", first=first, last=last, **sections)
    return [point.experiment for point in Grid.parse(grid).points(base)]


def assert_equal_to_the_engine(lake, chosen):
    """Everything that is published, and what is not; give the results."""
    replayed = list(run_arrays(lake, chosen))
    assert [one for one, _ in replayed] == list(chosen)
    for experiment, found in replayed:
        expected = run(lake, experiment)
        assert found.decisions == expected.decisions
        assert found.sent == expected.sent
        assert found.fills.equals(expected.fills)
        assert found.ledger.rows.equals(expected.ledger.rows)
        assert found.ledger.round_trips.equals(expected.ledger.round_trips)
        assert found.equity.equals(expected.equity)
        for name in (
            "final_balance",
            "orders",
            "versions",
            "without",
            "assumptions",
            "gaps",
            "capacity",
            "closed_at_end",
        ):
            assert getattr(found, name) == getattr(expected, name)
    return [found for _, found in replayed]


@pytest.mark.slow
def test_two_days_of_a_synthetic_market(market):
    """Thresholds, latencies, sizes that the market does not bear, and signals of other parameters, in one batch."""
    chosen = experiments(
        *market.days, "strategy.lpi_entry_threshold=0.45,0.8", "venue.order_latency_ms=0,30",
        "venue.starting_balance=100000,100000000", "strategy.signals.fsi_window=100,40", "strategy.requote=false,true",
    )  # fmt: skip
    found = assert_equal_to_the_engine(market.lake, chosen[::5])
    assert sum(one.fills.height for one in found) > 200


@pytest.mark.slow
@pytest.mark.parametrize("bucket", [1_000_000, 50_000])
def test_real_minutes(real_minutes, bucket):
    """66,088 quotes and 10,447 aggregate trades of 2024-08-08, with few signals and with many."""
    day = date(2024, 8, 8)
    chosen = experiments(
        day, day, "venue.queue_depletion=none,bounded,proportional", "venue.imply_quotes=false,true",
        strategy={
            "oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5, "signals": {"vol_bucket_size": bucket}
        },
    )  # fmt: skip
    found = assert_equal_to_the_engine(real_minutes, chosen)
    assert all(one.fills.height for one in found)
