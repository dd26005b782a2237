"""Catalog assets: NautilusTrader day files, one asset for each dataset, and the instrument."""

import time
from datetime import date
from typing import Any

import dagster as dg

from phoenix_core.datasets import AGG_TRADES, Dataset
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_dagster.assets.days import Check, Done, work_through
from phoenix_dagster.assets.keys import OWNERS, key_of
from phoenix_dagster.metadata import arrow_schema, of_entry, table
from phoenix_dagster.partitions import backfill_policy, daily
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

POOL = "conversion"
INSTRUMENT = "instrument"
_PREVIEW = 5


def catalog_asset(dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that converts a dataset of a listing."""
    key = key_of(listing, dataset.catalog_name)

    @dg.asset(
        key=key,
        group_name="catalog",
        kinds={"parquet", "nautilus"},
        owners=OWNERS,
        description=f"{dataset.description} Exact, as NautilusTrader's `{dataset.becomes.value}`.",
        deps=[key_of(listing, dataset.name)],
        partitions_def=daily(settings),
        backfill_policy=backfill_policy(settings),
        pool=POOL,
        check_specs=[
            dg.AssetCheckSpec(
                "accounted",
                asset=key,
                blocking=True,
                description="Rows read are rows kept, dropped or of other days.",
            ),
            dg.AssetCheckSpec("clean", asset=key, description="No row was dropped or repaired."),
        ],
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        def work(day: date) -> Done:
            from phoenix_core.catalog.store import convert_day  # noqa: PLC0415 - brings pyarrow and Polars

            started = time.monotonic()
            entry = convert_day(workspace.lake(), dataset, listing, day)
            return Done(entry, described(entry, workspace, time.monotonic() - started), _checks(entry))

        return work_through(context, work, at_once=settings.conversions)

    return asset


def instrument_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of the instrument's constants."""

    @dg.asset(
        key=key_of(listing, INSTRUMENT),
        group_name="catalog",
        kinds={"parquet", "nautilus"},
        owners=OWNERS,
        description="Precision, increments, margins and fees; inferred from the day's trades where not listed.",
        deps=[key_of(listing, AGG_TRADES.catalog_name)],
        partitions_def=daily(settings),
        backfill_policy=backfill_policy(settings),
        pool=POOL,
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        def work(day: date) -> Done:
            from phoenix_core.catalog.store import record_instrument  # noqa: PLC0415 - brings NautilusTrader

            started = time.monotonic()
            entry = record_instrument(workspace.lake(), listing, day)
            return Done(entry, described(entry, workspace, time.monotonic() - started))

        return work_through(context, work)

    return asset


def described(entry: Entry, workspace: Workspace, seconds: float) -> dict[str, Any]:
    """Metadata of a parquet day: counts, time range, columns and its first rows."""
    path = workspace.lake().path(entry.file)
    metadata = of_entry(entry, seconds, str(path))
    if not entry.published:
        return metadata
    import pyarrow.parquet as pq  # noqa: PLC0415 - keeps the code location light

    from phoenix_core.catalog.store import frame_from_arrow  # noqa: PLC0415 - likewise

    file = pq.ParquetFile(path)
    fields = {field.name: str(field.type) for field in file.schema_arrow}
    first = next(file.iter_batches(_PREVIEW), None)
    metadata |= {"dagster/row_count": entry.rows, "dagster/column_schema": arrow_schema(fields)}
    if first is not None:
        import pyarrow as pa  # noqa: PLC0415 - likewise

        metadata["preview"] = table(frame_from_arrow(pa.Table.from_batches([first])).to_dicts())
    return metadata


def _checks(entry: Entry) -> tuple[Check, ...]:
    counts = entry.counts
    read = counts.get("read", 0)
    touched = {name: count for name, count in counts.items() if name.startswith(("dropped_", "repaired_"))}
    dropped = sum(count for name, count in touched.items() if name.startswith("dropped_"))
    balanced = read == counts.get("kept", 0) + counts.get("other_days", 0) + dropped
    return (
        Check(
            "accounted",
            balanced and entry.rows == counts.get("kept", 0),
            f"{read} read, {entry.rows} in the catalog, {dropped} dropped, {counts.get('other_days', 0)} of other days",
            dg.AssetCheckSeverity.ERROR,
        ),
        Check(
            "clean",
            not touched,
            ", ".join(f"{name}: {count}" for name, count in touched.items()) or "nothing",
        ),
    )
