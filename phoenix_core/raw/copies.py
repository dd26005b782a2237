"""Which other files that are here hold a raw day: a month's beside a day's, a second copy. Nothing is compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.raw.source_days import copy_path
from phoenix_core.sources.contract import Source, SourceFile
from phoenix_core.storage.lake import Lake


@dataclass(frozen=True, slots=True)
class Copy:
    """Another file that holds a raw day.

    Attributes:
        file: What its source says of it.
        state: Size and time of change: while they stay, it is taken to be the same.
    """

    file: SourceFile
    state: tuple[int, int]

    def path(self, lake: Lake) -> Path:
        """Where it is read.

        Raises:
            CatalogCorrupt: It was in the data folder just now, and is gone.
        """
        if self.file.lies_at is not None:
            return self.file.lies_at
        name = copy_path(self.file.key)
        return lake.fetch(name, lake.digest_and_size(name)[0])


def copies_at_hand(
    lake: Lake, sources: Sequence[Source], dataset: Dataset, listing: Listing, entry: Entry
) -> Sequence[Copy]:
    """Files that hold a raw day and lie on this machine, without the one that its entry names.

    Those of a bucket do not: they would have to be fetched to be looked at.
    """
    used = {entry.file, entry.facts.get("cut_from", {}).get("path")}
    found: dict[str, Copy] = {}
    for file in (one for source in sources for one in source.find(dataset, listing, date.fromisoformat(entry.day))):
        place = str(file.lies_at or copy_path(file.key))
        if used.isdisjoint({place, file.name}) and (state := _state(lake, file)) is not None:
            found[place] = Copy(file, state)
    return tuple(found.values())


def _state(lake: Lake, file: SourceFile) -> tuple[int, int] | None:
    if file.lies_at is not None:
        status = file.lies_at.stat() if file.lies_at.is_file() else None
        return None if status is None else (status.st_size, status.st_mtime_ns)
    kept = lake.stat(copy_path(file.key)) if "://" not in lake.location else None
    return None if kept is None else (kept.bytes, kept.modified_ns)
