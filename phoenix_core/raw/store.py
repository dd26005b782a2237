"""Bring one day of a dataset into the data folder, verified, or record why there is nothing to bring.

Files that people have already are not brought anywhere: a day's entry says which of their files holds it.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phoenix_core.archive.client import Archive, Fetched, Progress, no_progress
from phoenix_core.archive.keys import ArchiveKey, key_of_day
from phoenix_core.archive.publication import Absence, Absent, absence, known_absence
from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import SourceNotYet, SourceVanished
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import asset_name
from phoenix_core.raw.recipe import raw_recipe
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage import Lake, sha256_of


def raw_asset(dataset: Dataset, listing: Listing) -> str:
    """Name of the raw asset, `market/symbol/name`."""
    return asset_name(listing, dataset.name)


def is_published_zip(entry: Entry) -> bool:
    """Whether the file of a raw day is the publisher's own zip, and not one of somebody's own."""
    return entry.file.startswith("archive/data/")


def raw_path(key: ArchiveKey) -> str:
    """Where a zip lies below the data folder."""
    return f"archive/{key.path}"


@dataclass(frozen=True, slots=True)
class Ingest:
    """Brings raw days into a data folder.

    Attributes:
        lake: The data folder.
        archive: Where files come from; None: from nowhere but the trees.
        today: The current UTC day; decides between "not yet" and "missing".
        progress: Told what has arrived of a file.
        trees: Folders of people's own files, asked before the archive, in this order.
    """

    lake: Lake
    archive: Archive | None
    today: date
    progress: Progress = no_progress
    trees: tuple[LocalTree, ...] = ()

    def day(self, dataset: Dataset, listing: Listing, day: date) -> Entry:
        """Bring one day, and record it in the manifest.

        A day in one of the trees is recorded as it lies there. Of the archive, a file that is already here
        costs one small request, and a day outside the dataset's availability none: over HTTP the registry is
        believed. A folder is always looked into, since that is free.

        Returns:
            The manifest's entry; `published` is False where there is nothing, with the reason.

        Raises:
            SourceVanished: The file of somebody's own that held the day is gone, and nothing else has it.
            SourceNotYet: A recent day that is not out; nothing is recorded, ask again.
            PhoenixError: What `Archive` raises; nothing is recorded.
        """
        from phoenix_core.raw.own_files import OwnFiles  # noqa: PLC0415 - brings Polars, to cut months into days

        for tree in self.trees:
            if entry := OwnFiles(self.lake, tree, dataset, listing).day(day):
                return entry
        if self.archive is None:
            return self._without_file(dataset, listing, day)
        return self._from_archive(self.archive, dataset, listing, day)

    def _from_archive(self, archive: Archive, dataset: Dataset, listing: Listing, day: date) -> Entry:
        known = None if archive.is_folder else known_absence(dataset, listing, day)
        if known:
            return self._absent(dataset, listing, day, known)
        key = key_of_day(dataset, listing, day)
        expected = archive.published_sha256(key)
        if not self._is_here(key, expected) and self._fetch(archive, dataset, key, expected) is None:
            return self._without_file(dataset, listing, day)
        return self._recorded(dataset, listing, day, key, verified=expected is not None)

    def _is_here(self, key: ArchiveKey, expected: str | None) -> bool:
        path = self.lake.path(raw_path(key))
        return expected is not None and path.is_file() and sha256_of(path) == expected

    def _fetch(self, archive: Archive, dataset: Dataset, key: ArchiveKey, expected: str | None) -> Fetched | None:
        relative = raw_path(key)
        with self.lake.publishing(relative) as staged:
            fetched = archive.download(
                key, staged, expected=expected, max_bytes=dataset.max_bytes, progress=self.progress
            )
            if fetched is None:
                staged.unlink(missing_ok=True)
        return fetched

    def _recorded(self, dataset: Dataset, listing: Listing, day: date, key: ArchiveKey, *, verified: bool) -> Entry:
        relative = raw_path(key)
        path = self.lake.path(relative)
        digest = sha256_of(path)
        if verified:
            self._keep_checksum(relative, digest)
        return Manifest(self.lake).record(
            Entry(
                asset=raw_asset(dataset, listing),
                day=day.isoformat(),
                published=True,
                recipe=raw_recipe(dataset, listing),
                file=relative,
                sha256=digest,
                bytes=path.stat().st_size,
                facts={"verified": verified, "key": key.path},
            )
        )

    def _keep_checksum(self, relative: str, digest: str) -> None:
        """Keep the published checksum beside the zip, also if an earlier run was killed between the two."""
        line = f"{digest}  {relative.rsplit('/', 1)[-1]}\n".encode()
        sidecar = self.lake.path(f"{relative}.CHECKSUM")
        if not sidecar.is_file() or sidecar.read_bytes() != line:
            self.lake.write(f"{relative}.CHECKSUM", line)

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
