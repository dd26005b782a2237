"""Raw assets: verified zips as published, one asset for each dataset of the registry."""

import time
from datetime import date

import dagster as dg

from phoenix_core.archive.keys import key_from_path
from phoenix_core.datasets import Dataset
from phoenix_core.market import Listing
from phoenix_dagster.assets.days import Check, Done, work_through
from phoenix_dagster.assets.keys import OWNERS, key_of
from phoenix_dagster.failures import RETRIES
from phoenix_dagster.metadata import column_schema, of_entry
from phoenix_dagster.partitions import backfill_policy, daily
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

POOL = "download"


def raw_asset(dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that downloads and verifies a dataset of a listing."""
    key = key_of(listing, dataset.name)

    @dg.asset(
        key=key,
        group_name="raw",
        kinds={"zip"},
        owners=OWNERS,
        description=f"{dataset.description} The published zip, verified. Columns: {dataset.source}",
        metadata={
            "dagster/column_schema": column_schema(dataset.columns[listing.market]),
            "source": dg.MetadataValue.url(dataset.source),
        },
        partitions_def=daily(settings),
        backfill_policy=backfill_policy(settings),
        retry_policy=RETRIES,
        pool=POOL,
        check_specs=[
            dg.AssetCheckSpec("published", asset=key, description="The archive has a file for the day."),
            dg.AssetCheckSpec("checksum", asset=key, description="The file's SHA-256 is the published one."),
        ],
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        def work(day: date) -> Done:
            return _day(dataset, listing, day, workspace, context)

        return work_through(context, work, at_once=settings.downloads)

    return asset


def _day(
    dataset: Dataset, listing: Listing, day: date, workspace: Workspace, context: dg.AssetExecutionContext
) -> Done:
    from phoenix_core.tables.inflate import csv_summary  # noqa: PLC0415 - imports nothing until a day is read

    started = time.monotonic()
    entry = workspace.ingest(context.log.info).day(dataset, listing, day)
    path = workspace.lake().path(entry.file)
    facts = {}
    if entry.published:
        member = key_from_path(entry.file.removeprefix("archive/")).member
        summary = csv_summary(path, member, max_ratio=dataset.max_ratio)
        is_header = summary.head[0][:1].isalpha() if summary.head else False
        facts = {
            "dagster/row_count": summary.lines - is_header,
            "csv_bytes": summary.bytes,
            **_time_range(dataset, listing, summary.head[is_header : is_header + 1], summary.last),
            "preview": dg.MetadataValue.md("```\n" + "\n".join([*summary.head, "…", summary.last]) + "\n```"),
        }
    verified = bool(entry.facts.get("verified"))
    checks = [Check("published", entry.published, entry.reason or "published")]
    says = "compared with the published checksum" if verified else "the archive has no checksum for this file"
    checks.append(Check("checksum", verified or not entry.published, says if entry.published else entry.reason))
    return Done(entry, of_entry(entry, time.monotonic() - started, str(path)) | facts, tuple(checks))


def _time_range(dataset: Dataset, listing: Listing, first: tuple[str, ...], last: str) -> dict[str, str]:
    """Times of the first and the last row, as published: rows need not be in order."""
    at = [column.name for column in dataset.columns[listing.market]].index(dataset.time.name)
    rows = {"first_row_time": first[0] if first else "", "last_row_time": last if first else ""}
    return {name: row.split(",")[at] for name, row in rows.items() if row.count(",") >= at}
