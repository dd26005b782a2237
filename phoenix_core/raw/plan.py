"""What bringing a range of days will cost, asked of the archive before anything is fetched.

Bytes are published sizes. Rows, hours and disk follow from them by ratios that were measured on real and
synthetic days (`benchmarks/results.md`): they say which of an hour, a day or a week it will be.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from phoenix_core.archive.client import Archive
from phoenix_core.archive.keys import ArchiveKey, key_of_day
from phoenix_core.archive.publication import known_absence
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, TRADES, Dataset
from phoenix_core.market import Listing
from phoenix_core.raw.store import raw_path
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage import Lake

# Zip bytes of a row: 15 to 20 of bookTicker, 12 of aggTrades and trades; of small files it hardly matters.
_BYTES_A_ROW = {BOOK_TICKER.name: 16.0, AGG_TRADES.name: 12.0, TRADES.name: 12.0}
_OTHER_BYTES_A_ROW = 20.0
_CATALOG_BYTES_A_ZIP_BYTE = 0.8
_ROWS_A_CPU_SECOND = 1_000_000
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Planned:
    """What one dataset will cost.

    Attributes:
        dataset: Name of the raw asset.
        files: Files of the archive.
        here: Those of them that are in the data folder already.
        absent: Days without a file: never published, or not yet.
        bytes: Published bytes that are still to fetch.
        rows: Rows in them, about.
    """

    dataset: str
    files: int
    here: int
    absent: int
    bytes: int
    rows: int

    @property
    def disk_bytes(self) -> int:
        """What zip and catalog will take on disk, about."""
        return int(self.bytes * (1 + _CATALOG_BYTES_A_ZIP_BYTE))

    @property
    def cpu_seconds(self) -> float:
        """Time on one core to convert them, about."""
        return self.rows / _ROWS_A_CPU_SECOND


def plan(
    lake: Lake,
    archive: Archive | None,
    listing: Listing,
    datasets: Sequence[Dataset],
    days: Sequence[date],
    trees: Sequence[LocalTree] = (),
) -> Iterator[Planned]:
    """Ask for the size of each file that is not here yet, and sum by dataset.

    Days that a folder of somebody's own has are here, and cost no fetching. Without an archive there is
    nothing but those.

    Raises:
        SourceUnreachable: The archive does not answer.
        SourceForbidden: It refuses us.
    """
    for dataset in datasets:
        own = {day for day in days if any(tree.find(dataset, listing, day) for tree in trees)}
        wanted = [day for day in days if day not in own and known_absence(dataset, listing, day) is None]
        keys = list(dict.fromkeys(key_of_day(dataset, listing, day) for day in wanted))
        lacking = [key for key in keys if not lake.path(raw_path(key)).is_file()]
        sizes = [None] * len(lacking) if archive is None else _sizes(archive.size, lacking)
        total = sum(size for size in sizes if size is not None)
        missing = sum(size is None for size in sizes)
        yield Planned(
            dataset=dataset.name,
            files=len(own) + len(keys) - missing,
            here=len(own) + len(keys) - len(lacking),
            absent=len(days) - len(own) - len(wanted) + missing,
            bytes=total,
            rows=int(total / _BYTES_A_ROW.get(dataset.name, _OTHER_BYTES_A_ROW)),
        )


def _sizes(size: Callable[[ArchiveKey], int | None], keys: Sequence[ArchiveKey]) -> list[int | None]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(size, keys))
