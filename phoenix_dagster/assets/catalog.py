"""Catalog assets: NautilusTrader day files, one asset for each dataset."""

import time
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.catalog.recipe import catalog_recipe
from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import Product
from phoenix_core.rules import rules_of
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log, checks_of
from phoenix_dagster.metadata import ROWS, Metadata, arrow_schema, of_csv, of_entry, preview
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.catalog.quality import Finding

POOL = "conversion"
_PREVIEW = 5


def catalog_asset(product: Product, dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that converts a dataset of a listing."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.catalog.quality import convert_and_inspect  # noqa: PLC0415 - brings pyarrow and Polars

        del log
        started = time.monotonic()
        entry, findings = convert_and_inspect(workspace.lake(), dataset, listing, day)
        metadata = described(entry, workspace, time.monotonic() - started)
        checks = (*_checks(entry), *_inspected(entry, findings))
        return Done(entry, metadata, checks, _observed(workspace.manifest(), dataset, listing, entry))

    def _inspected(entry: Entry, findings: Sequence["Finding"]) -> tuple[Check, ...]:
        if entry.published:
            return checks_of(findings, rules)
        return tuple(Check(rule.name, passed=True, message=entry.reason) for rule in rules)

    rules = rules_of(dataset)

    return DayAsset(
        product=product,
        listing=listing,
        pool=POOL,
        code_version=catalog_recipe(dataset, listing),
        work=work,
        at_once=settings.conversions,
    ).build(settings)


def _observed(manifest: Manifest, dataset: Dataset, listing: Listing, entry: Entry) -> dict[str, Metadata]:
    """What the raw day's file shows, where that was left to its conversion."""
    from phoenix_core.raw.rows import summary_by_conversion  # noqa: PLC0415 - brings an HTTP client
    from phoenix_core.raw.store import raw_asset  # noqa: PLC0415 - likewise

    raw = manifest.find(raw_asset(dataset, listing), entry.day)
    if raw is None or not raw.published or not entry.published:
        return {}
    summary = summary_by_conversion(manifest.fetch(raw), dataset, raw, entry)
    return {raw.asset: of_csv(dataset, listing, summary) | {"counted_by": entry.asset}} if summary else {}


def described(entry: Entry, workspace: Workspace, seconds: float) -> dict[str, Any]:
    """Metadata of a day: counts, time range, and of a parquet file columns and first rows."""
    manifest = workspace.manifest()
    metadata = of_entry(entry, seconds, manifest.address(entry))
    if not entry.published or not entry.file.endswith(".parquet"):
        return metadata
    import pyarrow.parquet as pq  # noqa: PLC0415 - keeps the code location light

    from phoenix_core.catalog.frames import frame_from_arrow  # noqa: PLC0415 - likewise

    file = pq.ParquetFile(manifest.fetch(entry))
    fields = {field.name: str(field.type) for field in file.schema_arrow}
    first = next(file.iter_batches(_PREVIEW), None)
    metadata |= {ROWS: entry.rows, "dagster/column_schema": arrow_schema(fields)}
    if first is not None:
        import pyarrow as pa  # noqa: PLC0415 - likewise

        metadata["preview"] = preview(frame_from_arrow(pa.Table.from_batches([first])).to_dicts(), fields)
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
