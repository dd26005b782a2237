"""How often true quotes lie outside the hull, counted by hand."""

import shutil
from datetime import date

import polars as pl
import pytest
from fakes.bounds import tape_of
from fakes.scenario import Scenario

from phoenix_core.intervals.calibration import calibrate_day, calibrations, violations
from phoenix_core.storage.lake import Lake


def trades():
    """Two prints of each side, a second apart: sales at 100.0, purchases at 100.1."""
    day = Scenario()
    for seconds in (10, 11):
        day.trade(seconds, "100.0", "1").trade(seconds, "100.1", "1", "BUYER")
    return day


def quotes(day):
    rows = [(one.ts_init, one.bid_price.as_decimal(), one.ask_price.as_decimal()) for one in day.quotes]
    schema = {"ts_init": pl.UInt64, "bid_price": pl.Decimal(38, 16), "ask_price": pl.Decimal(38, 16)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def counted(day, batch=10):
    frame = quotes(day)
    return violations("day", tape_of(day), (frame[at : at + batch] for at in range(0, frame.height, batch)))


def test_quotes_inside_violate_nothing():
    """Every 50 ms from 10.0505 to 10.9505: 19 samples."""
    found = counted(trades().quote(9, "100.0", "100.1"))
    assert (found.samples, found.bid, found.ask, found.either) == (19, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("batch", [1, 2, 10])
def test_quotes_outside_are_counted_while_they_stand(batch):
    """A saboteur's bid of 99.9 from 10.3 to 10.5 (4 samples), then an ask of 100.5 to 10.6 (2 samples)."""
    day = trades().quote(9, "100.0", "100.1").quote(10.3, "99.9", "100.1").quote(10.5, "100.0", "100.5")
    found = counted(day.quote(10.6, "100.0", "100.1"), batch)
    assert (found.samples, found.bid, found.ask, found.either) == (19, 4 / 19, 2 / 19, 6 / 19)


def test_without_a_side_there_is_nothing_to_count():
    """Only sales."""
    assert violations("day", tape_of(Scenario().trade(1, "100.0", "1")), ()) is None


def test_a_day_with_quotes_is_published_and_found_by_later_days(market, tmp_path):
    """Twice the same entry; a later range names the last days before it, a range that holds some names these alone."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path / "data"))
    entries = [calibrate_day(lake, market.listing, day) for day in market.days]
    assert all(one.published and one.facts["samples"] > 1_000_000 for one in entries)
    assert calibrate_day(lake, market.listing, market.days[0]) == entries[0]
    later, versions = calibrations(lake, market.listing, date(2024, 4, 1), date(2024, 4, 2))
    assert [one.day for one in later] == ["2024-03-24", "2024-03-25"]
    assert versions == {f"{one.asset}@{one.day}": one.data_version for one in entries}
    own, _ = calibrations(lake, market.listing, market.days[1], market.days[1])
    assert [one.day for one in own] == ["2024-03-25"]
    assert calibrations(Lake.at(tmp_path / "other"), market.listing, *market.days) == ([], {})
