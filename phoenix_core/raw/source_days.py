"""Raw days out of one source: recorded where they lie, copied, or cut out of a month's file.

Nothing of people's own is copied whole, changed or deleted. A month's file can't be read thirty times, so its days
are cut out of it once, into `archive/days/` of the data folder; their entries say from which file and bytes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing, days_between
from phoenix_core.products import asset_name
from phoenix_core.raw.recipe import raw_recipe
from phoenix_core.raw.unchanged import State, require_unchanged, state_of
from phoenix_core.sources.contract import Absence, Fetched, Progress, Source, SourceFile, no_progress, require_checksum
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake

# Days of one month are often asked for at once: the first of them fetches and cuts it, the others find it cut.
_ONE_MONTH_AT_A_TIME = Lock()
_DAYS_A_MONTH = 31


@dataclass(frozen=True, slots=True)
class SourceDays:
    """Records raw days of one dataset from one source.

    Attributes:
        lake: The data folder.
        source: Where they come from.
        dataset: Which dataset.
        listing: Market and symbol.
        progress: Told what has arrived of a file.
    """

    lake: Lake
    source: Source
    dataset: Dataset
    listing: Listing
    progress: Progress = no_progress

    @property
    def asset(self) -> str:
        """Name of the raw asset."""
        return asset_name(self.listing, self.dataset.name)

    @property
    def _manifest(self) -> Manifest:
        return Manifest(self.lake)

    def day(self, day: date) -> Entry | None:
        """Record a day, or give None where the source has no file of it.

        Of several files the first that is out and has the day is taken; others that lie there are named in the
        entry. A day that is taken out of a month's file brings along all days of the month that are.

        Raises:
            ChecksumMismatch: A file does not have the checksum that its publisher states.
            ArchiveCorrupt: A month's file can't be read to its end.
            RowsInvalid: A month's file has times that are none.
        """
        absent: Entry | None = None
        for file in (files := self._find(day)):
            if file.is_of_a_day or self.dataset.published is Published.MONTHLY:
                entry = self._whole(day, file, files, absent)
            else:
                entry = self._part(day, file)
            if entry is not None and entry.published:
                return entry
            absent = entry or absent
        kept = self._manifest.find(self.asset, day)
        # What another file gave stays, also if that is not out any more.
        return None if absent is None or (kept is not None and kept.published) else self._manifest.record(absent)

    def _find(self, day: date) -> Sequence[SourceFile]:
        return self.source.find(self.dataset, self.listing, day)

    def _whole(self, day: date, file: SourceFile, files: Sequence[SourceFile], absent: Entry | None) -> Entry | None:
        expected = self.source.published_sha256(file)
        if (digest := self._brought(file, expected)) is None:
            return None
        facts = self._facts(file, files, verified=expected is not None)
        if absent is not None:
            # Or the month that lacks the day would be read again whenever the day is materialized.
            facts["not_in"] = absent.facts["cut_from"]
        return self._record(day, self._place(file), (digest, self._bytes(file)), facts)

    def _brought(self, file: SourceFile, expected: str | None) -> str | None:
        """Have a file where it is read, and give its digest; None: it is not out.

        It lies there, is here already, or is fetched now. A copy that nobody vouches for is fetched again, since
        nothing tells whether it is still the same.

        Raises:
            ChecksumMismatch: It has not the digest that is expected.
        """
        if file.lies_at is not None:
            if (before := state_of(file.lies_at)) is None:
                return None
            digest = sha256_of(file.lies_at)
            require_unchanged(file.lies_at, before)
            require_checksum(file.name, expected, digest)
            return digest
        if expected is None or self.lake.sha256(self._place(file)) != expected:
            fetched = self._fetched(file, expected)
            if fetched is None:
                return None
            digest = fetched.sha256
        else:
            digest = expected
        if expected is not None:
            self._keep_checksum(self._place(file), digest)
        return digest

    def _fetched(self, file: SourceFile, expected: str | None) -> Fetched | None:
        is_month_of_days = not file.is_of_a_day and self.dataset.published is Published.DAILY
        most = self.dataset.max_bytes * (_DAYS_A_MONTH if is_month_of_days else 1)
        with self.lake.publishing(self._place(file)) as staged:
            fetched = self.source.fetch(file, staged, expected=expected, max_bytes=most, progress=self.progress)
            if fetched is None:
                staged.unlink(missing_ok=True)
        return fetched

    def _keep_checksum(self, relative: str, digest: str) -> None:
        """Keep the published checksum beside the copy, also if an earlier run was killed between the two."""
        line = f"{digest}  {relative.rsplit('/', 1)[-1]}\n".encode()
        sidecar = f"{relative}.CHECKSUM"
        if self.lake.read_many([sidecar]) != {sidecar: line}:
            self.lake.write(sidecar, line)

    def _part(self, day: date, month: SourceFile) -> Entry | None:
        with _ONE_MONTH_AT_A_TIME:
            expected = self.source.published_sha256(month)
            if kept := self._cut_before(day, month, expected):
                return kept
            before = state_of(month.lies_at) if month.lies_at is not None else None
            if (digest := self._brought(month, expected)) is None:
                return None
            return self._cut(day, month, digest, before, verified=expected is not None)

    def _cut_before(self, day: date, month: SourceFile, expected: str | None) -> Entry | None:
        """What is known of a day that was looked for in just this file, which has not changed since."""
        try:
            entry = self._manifest.find(self.asset, day)
            if entry is None:
                return None
            if self._is_from(entry.facts.get("not_in", {}), month, expected):
                return self._without_rows(day, month, {"cut_from": entry.facts["not_in"]})
            if not self._is_from(entry.facts.get("cut_from", {}), month, expected):
                return None
            return self._manifest.verify(entry)
        except CatalogCorrupt:
            return None  # whatever is wrong with it, it is cut anew

    def _is_from(self, origin: dict[str, Any], month: SourceFile, expected: str | None) -> bool:
        if month.lies_at is None and expected is not None:
            return origin.get("sha256") == expected
        state = self._state(month)
        return state is not None and origin.get("state") == state

    def _cut(self, asked: date, month: SourceFile, digest: str, before: State | None, *, verified: bool) -> Entry:
        from phoenix_core.raw.months import cut_month  # noqa: PLC0415 - brings Polars

        path, span = month.lies_at or self.lake.fetch(self._place(month), digest), (month.first, month.last)
        origin = {"path": month.name, "sha256": digest, "state": self._state(month)}
        wanted = sorted({asked, *self._served(month)})

        @contextmanager
        def publishing(day: date) -> Iterator[Path]:
            with self.lake.publishing(self._relative(day)) as staged:
                yield staged
                if month.lies_at is not None:
                    require_unchanged(month.lies_at, before)

        cut = cut_month(path, self.dataset, self.listing.market, span, wanted, publishing)
        entries = {}
        for day in wanted:
            key = self.source.key_of_day(self.dataset, self.listing, day)
            facts = self._facts(month, self._find(day), verified=verified) | {"key": key, "cut_from": origin}
            relative = self._relative(day)
            if day in cut:
                entries[day] = self._record(day, relative, self.lake.digest_and_size(relative), facts)
            else:
                entries[day] = self._without_rows(day, month, facts)
                if day != asked and self._manifest.find(self.asset, day) is None:
                    self._manifest.record(entries[day])
        return entries[asked]

    def _served(self, month: SourceFile) -> Iterator[date]:
        """Days of a month of which no file is out that is preferred to it."""
        for day in days_between(month.first, month.last):
            for file in self._find(day):
                if file == month:
                    yield day
                if file == month or self.source.size(file) is not None:
                    break

    def _relative(self, day: date) -> str:
        return f"archive/days/{self.asset}/{day}.csv.gz"

    def _place(self, file: SourceFile) -> str:
        """As an entry names it: an absolute path where it lies elsewhere, or ours below the data folder."""
        return copy_path(file.key) if file.lies_at is None else str(file.lies_at)

    def _state(self, file: SourceFile) -> list[int] | None:
        """Size and time of change: while they stay, a month is not read again just to see that it is the same."""
        if file.lies_at is None:
            kept = self.lake.stat(self._place(file))
            return None if kept is None else [kept.bytes, kept.modified_ns]
        status = file.lies_at.stat() if file.lies_at.is_file() else None
        return None if status is None else [status.st_size, status.st_mtime_ns]

    def _bytes(self, file: SourceFile) -> int:
        state = self._state(file)
        if state is None:
            raise CatalogCorrupt(f"{file.name} was there and is gone. Materialize the day again.")
        return state[0]

    def _facts(self, file: SourceFile, files: Sequence[SourceFile], *, verified: bool) -> dict[str, Any]:
        facts: dict[str, Any] = {"verified": verified, "key": file.key}
        if file.lies_at is not None:
            facts["also_in"] = [other.name for other in files if other != file and other.lies_at is not None]
        return facts

    def _record(self, day: date, file: str, content: tuple[str, int], facts: dict[str, Any]) -> Entry:
        digest, size = content
        return self._manifest.record(
            Entry(
                asset=self.asset,
                day=day.isoformat(),
                published=True,
                recipe=raw_recipe(self.dataset, self.listing),
                file=file,
                sha256=digest,
                bytes=size,
                facts=facts,
            )
        )

    def _without_rows(self, day: date, month: SourceFile, facts: dict[str, Any]) -> Entry:
        return Entry(
            asset=self.asset,
            day=day.isoformat(),
            published=False,
            reason=f"missing: {month.name} has no row of {day}",
            recipe=raw_recipe(self.dataset, self.listing),
            facts=facts | {"absence": Absence.MISSING.value},
        )


def copy_path(key: str) -> str:
    """Where a copy lies below the data folder."""
    return f"archive/{key}"
