"""Is a day out yet? What the registry knows without asking, and what an absent file means."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from phoenix_core.datasets import Dataset, Published, availability_of
from phoenix_core.market import Listing

# New daily files appear the next day, typically 06:30-08:00 UTC; delays of days have happened
# (https://github.com/binance/binance-public-data/issues/336, /issues/375, /issues/411).
GRACE = timedelta(days=3)


class Absence(StrEnum):
    """Why a day has no file: three different things to a person."""

    NEVER = "never"  # outside the dataset's availability
    MISSING = "missing"  # should have been published, and was not
    NOT_YET = "not yet"


@dataclass(frozen=True, slots=True)
class Absent:
    """A day without a file, and the sentence that says why."""

    why: Absence
    reason: str


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
