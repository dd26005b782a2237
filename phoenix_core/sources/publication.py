"""Is a day out yet? What the registry knows without asking, and what an absent file means."""

from datetime import date, timedelta

from phoenix_core.datasets import Dataset, Published, availability_of
from phoenix_core.market import Listing
from phoenix_core.sources.contract import Absence, Absent

# New daily files appear the next day, typically 06:30-08:00 UTC; delays of days have happened
# (https://github.com/binance/binance-public-data/issues/336, /issues/375, /issues/411).
GRACE = timedelta(days=3)


def known_absence(dataset: Dataset, listing: Listing, day: date) -> Absent | None:
    """What the registry knows without asking: days outside a dataset's availability."""
    if why := availability_of(dataset, listing).excludes(day):
        return Absent(Absence.NEVER, f"never: {dataset.name} of {listing} {why}")
    return None


def absence(dataset: Dataset, listing: Listing, day: date, today: date) -> Absent:
    """What it means that the archive has no file for a day.

    Args:
        dataset: The dataset asked for.
        listing: Market and symbol.
        day: The day asked for.
        today: The current UTC day.
    """
    if known := known_absence(dataset, listing, day):
        return known
    _, last = dataset.period_of(day)
    if today > last + GRACE:
        return Absent(
            Absence.MISSING,
            f"missing: the archive has no {dataset.name} of {listing} for {day}",
        )
    if dataset.published is Published.MONTHLY:
        return Absent(
            Absence.NOT_YET,
            f"not yet: {dataset.name} of {day:%Y-%m} comes out after the month, from {last + timedelta(1)}",
        )
    return Absent(Absence.NOT_YET, f"not yet: usually out by 08:00 UTC of {day + timedelta(1)}")
