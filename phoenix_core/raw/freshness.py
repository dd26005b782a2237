"""Which recent days should be here and are not: asked of the manifest alone, without a network."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from phoenix_core.datasets import Dataset, Published, availability_of
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.store import raw_asset
from phoenix_core.storage import Lake

# A day's files come out on the day after it, so it is late once that one is over.
_DUE_AFTER = timedelta(days=2)


def due_days(today: date, days: int, first: date, last: date | None) -> tuple[date, ...]:
    """The newest days that should be here, oldest first.

    Args:
        today: The current UTC day.
        days: How many at most.
        first: None is earlier.
        last: None is later, inclusive; None: no such bound.
    """
    newest = min(today - _DUE_AFTER, last or date.max)
    asked = [newest - timedelta(n) for n in reversed(range(days))]
    return tuple(day for day in asked if day >= first)


def lacking(
    lake: Lake, listing: Listing, datasets: Sequence[Dataset], days: Sequence[date]
) -> Mapping[date, tuple[str, ...]]:
    """Days of which something is not recorded, each with its datasets.

    A day that is known to have no file is recorded as such, and lacks nothing. Monthly files come out
    long after their days and are not asked for.
    """
    manifest = Manifest(lake)
    found = {
        day: tuple(
            dataset.name
            for dataset in datasets
            if dataset.published is Published.DAILY
            and not availability_of(dataset, listing).excludes(day)
            and manifest.find(raw_asset(dataset, listing), day) is None
        )
        for day in days
    }
    return {day: names for day, names in found.items() if names}
