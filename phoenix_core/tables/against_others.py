"""A raw day held against the other files of people's own that hold it too: a month's beside a day's, a second copy.

The one that is preferred is used, whatever the others say. That they differ is a finding, with its rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from phoenix_core.datasets import Dataset, Published
from phoenix_core.errors import InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.months import cut_month
from phoenix_core.raw.store import is_published_zip, raw_asset
from phoenix_core.sources.binance.keys import key_from_path, key_of_day
from phoenix_core.sources.contract import Source, SourceFile
from phoenix_core.storage import Lake
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
    manifest = Manifest(lake)
    entry = manifest.find(raw_asset(dataset, listing), day)
    if entry is None or not entry.published:
        reason = entry.reason if entry else "it was never materialized"
        raise InputMissing(f"{raw_asset(dataset, listing)} of {day} has no file to compare: {reason}.")
    used = {entry.file, entry.facts.get("cut_from", {}).get("path")}
    files = [file for source in sources for file in source.find(dataset, listing, day)]
    others = {file.name: file for file in files if file.lies_at is not None and file.name not in used}
    if not others:
        return
    manifest.verify(entry)
    key, is_published = key_from_path(entry.facts["key"]), is_published_zip(entry)
    lake.staging.mkdir(parents=True, exist_ok=True)
    for name, file in others.items():
        ours = DayTable(manifest.file(entry), key, dataset, (day, day), lake.staging, is_published=is_published)
        with TemporaryDirectory(dir=lake.staging) as folder:
            yield name, difference(ours, _table(lake, file, dataset, listing, day, Path(folder)))


def _table(lake: Lake, file: SourceFile, dataset: Dataset, listing: Listing, day: date, folder: Path) -> DayTable:
    path, key = Path(file.name), key_from_path(file.key)
    if not file.is_of_a_day and dataset.published is Published.DAILY:
        path, key = folder / f"{day}.csv.gz", key_of_day(dataset, listing, day)
        whole = Path(file.name)

        def publish(day: date) -> AbstractContextManager[Path]:
            return nullcontext(folder / f"{day}.csv.gz")

        if not cut_month(whole, dataset, listing.market, (file.first, file.last), [day], publish):
            path = folder / f"{day}.csv"  # a month without the day: none of its rows are there
            path.write_text(",".join(column.name for column in dataset.columns[listing.market]) + "\n")
    return DayTable(path, key, dataset, (day, day), lake.staging, is_published=False)
