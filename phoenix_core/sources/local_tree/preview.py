"""Rows of what a folder holds, as they stand in each holding's first and last file, and whether they fit it."""

from dataclasses import dataclass

from phoenix_core.datasets import DATASETS
from phoenix_core.sources.containers import first_rows, last_row
from phoenix_core.sources.local_tree.evidence import Candidate, admitted_by_rows, described, is_header
from phoenix_core.sources.local_tree.inventory import Holding

_UNREAD_TAIL_BYTES = 64 << 20


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


def preview(holding: Holding) -> Preview:
    """Rows of a holding's first and last file.

    Raises:
        ArchiveCorrupt: One of them can't be read.
    """
    first, last = holding.files[0], holding.files[-1]
    rows = first_rows(first.path, first.name.container)
    doubts = [
        f"{file.path}: its rows are those of {described(admitted) or 'no dataset'}"
        for file, read in ((first, rows), (last, first_rows(last.path, last.name.container)))
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
