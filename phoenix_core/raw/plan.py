"""What bringing a range of days will cost, asked of the archive before anything is fetched.

Bytes are published sizes. Rows, hours and disk follow from them by ratios that were measured on real and
synthetic days (`benchmarks/results.md`): they say which of an hour, a day or a week it will be.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, TRADES, Dataset
from phoenix_core.market import Listing
from phoenix_core.raw.source_days import copy_path
from phoenix_core.sources.contract import Source, SourceFile
from phoenix_core.storage.lake import Lake

# Zip bytes of a row: 15 to 20 of bookTicker, 12 of aggTrades and trades; of small files it hardly matters.
_BYTES_A_ROW = {BOOK_TICKER.name: 16.0, AGG_TRADES.name: 12.0, TRADES.name: 12.0}
_OTHER_BYTES_A_ROW = 20.0
_CATALOG_BYTES_A_ZIP_BYTE = 0.8
_ROWS_A_CPU_SECOND = 1_000_000
_AT_ONCE = 8
_HERE = 0  # bytes to fetch; no published file is empty


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
    lake: Lake, sources: Sequence[Source], listing: Listing, datasets: Sequence[Dataset], days: Sequence[date]
) -> Iterator[Planned]:
    """Ask for the size of each file that is not here yet, and sum by dataset.

    Days that a folder of somebody's own has are here, and cost no fetching.

    Raises:
        SourceUnreachable: The archive does not answer.
        SourceForbidden: It refuses us.
    """
    for dataset in datasets:
        found = [[(one, file) for one in sources for file in one.find(dataset, listing, day)] for day in days]
        taken = _taken(lake, [files for files in found if files])
        sizes = [size for size in taken.values() if size is not None]
        missing = sum(size is None for size in taken.values())
        yield Planned(
            dataset=dataset.name,
            files=len(taken) - missing,
            here=sum(size == _HERE for size in sizes),
            absent=sum(not files for files in found) + missing,
            bytes=sum(sizes),
            rows=int(sum(sizes) / _BYTES_A_ROW.get(dataset.name, _OTHER_BYTES_A_ROW)),
        )


def _taken(lake: Lake, days: Sequence[Sequence[tuple[Source, SourceFile]]]) -> dict[SourceFile, int | None]:
    """Files that days will be taken from, with the bytes that are to fetch; None where the last choice is not out."""
    taken: dict[SourceFile, int | None] = {}
    asked: dict[SourceFile, int | None] = {}
    pending = list(days)
    while pending:
        # In rounds: of each day the best choice first, and only days whose choice is not out ask for the next one. Days
        # of a month share its file, which is asked for once.
        new = {file: source for (source, file), *_ in pending if file not in asked}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked.update(zip(new, pool.map(lambda pair: _to_fetch(lake, *pair), new.items()), strict=True))
        taken |= {
            files[0][1]: asked[files[0][1]] for files in pending if len(files) == 1 or asked[files[0][1]] is not None
        }
        pending = [files[1:] for files in pending if len(files) > 1 and asked[files[0][1]] is None]
    return taken


def _to_fetch(lake: Lake, file: SourceFile, source: Source) -> int | None:
    """Bytes of a file that are not on this machine yet; None: it is not out."""
    is_here = file.lies_at is not None or lake.stat(copy_path(file.key)) is not None
    return _HERE if is_here else source.size(file)
