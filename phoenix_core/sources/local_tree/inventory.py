"""What a folder holds: by market, dataset, symbol and interval the days there, missing and double.

    take_inventory(Path("binance.vision"))

Names and folders settle most files; rows are read only of those that they leave open, and of the first and
the last file of each holding, for its preview. Ten thousand files take seconds, whatever their size. Nothing
in the folder is changed. A file that can't be placed is named with what it could be; an answer, such as
`{"old/*": "um:mark_price_klines_1m"}`, places it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from phoenix_core.datasets import DATASETS, Dataset, Published, dataset_named, with_interval
from phoenix_core.errors import ArchiveCorrupt, ConfigInvalid
from phoenix_core.market import Listing, Market, days_between, month_of
from phoenix_core.sources.containers import first_rows, last_row
from phoenix_core.sources.local_tree.evidence import (
    EVERY,
    Candidate,
    admitted_by_folders,
    admitted_by_name,
    admitted_by_rows,
    admitted_by_symbol,
    dataset_of,
    described,
    interval_of_rows,
    is_header,
)
from phoenix_core.sources.local_tree.names import FileName, read_name
from phoenix_core.sources.local_tree.unread import option_of_name, reason_unread

SIDECAR = ".CHECKSUM"
_PARENTS = 3  # folders above the given one that may name a market or a dataset: spot_data/daily/aggTrades
_UNREAD_TAIL_BYTES = 64 << 20

Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the archive, wherever it lies.

    Attributes:
        path: Where it lies.
        name: What its name says.
        listing: Market and symbol.
        dataset: Its registry entry, at its interval.
        bytes: Its size.
        has_checksum: The publisher's sidecar lies beside it.
    """

    path: Path
    name: FileName
    listing: Listing
    dataset: Dataset
    bytes: int
    has_checksum: bool

    @property
    def days(self) -> list[date]:
        """Days that it covers by its name."""
        if self.name.published is Published.DAILY:
            return [self.name.first]
        return days_between(*month_of(self.name.first))


class Unplaced(NamedTuple):
    """A file that is not used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """First and last rows of a holding, as they stand in its first and last file.

    Attributes:
        columns: Names by the registry, in the file's order.
        first: Up to three rows.
        last: The last row; empty where reading so far would cost inflating a large file.
        doubt: Why the rows can't be those of the dataset that name and folders say; empty if they can.
    """

    columns: tuple[str, ...]
    first: tuple[str, ...]
    last: str
    doubt: str


@dataclass(frozen=True, slots=True)
class Holding:
    """All files of one dataset of one listing.

    Attributes:
        listing: Market and symbol.
        dataset: The registry's entry, at its interval.
        files: In order of their first day; of the same day, days before months.
    """

    listing: Listing
    dataset: Dataset
    files: tuple[TreeFile, ...]

    @property
    def bytes(self) -> int:
        """Size of all files as they lie there."""
        return sum(file.bytes for file in self.files)

    @property
    def by_day(self) -> dict[date, list[TreeFile]]:
        """Days in order, each with the files that cover it."""
        found: dict[date, list[TreeFile]] = {}
        for file in self.files:
            for day in file.days:
                found.setdefault(day, []).append(file)
        return dict(sorted(found.items()))

    @property
    def missing(self) -> list[date]:
        """Days between the first and the last that are in no file."""
        here = self.by_day
        return [day for day in days_between(min(here), max(here)) if day not in here]

    @property
    def double(self) -> dict[date, list[TreeFile]]:
        """Days that lie in more than one file, each with its files."""
        return {day: files for day, files in self.by_day.items() if len(files) > 1}


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a folder holds.

    Attributes:
        root: The folder.
        holdings: By market, dataset, symbol and interval.
        ambiguous: Files whose market or dataset is open, or contradicts itself; each names its candidates.
        broken: Files that are empty or can't be opened.
        unread: Files of the archive that Phoenix does not read, and what is left of some.
        others: Files that are none of the archive's, sidecars left out.
    """

    root: Path
    holdings: tuple[Holding, ...]
    ambiguous: tuple[Unplaced, ...]
    broken: tuple[Unplaced, ...]
    unread: tuple[Unplaced, ...]
    others: tuple[Path, ...]


def take_inventory(root: Path, answers: Answers | None = None) -> Inventory:
    """Find out what a folder holds.

    Args:
        root: The folder; links below it are followed once.
        answers: Dataset by pattern of paths below the folder, for files that are ambiguous.

    Raises:
        ConfigInvalid: There is no such folder, or an answer names no dataset.
    """
    root = root.expanduser().resolve()
    if not root.is_dir():
        raise ConfigInvalid(f"{root} is no folder: expected one that holds files of the archive.")
    sorting = _Sorting(root, {pattern: _candidate(answer) for pattern, answer in (answers or {}).items()})
    for folder, names in _walk(root):
        sorting.sort_in(folder, names)
    return Inventory(
        root=root,
        holdings=_holdings(sorting.files),
        ambiguous=tuple(sorting.ambiguous),
        broken=tuple(sorting.broken),
        unread=tuple(sorting.unread),
        others=tuple(sorting.others),
    )


