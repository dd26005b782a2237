"""Times of files in nanoseconds, and the days that labels of periods belong to: the archive's habits, by hand."""

from datetime import date

import polars as pl
import pytest

from phoenix_core.datasets import AGG_TRADES, METRICS, LabelledBy
from phoenix_core.market import Market
from phoenix_core.tables.timestamps import clock_nanoseconds, label_of_file, nanoseconds, window_of

SECOND = 10**9
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
BEFORE, SINCE = date(2024, 3, 30), date(2026, 6, 25)  # of the change of labels from the end to the start
START = 1_711_756_800 * SECOND  # 2024-03-30T00:00:00Z
SINCE_START = 1_782_345_600 * SECOND  # 2026-06-25T00:00:00Z


def labels(start, first, last):
    """Every five minutes, from one minute of the day to another, both inclusive."""
    return pl.Series([start + minute * MINUTE for minute in range(first, last + 1, 5)])


def test_a_clock_is_utc_to_the_second():
    """What is no such time, or no day of any calendar, is null."""
    texts = ["1970-01-01 00:00:01", "2024-03-30 00:00:00", "2024-02-30 00:00:00", "2024-03-30", "1.70027E+12", ""]
    found = pl.DataFrame({"time": texts}).select(clock_nanoseconds("time"))["time"]
    assert found.to_list() == [SECOND, START, None, None, None, None]


def test_an_epoch_is_multiplied_by_its_unit():
    """Milliseconds by a million; the column keeps its name."""
    found = pl.DataFrame({"time": [1_711_756_800_014]}).select(nanoseconds("time", 1_000_000))
    assert found.to_dict(as_series=False) == {"time": [START + 14 * 10**6]}


@pytest.mark.parametrize(
    ("first", "last", "label"),
    [
        (5, 1440, LabelledBy.END),  # 00:05 to the next 00:00, as was usual
        (0, 1435, LabelledBy.START),  # single files were ahead of the publisher
        (0, 1440, LabelledBy.END),  # 289 rows tell nothing
        (150, 810, LabelledBy.END),  # nor does a file that stops
    ],
)
def test_a_file_with_its_own_midnight_and_not_the_next_is_labelled_by_the_start(first, last, label):
    """Whatever was declared for its day; any other file is labelled as declared."""
    assert label_of_file(METRICS, Market.UM, BEFORE, labels(START, first, last)) is label


def test_a_midnight_may_drift_by_half_a_period():
    """00:00:04 is a midnight still, 00:02:30 no longer."""
    rest = [*labels(START, 5, 1435)]
    for drift, label in ((4 * SECOND, LabelledBy.START), (150 * SECOND, LabelledBy.END)):
        assert label_of_file(METRICS, Market.UM, BEFORE, pl.Series([START + drift, *rest])) is label


def test_labels_moved_on_the_day_that_the_registry_knows():
    """Of UM from 2026-06-25 on; of CM they always named the start."""
    neither = labels(SINCE_START, 150, 810)
    assert label_of_file(METRICS, Market.UM, SINCE, neither) is LabelledBy.START
    assert label_of_file(METRICS, Market.UM, date(2026, 6, 24), neither - DAY) is LabelledBy.END
    assert label_of_file(METRICS, Market.CM, BEFORE, labels(START, 150, 810)) is LabelledBy.START


def test_a_window_of_labels_is_moved_by_half_a_period():
    """Ends: from 00:02:30 to the next day's. Starts: both two and a half minutes before midnight."""
    half = 150 * SECOND
    ends = window_of(METRICS, Market.UM, (BEFORE, BEFORE), labels(START, 5, 1440))
    assert ends == (START + half, START + DAY + half)
    starts = window_of(METRICS, Market.UM, (BEFORE, BEFORE), labels(START, 0, 1435))
    assert starts == (START - half, START + DAY - half)


def test_a_window_of_instants_is_the_days_themselves():
    """A month's worth of ticks: from the first midnight to the one after the last day."""
    found = window_of(AGG_TRADES, Market.UM, (BEFORE, date(2024, 4, 2)), pl.Series([START]))
    assert found == (START, START + 4 * DAY)
