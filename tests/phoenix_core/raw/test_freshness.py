"""A day is late once the day after it is over and something of it is not recorded."""

from datetime import date

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, FUNDING_RATE
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.freshness import due_days, lacking
from phoenix_core.storage import Lake

UM = Listing.parse("um:BTCUSDT")
TODAY = date(2024, 3, 28)


def test_yesterday_is_not_due_yet():
    """Its files come out in the course of today; the day before yesterday's are due."""
    assert due_days(TODAY, 2, date(2020, 1, 1), None) == (date(2024, 3, 25), date(2024, 3, 26))


def test_only_days_of_the_partitions_are_due():
    """Neither before the first nor after the last."""
    assert due_days(TODAY, 7, date(2024, 3, 24), date(2024, 3, 25)) == (date(2024, 3, 24), date(2024, 3, 25))
    assert due_days(TODAY, 7, date(2024, 3, 27), None) == ()


def test_a_day_lacks_what_is_not_recorded(tmp_path):
    """Recorded absence lacks nothing; monthly files and days outside a dataset's availability are not asked for."""
    lake = Lake.at(tmp_path)
    recorded, late = date(2024, 3, 30), date(2024, 3, 31)
    Manifest(lake).record(
        Entry(asset="um/btcusdt/agg_trades", day=recorded.isoformat(), published=False, reason="missing")
    )
    datasets = (AGG_TRADES, BOOK_TICKER, FUNDING_RATE)
    assert lacking(lake, UM, datasets, (recorded, late)) == {recorded: ("book_ticker",), late: ("agg_trades",)}