def preview(holding: Holding) -> Preview:
    """Rows of a holding's first and last file.

    Raises:
        ArchiveCorrupt: One of them can't be read.
    """
    first, last = holding.files[0], holding.files[-1]
    rows = _rows(first.path, first.name)
    doubts = [
        f"{file.path}: its rows are those of {described(admitted) or 'no dataset'}"
        for file, read in ((first, rows), (last, _rows(last.path, last.name)))
        if _family(holding) not in (admitted := admitted_by_rows(read))
    ]
    names = [column.name for column in holding.dataset.columns[holding.listing.market]]
    if rows and is_header(rows[0]):
        names, rows = [name.strip().strip('"') for name in rows[0].split(",")], rows[1:]
    tail = last_row(last.path, last.name.container) if last.bytes <= _UNREAD_TAIL_BYTES else ""
    return Preview(tuple(names), tuple(rows[:3]), tail, doubts[0] if doubts else "")


def _family(holding: Holding) -> Candidate:
    """A holding as a candidate: klines of any length are one."""
    entry = next(one for one in DATASETS if one.folder == holding.dataset.folder)
    return Candidate(holding.listing.market, entry.name)


def _candidate(answer: str) -> Candidate:
    market, _, name = answer.partition(":")
    candidate = Candidate(Market(market), dataset_named(name).name) if market in set(Market) else None
    if candidate not in EVERY:
        raise ConfigInvalid(f"{answer!r} is no dataset of a market: expected one of {described(EVERY)}.")
    return candidate


def _walk(root: Path) -> Iterator[tuple[Path, set[str]]]:
    """Folders and the names of their files; a folder that links lead to twice is visited once."""
    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        status = os.stat(folder)  # noqa: PTH116 - of a path as os.walk gives it
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield Path(folder), set(names)


@dataclass(slots=True)
class _Sorting:
    """Puts each file of a folder where it belongs."""

    root: Path
    answers: Mapping[str, Candidate]
    files: list[TreeFile] = field(default_factory=list)
    ambiguous: list[Unplaced] = field(default_factory=list)
    broken: list[Unplaced] = field(default_factory=list)
    unread: list[Unplaced] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)

    def sort_in(self, folder: Path, names: set[str]) -> None:
        """Sort in the files of one folder."""
        below = folder.relative_to(self.root)
        words = (*self.root.parts[-_PARENTS:], *below.parts)
        sidecars = {name for name in names if name.endswith(SIDECAR)}
        for name in sorted(names - sidecars):
            path, read = folder / name, read_name(name, words)
            if (why := option_of_name(name) or (reason_unread(name) if read is None else None)) is not None:
                self.unread.append(Unplaced(path, why))
                continue
            if read is None:
                self.others.append(path)
                continue
            try:
                size = _size(path)
                answer = self._answer(f"{below}/{name}".removeprefix("./"))
                found = _placed(path, read, words) if answer is None else _as_answered(path, read, answer)
                if isinstance(found, str):
                    self.ambiguous.append(Unplaced(path, found))
                    continue
                listing = Listing(found[0], read.symbol)
            except (ArchiveCorrupt, ConfigInvalid, OSError) as error:
                self.broken.append(Unplaced(path, str(error)))
                continue
            self.files.append(TreeFile(path, read, listing, found[1], size, f"{name}{SIDECAR}" in sidecars))

    def _answer(self, relative: str) -> Candidate | None:
        return next((answer for pattern, answer in self.answers.items() if fnmatch(relative, pattern)), None)


def _placed(path: Path, name: FileName, folders: tuple[str, ...]) -> tuple[Market, Dataset] | str:
    """Market and dataset of a file, or the question that it leaves open."""
    admitted = admitted_by_folders(folders) & admitted_by_name(name) & admitted_by_symbol(name.symbol)
    if len(admitted) > 1:
        admitted &= admitted_by_rows(_rows(path, name))
    if not admitted:
        return "name, folders and rows contradict each other: no dataset of the registry fits all of them"
    if len(admitted) > 1:
        return f"could be {described(admitted)}"
    return _as_answered(path, name, next(iter(admitted)))


def _as_answered(path: Path, name: FileName, candidate: Candidate) -> tuple[Market, Dataset] | str:
    """Market and dataset, klines at the length that the name or else the rows say."""
    dataset = dataset_of(candidate)
    if dataset.interval is None:
        return candidate.market, dataset
    interval = name.interval or interval_of_rows(_rows(path, name))
    if interval is None:
        return "klines of no length that the exchange has"
    return candidate.market, with_interval(dataset, interval)


def _size(path: Path) -> int:
    size = path.stat().st_size
    if not size:
        raise ArchiveCorrupt(f"{path} is empty. Fetch or copy it again.")
    return size


def _rows(path: Path, name: FileName) -> list[str]:
    return first_rows(path, name.container)


def _holdings(files: Sequence[TreeFile]) -> tuple[Holding, ...]:
    grouped: dict[tuple[Listing, str], list[TreeFile]] = {}
    for file in files:
        grouped.setdefault((file.listing, file.dataset.name), []).append(file)
    return tuple(
        Holding(listing, held[0].dataset, tuple(sorted(held, key=_by_day)))
        for (listing, _), held in sorted(grouped.items(), key=lambda item: item[0])
    )


def _by_day(file: TreeFile) -> tuple[date, date, str]:
    return file.name.first, file.days[-1], str(file.path)
