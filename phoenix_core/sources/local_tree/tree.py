"""A folder of people's own files as a source of days: they are used where they lie, never copied or changed."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from phoenix_core.archive.checksums import sha256_from_sidecar
from phoenix_core.archive.keys import ArchiveKey
from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import ChecksumMismatch
from phoenix_core.market import Listing
from phoenix_core.sources.containers import Container
from phoenix_core.sources.local_tree.inventory import SIDECAR, Answers, TreeFile, take_inventory

# Of files of one day the publisher's own zip is preferred to what somebody made of it.
_PREFERENCE = (Container.ZIP, Container.GZIP, Container.PLAIN)


@dataclass(slots=True)
class LocalTree:
    """Finds days in a folder of any layout.

    Attributes:
        root: The folder.
        answers: Datasets of files that are ambiguous, by pattern of their paths below the folder.
    """

    root: Path
    answers: Answers = field(default_factory=dict)
    _index: dict[tuple[Listing, str], dict[date, list[TreeFile]]] = field(default_factory=dict, repr=False)

    def find(self, dataset: Dataset, listing: Listing, day: date) -> list[TreeFile]:
        """Files that hold a day, the preferred first: a day's file before a month's, zips before what was unpacked.

        The folder is looked through once; again only if what was found then is no longer there.
        """
        found = self._look_up(dataset, listing, day)
        if not self._index or not all(file.path.is_file() for file in found):
            self._look_through()
            found = self._look_up(dataset, listing, day)
        return sorted(found, key=_preference)

    def _look_up(self, dataset: Dataset, listing: Listing, day: date) -> list[TreeFile]:
        held = self._index.get((dataset.published_listing(listing), dataset.name), {})
        return held.get(day, [])

    def _look_through(self) -> None:
        holdings = take_inventory(self.root, self.answers).holdings
        self._index = {(one.listing, one.dataset.name): one.by_day for one in holdings}


def key_of_file(file: TreeFile) -> ArchiveKey:
    """As what the archive would have it."""
    period = file.name.first.isoformat() if file.name.published is Published.DAILY else f"{file.name.first:%Y-%m}"
    return ArchiveKey(file.listing, file.dataset.folder, file.name.published, period, file.dataset.interval)


def is_verified(file: TreeFile, sha256: str) -> bool:
    """Whether the publisher's checksum lies beside a file and is its own; without one, nobody vouches for it.

    Raises:
        ChecksumMismatch: The checksum beside it is another file's.
    """
    if not file.has_checksum:
        return False
    published = sha256_from_sidecar(Path(f"{file.path}{SIDECAR}").read_text("ascii", "replace"), file.path.name)
    if published != sha256:
        raise ChecksumMismatch(
            f"{file.path} does not have its published checksum: expected {published}, found {sha256}. Copy or fetch "
            "it again."
        )
    return True


def _preference(file: TreeFile) -> tuple[bool, bool, int, str]:
    return (
        file.name.published is not Published.DAILY,
        not file.has_checksum,
        _PREFERENCE.index(file.name.container),
        str(file.path),
    )
