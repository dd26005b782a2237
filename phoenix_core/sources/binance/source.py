"""The archive as a source of days: files of days and of months at fixed paths, copied with their checksums."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from phoenix_core.datasets import Dataset, Published
from phoenix_core.market import Listing
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import ArchiveKey, key_from_path, key_of_day, key_of_month
from phoenix_core.sources.containers import Container
from phoenix_core.sources.contract import Fetched, Monthly, Progress, SourceFile, no_progress
from phoenix_core.sources.publication import known_absence


@dataclass(frozen=True, slots=True)
class BinanceArchive:
    """Days of data.binance.vision, of a mirror, or of a folder with the same paths.

    Attributes:
        client: Speaks to it.
        monthly: Whether days are taken out of months' files.
    """

    client: Archive
    monthly: Monthly = Monthly.NEVER
    _months: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def find(self, dataset: Dataset, listing: Listing, day: date) -> Sequence[SourceFile]:
        """Over HTTP the registry is believed about days outside a dataset's life; looking into a folder is free."""
        if not self.client.is_folder and known_absence(dataset, listing, day):
            return ()
        own = self._file(key_of_day(dataset, listing, day))
        if self.monthly is Monthly.NEVER or not dataset.has_months or dataset.published is Published.MONTHLY:
            return (own,)
        month = self._file(key_of_month(dataset, listing, day))
        return (month, own) if self.monthly is Monthly.FIRST else (own, month)

    def _file(self, key: ArchiveKey) -> SourceFile:
        return SourceFile(self.client.url(key.path), key.path, *key.days, Container.ZIP)

    def key_of_day(self, dataset: Dataset, listing: Listing, day: date) -> str:
        """The day's path, or that of its month where there are only months."""
        return key_of_day(dataset, listing, day).path

    def size(self, file: SourceFile) -> int | None:
        """Ask for the headers alone."""
        return self.client.size(key_from_path(file.key))

    def published_sha256(self, file: SourceFile) -> str | None:
        """Ask for the sidecar: one small request, and for a month's not thirty but one in the life of the source."""
        if file.key in self._months:
            return self._months[file.key]
        digest = self.client.published_sha256(key_from_path(file.key))
        self._remember(file, digest)
        return digest

    def _remember(self, file: SourceFile, digest: str | None) -> None:
        if digest is not None and not file.is_of_a_day:
            self._months[file.key] = digest

    def fetch(
        self, file: SourceFile, into: Path, *, expected: str | None, max_bytes: int, progress: Progress = no_progress
    ) -> Fetched | None:
        """Download a zip, and compare its digest with the published one."""
        key = key_from_path(file.key)
        fetched = self.client.download(key, into, expected=expected, max_bytes=max_bytes, progress=progress)
        if fetched is not None and fetched.verified:
            self._remember(file, fetched.sha256)  # it may have been replaced since it was asked for
        return fetched
