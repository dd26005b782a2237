"""Which days the archive has that we have not, or has in other bytes: asked of the small checksum files.

Listings of the archive have been seen stale, so each file's `.CHECKSUM` is asked for instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from phoenix_core.datasets import Dataset, Published, availability_of
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.store import raw_asset
from phoenix_core.sources.contract import Absence, Source
from phoenix_core.sources.publication import absence
from phoenix_core.storage import Lake, digest_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the archive has of a day.

    Attributes:
        day: UTC day.
        published: Published SHA-256 by dataset.
        awaited: Datasets that are not out and may yet come.
        changed: Datasets whose published bytes are not those we have.
        unrecorded: Datasets of which nothing is recorded yet, also where nothing is published.
    """

    day: date
    published: dict[str, str]
    awaited: tuple[str, ...]
    changed: tuple[str, ...]
    unrecorded: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """Datasets to materialize for the day to be as the archive has it."""
        return tuple(dict.fromkeys((*self.changed, *self.unrecorded)))

    @property
    def is_due(self) -> bool:
        """Everything that may come is there, and something of it is new."""
        return bool(self.changed) and not self.awaited

    @property
    def digest(self) -> str:
        """Identity of what is published: it changes when a file is replaced."""
        return digest_of(self.published)


def arrival(
    lake: Lake, source: Source, listing: Listing, datasets: Sequence[Dataset], day: date, today: date
) -> Arrival:
    """Ask a source about a day, one small request a dataset.

    Monthly files are not asked for: they come out long after their days.

    Raises:
        SourceUnreachable: The archive does not answer.
        SourceForbidden: It refuses us.
    """
    manifest = Manifest(lake)
    published: dict[str, str] = {}
    awaited = []
    for dataset in datasets:
        if dataset.published is not Published.DAILY or availability_of(dataset, listing).excludes(day):
            continue
        own = (file for file in source.find(dataset, listing, day) if file.is_of_a_day)
        digest = next(filter(None, map(source.published_sha256, own)), None)
        if digest is not None:
            published[dataset.name] = digest
        elif absence(dataset, listing, day, today).why is Absence.NOT_YET:
            awaited.append(dataset.name)
    entries = {dataset.name: manifest.find(raw_asset(dataset, listing), day) for dataset in datasets}
    known = {name: entry.sha256 for name, entry in entries.items() if entry is not None}
    # What was cut out of a month's file has no published digest that it could be compared by.
    cut = {name for name, entry in entries.items() if entry is not None and "cut_from" in entry.facts}
    return Arrival(
        day=day,
        published=published,
        awaited=tuple(awaited),
        changed=tuple(name for name, digest in published.items() if known.get(name) != digest and name not in cut),
        unrecorded=tuple(name for name in entries if name not in known and name not in awaited),
    )


def recent_days(today: date, count: int) -> list[date]:
    """The last few days that can be out, oldest first, since a day's signals read the day before."""
    return [today - timedelta(back) for back in range(count, 0, -1)]
