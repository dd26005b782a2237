"""A folder of people's own files as a source of days: they are used where they lie, never copied or changed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import SourceRefused
from phoenix_core.market import Listing
from phoenix_core.sources.binance.checksums import sha256_from_sidecar
from phoenix_core.sources.binance.keys import ArchiveKey, key_of_day
from phoenix_core.sources.containers import Container
from phoenix_core.sources.contract import Fetched, Monthly, Progress, SourceFile, no_progress, require_checksum
from phoenix_core.sources.local_tree.inventory import SIDECAR, Answers, TreeFile, take_inventory
from phoenix_core.storage import sha256_of

# Of files of one day the publisher's own zip is preferred to what somebody made of it.
_PREFERENCE = (Container.ZIP, Container.GZIP, Container.PLAIN)


@dataclass(slots=True)
class LocalTree:
    """Finds days in a folder of any layout.

    Attributes:
        root: The folder.
        answers: Datasets of files that are ambiguous, by pattern of their paths below the folder.
        monthly: Which of a day's and a month's file comes first; both serve, as they are here.
    """

    root: Path
    answers: Answers = field(default_factory=dict)
    monthly: Monthly = Monthly.NEVER
    _index: dict[tuple[Listing, str], dict[date, list[TreeFile]]] = field(default_factory=dict, repr=False)

    def find(self, dataset: Dataset, listing: Listing, day: date) -> Sequence[SourceFile]:
        """Files that hold a day: by default a day's before a month's, and zips before what was unpacked.

        The folder is looked through once; again only if what was found then is no longer there.
        """
        found = self._look_up(dataset, listing, day)
        if not self._index or not all(file.path.is_file() for file in found):
            self._look_through()
            found = self._look_up(dataset, listing, day)
        return [_source_file(file) for file in sorted(found, key=self._preference)]

    def key_of_day(self, dataset: Dataset, listing: Listing, day: date) -> str:
        """As the archive would name it."""
        return key_of_day(dataset, listing, day).path

    def size(self, file: SourceFile) -> int | None:
        """Its size as it lies there; None: it is gone."""
        path = Path(file.name)
        return path.stat().st_size if path.is_file() else None

    def published_sha256(self, file: SourceFile) -> str | None:
        """What the publisher's sidecar says, if it lies beside the file."""
        sidecar = Path(f"{file.name}{SIDECAR}")
        if not sidecar.is_file():
            return None
        return sha256_from_sidecar(sidecar.read_text("ascii", "replace"), Path(file.name).name)

    def fetch(
        self, file: SourceFile, into: Path, *, expected: str | None, max_bytes: int, progress: Progress = no_progress
    ) -> Fetched | None:
        """Copy a file; of use where its bytes are wanted elsewhere, since its days are read where they lie."""
        size = self.size(file)
        if size is None:
            return None
        if size > max_bytes:
            raise SourceRefused(f"{file.name} is larger than any such file: expected {max_bytes} bytes, found {size}.")
        shutil.copyfile(file.name, into)
        digest = sha256_of(into)
        require_checksum(file.name, expected, digest)
        progress(Path(file.name).name, size, size)
        return Fetched(digest, size, expected is not None)

    def _look_up(self, dataset: Dataset, listing: Listing, day: date) -> list[TreeFile]:
        held = self._index.get((dataset.published_listing(listing), dataset.name), {})
        return held.get(day, [])

    def _look_through(self) -> None:
        holdings = take_inventory(self.root, self.answers).holdings
        self._index = {(one.listing, one.dataset.name): one.by_day for one in holdings}

    def _preference(self, file: TreeFile) -> tuple[bool, bool, int, str]:
        preferred = Published.MONTHLY if self.monthly is Monthly.FIRST else Published.DAILY
        return (
            file.name.published is not preferred,
            not file.has_checksum,
            _PREFERENCE.index(file.name.container),
            str(file.path),
        )


def _source_file(file: TreeFile) -> SourceFile:
    key = _key_of_file(file)
    return SourceFile(str(file.path), key.path, *key.days, file.name.container, file.path)


def _key_of_file(file: TreeFile) -> ArchiveKey:
    """As what the archive would have it."""
    period = file.name.first.isoformat() if file.name.published is Published.DAILY else f"{file.name.first:%Y-%m}"
    return ArchiveKey(file.listing, file.dataset.folder, file.name.published, period, file.dataset.interval)
