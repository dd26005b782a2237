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
        path: Where it lies on this machine.
    """

    file: SourceFile
    path: Path


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
        if not used.isdisjoint({place, file.name}):
            continue
        if file.lies_at is not None:
            found[place] = Copy(file, file.lies_at)
        elif "://" not in lake.location and lake.stat(place) is not None:
            found[place] = Copy(file, Path(lake.directory(place).path))
    return tuple(found.values())
