"""What a data folder holds, read from the manifest alone."""

from datetime import date

from phoenix_core.catalog.inventory import UNREADABLE, inventory
from phoenix_core.manifest import Entry, Manifest

ASSET = "um/btcusdt/metrics"


def test_each_day_is_told_once(lake):
    """Published, absent for a reason, unreadable, or without a record between the first and the last."""
    Manifest(lake).record(Entry(ASSET, "2024-03-01", published=True, rows=3, bytes=30))
    Manifest(lake).record(Entry(ASSET, "2024-03-03", published=False, reason="missing: no file"))
    Manifest(lake).record(Entry(ASSET, "2024-03-01_2024-03-03", published=True, rows=1, bytes=1))
    lake.write(Manifest.path(ASSET, "2024-03-04"), b"{")
    (held,) = inventory(lake)
    assert held.published == [date(2024, 3, 1)]
    assert held.absent["missing"] == {date(2024, 3, 3): "missing: no file"}
    assert list(held.absent[UNREADABLE]) == [date(2024, 3, 4)]
    assert held.unrecorded == [date(2024, 3, 2)]
    assert (held.ranges, held.rows, held.bytes) == (["2024-03-01_2024-03-03"], 4, 31)


def test_an_empty_folder_holds_nothing(lake):
    """Neither does one that is not there."""
    assert list(inventory(lake)) == []
