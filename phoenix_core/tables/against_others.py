"""A raw day held against the other files that are here and hold it too: a month's beside a day's, a second copy.

The one that is preferred is used, whatever the others say. That they differ is a finding, with its rows. Nothing is
fetched to find it: people's own files, and copies of the archive's in a data folder of this machine, are all there is.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import InputMissing, PhoenixError
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.copies import Copy, copies_at_hand
from phoenix_core.raw.line_digests import digest_of_lines, digests_of_month
from phoenix_core.raw.months import cut_month
from phoenix_core.raw.store import is_published_zip, raw_asset
from phoenix_core.sources.binance.keys import ArchiveKey, key_from_path, key_of_day
from phoenix_core.sources.contract import Source, SourceFile
from phoenix_core.storage.lake import Lake
from phoenix_core.tables.difference import Difference, difference
from phoenix_core.tables.read import DayTable


def against_others(
    lake: Lake, sources: Sequence[Source], dataset: Dataset, listing: Listing, day: date
) -> Iterator[tuple[str, Difference]]:
    """Compare a raw day's rows with those of each other file that lies here and holds the day.

    Of a month's file the day is cut out for it, which costs reading the month once; it is not kept.

    Yields:
        Where the other file lies, and how they differ, the raw day's rows on the left.

    Raises:
        InputMissing: The raw day was never materialized, or has no file.
        PhoenixError: What reading either raises.
    """
    entry = Manifest(lake).find(raw_asset(dataset, listing), day)
    if entry is None or not entry.published:
        reason = entry.reason if entry else "it was never materialized"
        raise InputMissing(f"{raw_asset(dataset, listing)} of {day} has no file to compare: {reason}.")
    compared = _Compared(lake, dataset, listing, day, entry)
    for other in copies_at_hand(lake, sources, dataset, listing, entry):
        yield other.file.name, compared.difference(other)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A file that says something else than the raw day, or can't be read.

    Attributes:
        name: Where it lies.
        message: In how many rows, or why it can't be read.
        rows: The first of them, as text.
    """

    name: str
    message: str
    rows: tuple[dict[str, str], ...] = ()


def disagreements(
    lake: Lake, sources: Sequence[Source], dataset: Dataset, listing: Listing, entry: Entry
) -> tuple[int, tuple[Disagreement, ...]]:
    """Hold a raw day against the other files that are here, by digests of their lines and, where these differ, by rows.

    A month's file is read once for all its days, and once more for each day that differs.

    Returns:
        How many files there are beside its own, and those of them that disagree.
    """
    others = copies_at_hand(lake, sources, dataset, listing, entry)
    compared = _Compared(lake, dataset, listing, date.fromisoformat(entry.day), entry)
    found = []
    for other in others:
        try:
            if not compared.is_word_for_word(other) and not (differing := compared.difference(other)).is_none:
                found.append(Disagreement(other.file.name, _counted(differing), _shown(differing)))
        except (PhoenixError, OSError) as error:
            found.append(Disagreement(other.file.name, f"can't be compared: {error}"))
    return len(others), tuple(found)


@dataclass(frozen=True, slots=True)
class _Compared:
    lake: Lake
    dataset: Dataset
    listing: Listing
    day: date
    entry: Entry

    @property
    def path(self) -> Path:
        return Manifest(self.lake).fetch(self.entry)

    def difference(self, other: Copy) -> Difference:
        """Compare row by row."""
        self.lake.scratch.mkdir(parents=True, exist_ok=True)
        key, is_published = key_from_path(self.entry.facts["key"]), is_published_zip(self.entry)
        ours = self._table(self.path, key, is_published=is_published)
        with TemporaryDirectory(dir=self.lake.scratch) as folder:
            return difference(ours, self._other_table(other, Path(folder)))

    def is_word_for_word(self, other: Copy) -> bool:
        """Whether both have the same lines, which says that they have the same rows."""
        member = key_from_path(self.entry.facts["key"]).member if is_published_zip(self.entry) else None
        if self._is_of_several_days(other.file):
            theirs = digests_of_month(self.lake, other, self.dataset, self.listing).get(self.day)
        else:
            theirs = digest_of_lines(other.path(self.lake), self.dataset, self.listing, None)
        return theirs == digest_of_lines(self.path, self.dataset, self.listing, member)

    def _is_of_several_days(self, file: SourceFile) -> bool:
        return not file.is_of_a_day and self.dataset.published is Published.DAILY

    def _table(self, path: Path, key: ArchiveKey, *, is_published: bool) -> DayTable:
        days = (self.day, self.day)
        return DayTable(path, key, self.dataset, days, self.lake.scratch, is_published=is_published)

    def _other_table(self, other: Copy, folder: Path) -> DayTable:
        file, path = other.file, other.path(self.lake)
        if not self._is_of_several_days(file):
            return self._table(path, key_from_path(file.key), is_published=False)
        cut = folder / f"{self.day}.csv.gz"

        def publish(day: date) -> AbstractContextManager[Path]:
            del day
            return nullcontext(cut)

        market = self.listing.market
        if not cut_month(path, self.dataset, market, (file.first, file.last), [self.day], publish):
            cut = folder / f"{self.day}.csv"  # a month without the day: none of its rows are there
            cut.write_text(",".join(column.name for column in self.dataset.columns[market]) + "\n")
        return self._table(cut, key_of_day(self.dataset, self.listing, self.day), is_published=False)


_WORDS = {"only_left": "only in the day's own file", "only_right": "only in the other", "changed": "changed"}


def _counted(found: Difference) -> str:
    return (
        f"{found.only_left:,} rows are only in the file that is used, {found.only_right:,} only in this one, "
        f"{found.changed:,} of {found.compared:,} differ"
    )


def _shown(found: Difference) -> tuple[dict[str, str], ...]:
    """Rows for a table: all of the same columns."""
    return tuple({"what": _WORDS[one["what"]], "row": _cells(one)} for one in found.examples)


def _cells(example: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {' → '.join(map(str, value)) if isinstance(value, tuple) else value}"
        for name, value in example.items()
        if name != "what"
    )
