"""Days in people's own files: recorded where they lie, or cut out of a month's file.

Nothing of theirs is copied whole, changed or deleted. A month's file can't be read thirty times, so its days
are cut out of it once, into `archive/days/` of the data folder; their entries say from which file and bytes.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from phoenix_core.archive.keys import key_of_day
from phoenix_core.archive.publication import Absence
from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing, days_between
from phoenix_core.products import asset_name
from phoenix_core.raw.months import cut_month
from phoenix_core.raw.recipe import raw_recipe
from phoenix_core.sources.local_tree.inventory import TreeFile
from phoenix_core.sources.local_tree.tree import LocalTree, is_verified, key_of_file
from phoenix_core.storage import Lake, sha256_of


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Records raw days from a folder of somebody's own.

    Attributes:
        lake: The data folder.
        tree: The folder of files.
        dataset: Which dataset.
        listing: Market and symbol.
    """

    lake: Lake
    tree: LocalTree
    dataset: Dataset
    listing: Listing

    @property
    def asset(self) -> str:
        """Name of the raw asset."""
        return asset_name(self.listing, self.dataset.name)

    def day(self, day: date) -> Entry | None:
        """Record a day, or give None where the folder has no file of it.

        Of several files the preferred one is taken, and the others are named in the entry. A day that lies
        in a month's file alone brings along all days of the month that do.

        Raises:
            ChecksumMismatch: The publisher's checksum beside the file is another file's.
            ArchiveCorrupt: A month's file can't be read to its end.
            RowsInvalid: A month's file has times that are none.
        """
        files = self._files(day)
        if not files:
            return None
        if files[0].name.published is Published.DAILY or self.dataset.published is Published.MONTHLY:
            return self._where_it_lies(day, files)
        return self._current(day, files[0]) or self._cut(files[0], day)

    def _files(self, day: date) -> list[TreeFile]:
        return self.tree.find(self.dataset, self.listing, day)

    def _where_it_lies(self, day: date, files: Sequence[TreeFile]) -> Entry:
        digest = sha256_of(files[0].path)
        facts = self._facts(files, verified=is_verified(files[0], digest))
        return self._record(day, str(files[0].path), files[0].path, facts)

    def _current(self, day: date, month: TreeFile) -> Entry | None:
        """The entry of a day that was cut out of just this file, which has not been touched since."""
        manifest = Manifest(self.lake)
        try:
            entry = manifest.find(self.asset, day)
            if entry is None or entry.facts.get("cut_from", {}).get("state") != _state(month.path):
                return None
            return manifest.verify(entry)
        except CatalogCorrupt:
            return None  # whatever is wrong with it, it is cut anew

    def _cut(self, month: TreeFile, asked: date) -> Entry:
        state = _state(month.path)
        digest = sha256_of(month.path)
        verified = is_verified(month, digest)
        first, last = key_of_file(month).days
        files = {day: self._files(day) for day in days_between(first, last)}
        alone = [day for day, found in files.items() if found and found[0] == month]
        cut = cut_month(month.path, self.dataset, self.listing.market, (first, last), alone, self._place)
        source = {"path": str(month.path), "sha256": digest, "state": state}
        entries = {}
        for day in alone:
            key = key_of_day(self.dataset, self.listing, day).path
            facts = self._facts(files[day], verified=verified) | {"key": key, "cut_from": source}
            relative = self._relative(day)
            entries[day] = (
                self._record(day, relative, self.lake.path(relative), facts)
                if day in cut
                else self._absent(day, month.path, facts)
            )
        return entries[asked]

    def _place(self, day: date) -> AbstractContextManager[Path]:
        return self.lake.publishing(self._relative(day))

    def _relative(self, day: date) -> str:
        return f"archive/days/{self.asset}/{day}.csv.gz"

    def _facts(self, files: Sequence[TreeFile], *, verified: bool) -> dict[str, Any]:
        return {
            "verified": verified,
            "key": key_of_file(files[0]).path,
            "also_in": [str(other.path) for other in files[1:]],
        }

    def _record(self, day: date, file: str, path: Path, facts: dict[str, Any]) -> Entry:
        return Manifest(self.lake).record(
            Entry(
                asset=self.asset,
                day=day.isoformat(),
                published=True,
                recipe=raw_recipe(self.dataset, self.listing),
                file=file,
                sha256=sha256_of(path),
                bytes=path.stat().st_size,
                facts=facts,
            )
        )

    def _absent(self, day: date, month: Path, facts: dict[str, Any]) -> Entry:
        reason = f"missing: {month} has no row of {day}"
        facts = facts | {"absence": Absence.MISSING.value}
        return Manifest(self.lake).record(
            Entry(
                asset=self.asset,
                day=day.isoformat(),
                published=False,
                reason=reason,
                recipe=raw_recipe(self.dataset, self.listing),
                facts=facts,
            )
        )


def _state(path: Path) -> list[int]:
    """Size and time of change: while they stay, a month is not read again just to see that it is the same."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
