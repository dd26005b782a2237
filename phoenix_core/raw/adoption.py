"""A source's files as raw days of the data folder, all at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from phoenix_core.datasets import Dataset
from phoenix_core.errors import PhoenixError
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.raw.source_days import SourceDays
from phoenix_core.sources.contract import Source
from phoenix_core.storage import Lake


class Held(Protocol):
    """Days that a source is known to have of one dataset of one listing."""

    @property
    def dataset(self) -> Dataset:
        """Which dataset."""

    @property
    def listing(self) -> Listing:
        """Market and symbol."""

    @property
    def by_day(self) -> Mapping[date, Any]:
        """Its days, in order."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """One day of what a source holds.

    Attributes:
        holding: Which dataset of which listing.
        day: UTC day.
        entry: Its manifest entry; None where it failed.
        reason: Why it failed, or why nothing is there; empty if it was adopted.
    """

    holding: Held
    day: date
    entry: Entry | None
    reason: str = ""


def adopt(lake: Lake, source: Source, holdings: Iterable[Held]) -> Iterator[Adopted]:
    """Record each day that a source is known to have.

    A day that can't be recorded is given with its reason, and holds up no other.
    """
    for holding in holdings:
        days = SourceDays(lake, source, holding.dataset, holding.listing)
        for day in holding.by_day:
            try:
                entry = days.day(day)
            except (PhoenixError, OSError) as error:
                yield Adopted(holding, day, None, str(error))
                continue
            if entry is not None:
                yield Adopted(holding, day, entry, entry.reason)
