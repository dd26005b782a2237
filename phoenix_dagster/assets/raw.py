"""Raw assets: verified zips as published, one asset for each dataset of the registry."""

import time
from datetime import date

import dagster as dg

from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import Product
from phoenix_core.raw.recipe import raw_recipe
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log
from phoenix_dagster.failures import RETRIES
from phoenix_dagster.metadata import ROWS, Metadata, column_schema, of_entry
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

POOL = "download"
_LATER = "counted when its catalog day is made"


def raw_asset(product: Product, dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that downloads and verifies a dataset of a listing."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        started = time.monotonic()
        entry = workspace.ingest(log).day(dataset, listing, day)
        manifest = workspace.manifest()
        metadata = of_entry(entry, time.monotonic() - started, manifest.address(entry))
        facts = _facts(dataset, listing, manifest, entry) if entry.published else {}
        return Done(entry, metadata | facts, _checks(entry))

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


def _facts(dataset: Dataset, listing: Listing, manifest: Manifest, entry: Entry) -> Metadata:
    """What the file shows. Rows that are left to the conversion to count are told by it, in an observation."""
    from phoenix_core.raw.rows import rows_counted, summary_of  # noqa: PLC0415 - brings an HTTP client

    summary = summary_of(manifest.fetch(entry), dataset, entry)
    is_header = summary.head[0][:1].isalpha() if summary.head else False
    if summary.lines is None:
        rows = rows_counted(manifest, dataset, listing, entry)
        told = {"rows": _LATER} if rows is None else {ROWS: rows}
    else:
        told = {ROWS: summary.lines - is_header}
    shown = [*summary.head, "…", summary.last] if summary.last else [*summary.head, "…"]
    return {
        **told,
        "csv_bytes": summary.bytes,
        **_time_range(dataset, listing, summary.head[is_header : is_header + 1], summary.last),
        "preview": dg.MetadataValue.md("```\n" + "\n".join(shown) + "\n```"),
    }


def _checks(entry: Entry) -> tuple[Check, ...]:
    verified = bool(entry.facts.get("verified"))
    message = "compared with the published checksum" if verified else "unverified: there is no published checksum of it"
    return (
        Check("published", entry.published, entry.reason or "published"),
        Check("checksum", verified or not entry.published, message if entry.published else entry.reason),
    )


def _time_range(dataset: Dataset, listing: Listing, first: tuple[str, ...], last: str) -> dict[str, str]:
    """Times of the first and the last row, as published: rows need not be in order."""
    at = [column.name for column in dataset.columns[listing.market]].index(dataset.time.name)
    rows = {"first_row_time": first[0] if first else "", "last_row_time": last if first else ""}
    return {name: row.split(",")[at] for name, row in rows.items() if row and row.count(",") >= at}
