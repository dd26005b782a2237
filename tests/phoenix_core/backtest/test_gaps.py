"""When the data has an outage the strategy stands down, for a stated time."""

from datetime import date

import polars as pl
from fakes.scenario import START, Scenario, at, both

from phoenix_core.backtest.gaps import Gap, gaps_of, with_blocked_entries
from phoenix_core.market import day_start_ns

MINUTE = 60 * 10**9


def minutes(*numbers):
    return pl.Series([START + (number + 1) * MINUTE - 1 for number in numbers], dtype=pl.Int64)


def test_five_minutes_without_a_trade_are_a_gap():
    """Trades in minutes 0 to 9 and 15 on: five minutes between them, to the minute; four are none."""
    busy = [*range(10), *range(15, 1440)]
    assert gaps_of(minutes(*busy), START) == (Gap(START + 10 * MINUTE, START + 15 * MINUTE),)
    assert gaps_of(minutes(*range(10), *range(14, 1440)), START) == ()


def test_what_is_missing_from_midnight_has_no_end_to_wait_for():
    """The day's buckets begin with its first trade; until midnight again is a gap of its own."""
    first, last = gaps_of(minutes(*range(100, 1000)), START)
    assert (first.seconds, first.entries_blocked_until_ns) == (6_000, START + 100 * MINUTE)
    assert last.seconds == 440 * 60
    assert gaps_of(minutes(), day_start_ns(date(2024, 3, 30)))[0].seconds == 86_400


def test_signals_in_a_gap_and_after_it_are_marked():
    """Until five minutes after its end."""
    signals = pl.DataFrame({"ts_init": [at(1), at(700), at(1_199), at(1_201)]})
    marked = with_blocked_entries(signals, (Gap(at(600), at(900)),))
    assert marked["entries_blocked"].to_list() == [False, True, True, False]


def scenario(*, entries_blocked):
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5")
    day.signal(2, 0.9)
    day.signals[-1]["entries_blocked"] = entries_blocked
    return day.quote(9, "49998.0", "49998.1").trade(10, "49998.0", "10").signal(20, 0.1).trade(21, "49998.0", "1")


def test_nothing_is_entered_while_standing_down():
    """The same signal enters otherwise."""
    assert both(scenario(entries_blocked=False)).fills
    assert not both(scenario(entries_blocked=True)).fills
