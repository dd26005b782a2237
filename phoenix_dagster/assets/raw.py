"""Raw assets: verified zips as published, one asset for each dataset of the registry."""

import time
from datetime import date

import dagster as dg

from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.products import Product, asset_name
from phoenix_core.raw.recipe import raw_recipe
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log
from phoenix_dagster.failures import RETRIES
from phoenix_dagster.metadata import column_schema, of_csv, of_entry
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

POOL = "download"


def raw_asset(product: Product, dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that downloads and verifies a dataset of a listing."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.raw.rows import summary_of  # noqa: PLC0415 - brings an HTTP client

        started = time.monotonic()
        entry = workspace.ingest(log).day(dataset, listing, day)
        manifest = workspace.manifest()
        metadata = of_entry(entry, time.monotonic() - started, manifest.address(entry))
        if entry.published:
            converted_next = workspace.makes(asset_name(listing, dataset.catalog_name))
            summary = summary_of(manifest.fetch(entry), dataset, entry, converted_next=converted_next)
            metadata |= of_csv(dataset, listing, summary)
        return Done(entry, metadata, _checks(entry))

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
