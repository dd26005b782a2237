"""A raw day out of somebody's own file held against what the publisher has of it, row by row."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from phoenix_core.datasets import Dataset
from phoenix_core.errors import InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.store import is_published_zip, raw_asset
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_from_path, key_of_day
from phoenix_core.sources.contract import no_progress
from phoenix_core.storage import Lake
from phoenix_core.tables.difference import Difference, difference
from phoenix_core.tables.read import DayTable


def against_archive(lake: Lake, archive: Archive, dataset: Dataset, listing: Listing, day: date) -> Difference | None:
    """Compare a raw day's rows with those of the published zip, which is fetched for it and not kept.

    Returns:
        How they differ, the day's own rows on the left; None where the archive has no file of the day.

    Raises:
        InputMissing: The raw day was never materialized, or has no file.
        PhoenixError: What fetching and reading raise.
    """
    manifest = Manifest(lake)
    entry = manifest.find(raw_asset(dataset, listing), day)
    if entry is None or not entry.published:
        reason = entry.reason if entry else "it was never materialized"
        raise InputMissing(f"{raw_asset(dataset, listing)} of {day} has no file to compare: {reason}.")
    manifest.verify(entry)
    key = key_of_day(dataset, listing, day)
    lake.staging.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=lake.staging) as folder:
        fetched = Path(folder) / Path(key.path).name
        expected = archive.published_sha256(key)
        limit = dataset.max_bytes
        if archive.download(key, fetched, expected=expected, max_bytes=limit, progress=no_progress) is None:
            return None
        ours = DayTable(
            manifest.file(entry),
            key_from_path(entry.facts["key"]),
            dataset,
            (day, day),
            lake.staging,
            is_published=is_published_zip(entry),
        )
        return difference(ours, DayTable(fetched, key, dataset, (day, day), lake.staging))
