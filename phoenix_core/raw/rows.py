"""What a raw day's file shows: read to its end as it comes, or by the conversion that reads it anyway.

To count the lines of a large zip it must be inflated whole, which for a day of ticks costs a twelfth of its way to a
backtest. Where the publisher's checksum was compared its bytes are known to be his, so nothing is found out by that but
the count and the last row; a conversion in the same run takes them from the same bytes, checks their CRC, and holds the
count against the rows that it reads. A file that nobody vouches for is read to its end before its day counts as there.
"""

from dataclasses import replace
from pathlib import Path

from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry
from phoenix_core.raw.store import is_published_zip
from phoenix_core.sources.lines import CsvSummary, csv_summary, zip_opening

LARGE_BYTES = 16 << 20  # of CSV; what is smaller is read in some hundredths of a second


def summary_of(path: Path, dataset: Dataset, raw: Entry, *, converted_next: bool) -> CsvSummary:
    """What a raw day's file shows; without lines and the last one where that is left to the conversion.

    Args:
        path: The file.
        dataset: Whose.
        raw: The day's entry.
        converted_next: Whether whoever asks will convert the day as well.

    Raises:
        ArchiveUnsafe: See `csv_lines`.
        ArchiveCorrupt: See `csv_lines`.
    """
    if converted_next and (opening := _opening(path, dataset, raw)):
        return opening
    return csv_summary(path, _member(path, raw), max_ratio=dataset.max_ratio)


def summary_by_conversion(path: Path, dataset: Dataset, raw: Entry, converted: Entry) -> CsvSummary | None:
    """What the conversion of a raw day found that may have been left to it; None: it was not.

    Args:
        path: The raw day's file.
        dataset: Whose.
        raw: The day's entry.
        converted: The entry of the catalog day that was made from it.
    """
    opening = _opening(path, dataset, raw)
    if opening is None or "lines" not in converted.facts:
        return None
    return replace(opening, lines=converted.facts["lines"], last=converted.facts["last_line"])


def _opening(path: Path, dataset: Dataset, raw: Entry) -> CsvSummary | None:
    if not is_published_zip(raw) or not raw.facts.get("verified"):
        return None
    opening = zip_opening(path, _member(path, raw), max_ratio=dataset.max_ratio)
    return opening if opening.bytes > LARGE_BYTES else None


def _member(path: Path, raw: Entry) -> str | None:
    return f"{path.stem}.csv" if is_published_zip(raw) else None
