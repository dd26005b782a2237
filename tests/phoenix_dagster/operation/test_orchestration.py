"""What Dagster itself costs, by days per run: against what two histories held, and by hand."""

import pytest

from phoenix_dagster.operation.orchestration import Backfill, advised

# Counted in the event logs of six days of 26 assets, a day a run and all in one.
COUNTED = {1: (6, 2955, 5_221_036), 7: (1, 905, 1_686_346)}


@pytest.mark.parametrize(("days_per_run", "counted"), COUNTED.items())
def test_it_is_near_what_was_counted(days_per_run, counted):
    """Runs exactly, events and bytes within two in a hundred."""
    found = {one.days_per_run: one for one in Backfill(6, 26, 0, 1).choices()}[days_per_run]
    runs, events, event_bytes = counted
    assert found.runs == runs
    assert found.events == pytest.approx(events, rel=0.02)
    assert found.event_bytes == pytest.approx(event_bytes, rel=0.02)


def test_hours_are_work_and_what_stands_around_it():
    """60 days in two runs of 30: 3,548 s of work, 2 × 5 s and 60 × 0.7 s, twice for two symbols, on four workers."""
    found = Backfill(60, 26, 3548, 4, symbols=2).choices()[-1]
    assert (found.days_per_run, found.runs) == (30, 4)
    assert found.hours == pytest.approx(0.5)


def test_hours_are_those_of_what_is_slowest():
    """300 symbols over 2,000 days, a day a run: some workers are bounded by themselves, many by the database."""
    few, many = (Backfill(2000, 28, 9600, workers, 300).choices()[0] for workers in (2, 64))
    assert (few.bound, many.bound) == ("workers", "database")
    assert few.hours == few.hours_by["workers"] == pytest.approx(300 * (9600 + 2000 * 5.7) / 2 / 3600)
    # 16.8 million asset days of 19 events, 14.2 ms of four cores each.
    assert many.hours == many.hours_by["database"] == pytest.approx(16.8e6 * 19 * 0.0142 / 4 / 3600)
    assert many.hours_by["daemon"] == pytest.approx(600_000 * 0.22 / 3600)


def test_a_bucket_bounds_what_is_in_one():
    """Six gets an asset's day at 5,500 a second, since three puts at 3,500 take less; and a folder has no such bound."""
    assert "bucket" not in Backfill(10, 28, 0, 64).choices()[0].hours_by
    found = Backfill(2000, 28, 0, 10**6, 300, in_bucket=True).choices()[-1].hours_by
    assert found["bucket"] == pytest.approx(16.8e6 * 6 / 5500 / 3600)


@pytest.mark.parametrize(("days", "symbols", "expected"), [(60, 1, 1), (2000, 1, 7), (2000, 300, 30)])
def test_few_days_a_run_are_advised_while_the_history_stays_small(days, symbols, expected):
    """A day a run has logs and retries of its own; years of it are gigabytes of events."""
    assert advised(Backfill(days, 26, 0, 1, symbols).choices()).days_per_run == expected
