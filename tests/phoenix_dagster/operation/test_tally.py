"""Counts of a run: what was kept is no work, and the time left follows the last days."""

from datetime import date

import dagster as dg

from phoenix_dagster.operation.run import Outcome, Part, Plan, RunDone
from phoenix_dagster.operation.tally import Tally

TRADES, TICKS = (dg.AssetKey(["um", "btcusdt", name]) for name in ("agg_trades", "trade_ticks"))


def tally(days=3):
    return Tally.of(Plan(tuple(date(2024, 3, n + 1) for n in range(days)), {TRADES: "raw", TICKS: "catalog"}, ()))


def test_rates_count_what_was_made():
    """A day that was kept adds no rows and no seconds."""
    counted = tally()
    counted.ended("2024-03-01", Part("um/btcusdt/agg_trades", Outcome.KEPT, rows=900, seconds=0.1))
    counted.ended("2024-03-02", Part("um/btcusdt/agg_trades", Outcome.MADE, rows=100, seconds=2))
    raw = counted.stages["raw"]
    assert (raw.ended, raw.kept, raw.failed, raw.rows, raw.seconds) == (2, 1, 0, 100, 2)


def test_the_time_left_follows_the_last_days():
    """None before the first day ended, none after the last; between them as long as the last five took each."""
    counted = tally(days=8)
    assert counted.seconds_left(counted._since) is None
    for seconds in (0.1, 10, 10, 10, 10, 10):
        counted.run_ended(RunDone("", "", (), seconds))
    assert counted.seconds_left(counted._since) == 20
    assert counted.seconds_left(counted._since + 4) == 16
    assert counted.seconds_left(counted._since + 99) == 0
    for _ in range(2):
        counted.run_ended(RunDone("", "", (), 1))
    assert counted.seconds_left(counted._since) is None
