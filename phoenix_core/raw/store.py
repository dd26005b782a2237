"""Bring one day of a dataset into the data folder, verified, or record why there is nothing to bring.

Files that people have already are not brought anywhere: a day's entry says which of their files holds it.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import SourceNotYet, SourceVanished
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import asset_name
from phoenix_core.raw.recipe import raw_recipe
from phoenix_core.raw.source_days import SourceDays
from phoenix_core.sources.contract import Absence, Absent, Progress, Source, no_progress
from phoenix_core.sources.publication import absence
from phoenix_core.storage import Lake


def raw_asset(dataset: Dataset, listing: Listing) -> str:
    """Name of the raw asset, `market/symbol/name`."""
    return asset_name(listing, dataset.name)


def is_published_zip(entry: Entry) -> bool:
    """Whether the file of a raw day is the publisher's own zip, and not one of somebody's own."""
    return entry.file.startswith("archive/data/")


@dataclass(frozen=True, slots=True)
class Ingest:
    """Brings raw days into a data folder.

    Attributes:
        lake: The data folder.
        sources: Where files come from, the preferred first.
        today: The current UTC day; decides between "not yet" and "missing".
        progress: Told what has arrived of a file.
    """

    lake: Lake
    sources: tuple[Source, ...]
    today: date
    progress: Progress = no_progress

    def day(self, dataset: Dataset, listing: Listing, day: date) -> Entry:
        """Bring one day, and record it in the manifest.

        A day in a folder of somebody's own is recorded as it lies there. Of the archive, a file that is already
        here costs one small request, and a day outside the dataset's availability none.

        Returns:
            The manifest's entry; `published` is False where there is nothing, with the reason.

        Raises:
            SourceVanished: The file of somebody's own that held the day is gone, and nothing else has it.
            SourceNotYet: A recent day that is not out; nothing is recorded, ask again.
            PhoenixError: What the sources raise; nothing is recorded.
        """
        absent: Entry | None = None
        for source in self.sources:
            entry = SourceDays(self.lake, source, dataset, listing, self.progress).day(day)
            if entry is not None and entry.published:
                return entry
            absent = absent or entry
        return absent or self._without_file(dataset, listing, day)

    def _without_file(self, dataset: Dataset, listing: Listing, day: date) -> Entry:
        manifest = Manifest(self.lake)
        kept = manifest.find(raw_asset(dataset, listing), day)
        if kept is not None and kept.published:
            if manifest.file(kept).is_file():
                return kept  # withdrawn upstream; what was verified once stays
            if Path(kept.file).is_absolute():
                raise SourceVanished(
                    f"{kept.asset} of {day} was in {kept.file}, which is gone, and no other source has it. Bring the "
                    "file back, or add a source that has the day to PHOENIX_SOURCES."
                )
        absent = absence(dataset, listing, day, self.today)
        if absent.why is Absence.NOT_YET and dataset.published is Published.DAILY:
            raise SourceNotYet(f"{dataset.name} of {listing} for {day} is {absent.reason}. Materialize it then.")
        return self._absent(dataset, listing, day, absent)

    def _absent(self, dataset: Dataset, listing: Listing, day: date, absent: Absent) -> Entry:
        return Manifest(self.lake).record(
            Entry(
                asset=raw_asset(dataset, listing),
                day=day.isoformat(),
                published=False,
                reason=absent.reason,
                recipe=raw_recipe(dataset, listing),
                facts={"absence": absent.why.value},
            )
        )
