"""How many rows a raw day has: counted as it comes, or by the conversion that reads it anyway.

To count the lines of a large zip it must be inflated whole, which for a day of ticks costs a twelfth of its way to a
backtest. Where the publisher's checksum was compared its bytes are known to be his, so nothing is found out by that but
the count itself; the conversion takes it from the same bytes, checks their CRC, and holds it against the rows that it
reads. A file that nobody vouches for is read to its end before its day counts as there.
"""

from pathlib import Path

from phoenix_core.datasets import Dataset
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import asset_name
from phoenix_core.raw.store import is_published_zip
from phoenix_core.sources.lines import CsvSummary, csv_summary, zip_opening

LARGE_BYTES = 16 << 20  # of CSV; what is smaller is counted in some hundredths of a second


def summary_of(path: Path, dataset: Dataset, raw: Entry) -> CsvSummary:
    """What a raw day's file shows, its lines counted unless that is left to the conversion.

    Raises:
        ArchiveUnsafe: See `csv_lines`.
        ArchiveCorrupt: See `csv_lines`.
    """
    member = f"{path.stem}.csv" if is_published_zip(raw) else None
    if is_published_zip(raw) and raw.facts.get("verified"):
        opening = zip_opening(path, member, max_ratio=dataset.max_ratio)
        if is_counted_later(raw, opening.bytes):
            return opening
    return csv_summary(path, member, max_ratio=dataset.max_ratio)


def is_counted_later(raw: Entry, csv_bytes: int) -> bool:
    """Whether counting a raw day's rows is left to the conversion."""
    return is_published_zip(raw) and bool(raw.facts.get("verified")) and csv_bytes > LARGE_BYTES


def rows_counted(manifest: Manifest, dataset: Dataset, listing: Listing, raw: Entry) -> int | None:
    """Rows of a raw day as the catalog day counted them that was made from these very bytes; None: there is none."""
    try:
        entry = manifest.find(asset_name(listing, dataset.catalog_name), raw.day)
    except CatalogCorrupt:
        return None  # the catalog day is the one to tell of it
    if entry is None or entry.sources.get(raw.asset) != raw.data_version:
        return None
    return rows_of_lines(entry)


def rows_of_lines(entry: Entry) -> int | None:
    """Rows of the file that a catalog day was made from; None in entries that were written before they were counted."""
    lines = entry.facts.get("lines")
    return None if lines is None else int(lines) - bool(entry.facts.get("header"))
