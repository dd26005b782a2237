"""Raw assets: verified zips as published, one asset for each dataset of the registry."""

import time
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.products import Product, asset_name
from phoenix_core.raw.recipe import raw_recipe
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log
from phoenix_dagster.failures import RETRIES
from phoenix_dagster.metadata import column_schema, of_csv, of_entry
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.sources.contract import Source

POOL = "download"
_ROWS_SHOWN = 20


def raw_asset(product: Product, dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that downloads and verifies a dataset of a listing."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.raw.rows import summary_of  # noqa: PLC0415 - brings an HTTP client

        started = time.monotonic()
        ingest = workspace.ingest(log)
        entry = ingest.day(dataset, listing, day)
        manifest = workspace.manifest()
        metadata = of_entry(entry, time.monotonic() - started, manifest.address(entry))
        if entry.published:
            converted_next = workspace.makes(asset_name(listing, dataset.catalog_name))
            summary = summary_of(manifest.fetch(entry), dataset, entry, converted_next=converted_next)
            metadata |= of_csv(dataset, listing, summary)
        agreement = _copies_agree(workspace.lake(), ingest.sources, dataset, listing, entry)
        return Done(entry, metadata, (*_checks(entry), agreement))

    return DayAsset(
        product=product,
        listing=listing,
        pool=POOL,
        code_version=raw_recipe(dataset, listing),
        work=work,
        at_once=settings.downloads,
        metadata={
            "dagster/column_schema": column_schema(dataset.columns[listing.market]),
            "source": dg.MetadataValue.url(dataset.source),
        },
        retry_policy=RETRIES,
    ).build(settings)


def _checks(entry: Entry) -> tuple[Check, ...]:
    verified = bool(entry.facts.get("verified"))
    message = "compared with the published checksum" if verified else "unverified: there is no published checksum of it"
    return (
        Check("published", entry.published, entry.reason or "published"),
        Check("checksum", verified or not entry.published, message if entry.published else entry.reason),
    )


def _copies_agree(lake: Lake, sources: "Sequence[Source]", dataset: Dataset, listing: Listing, entry: Entry) -> Check:
    """The day against what else is here of it: a month's file, a second copy."""
    if not entry.published:
        return Check("copies_agree", passed=True, message=entry.reason)
    from phoenix_core.raw.copies import copies_at_hand  # noqa: PLC0415 - brings an HTTP client

    if not copies_at_hand(lake, sources, dataset, listing, entry):
        return Check("copies_agree", passed=True, message="no other file of the day is here")
    from phoenix_core.tables.against_others import disagreements  # noqa: PLC0415 - brings Polars

    count, found = disagreements(lake, sources, dataset, listing, entry)
    if not found:
        return Check("copies_agree", passed=True, message=f"{count} other files that are here have the same rows")
    rows = [{"file": one.name, **row} for one in found for row in one.rows]
    message = "; ".join(f"{one.name}: {one.message}" for one in found)
    return Check("copies_agree", passed=False, message=f"{entry.file} is used. {message}", rows=rows[:_ROWS_SHOWN])
