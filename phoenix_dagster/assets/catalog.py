"""Catalog assets: NautilusTrader day files, one asset for each dataset, and the instrument."""

import time
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.catalog.recipe import catalog_recipe, consistency_recipe, instrument_recipe
from phoenix_core.catalog.rules import COMPARISONS, CONSISTENCY, rules_of
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, KLINES, MARK_PRICE_KLINES, TRADES, Dataset
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log, checks_of
from phoenix_dagster.assets.keys import group_of, key_of
from phoenix_dagster.metadata import arrow_schema, of_entry, preview
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.catalog.quality import Finding

POOL = "conversion"
INSTRUMENT = "instrument"
KINDS = frozenset({"parquet", "nautilus"})
_PREVIEW = 5


def catalog_asset(dataset: Dataset, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that converts a dataset of a listing."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.catalog.quality import inspect_day  # noqa: PLC0415 - brings pyarrow and Polars
        from phoenix_core.catalog.store import convert_day  # noqa: PLC0415 - likewise

        del log
        started = time.monotonic()
        entry = convert_day(workspace.lake(), dataset, listing, day)
        metadata = described(entry, workspace, time.monotonic() - started)
        return Done(
            entry, metadata, (*_checks(entry), *_inspected(entry, inspect_day(workspace.lake(), dataset, entry)))
        )

    def _inspected(entry: Entry, findings: Sequence["Finding"]) -> tuple[Check, ...]:
        if entry.published:
            return checks_of(findings, rules)
        return tuple(Check(rule.name, passed=True, says=entry.reason) for rule in rules)

    rules = rules_of(dataset)

    return DayAsset(
        key=key_of(listing, dataset.catalog_name),
        group=group_of(listing, "catalog"),
        kinds=KINDS,
        description=f"{dataset.description} Exact, as NautilusTrader's `{dataset.catalog_type.value}`.",
        pool=POOL,
        code_version=catalog_recipe(dataset, listing),
        work=work,
        deps=[key_of(listing, dataset.name)],
        checks={
            "accounted": "Rows read are rows kept, dropped or of other days.",
            "clean": "No row was dropped or repaired.",
            **{rule.name: rule.demands for rule in rules},
        },
        blocking=frozenset({"accounted", *(rule.name for rule in rules if rule.blocks)}),
        at_once=settings.conversions,
    ).build(settings)


def instrument_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of the instrument's constants."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.catalog.store import record_instrument  # noqa: PLC0415 - brings NautilusTrader

        del log
        started = time.monotonic()
        entry = record_instrument(workspace.lake(), listing, day)
        return Done(entry, described(entry, workspace, time.monotonic() - started))

    return DayAsset(
        key=key_of(listing, INSTRUMENT),
        group=group_of(listing, "catalog"),
        kinds=KINDS,
        description="Precision, increments, margins and fees; inferred from the day's trades where not listed.",
        pool=POOL,
        code_version=instrument_recipe(listing),
        work=work,
        deps=[key_of(listing, AGG_TRADES.catalog_name)],
    ).build(settings)


def consistency_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset that compares a day's datasets with each other."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.catalog.consistency import compare_day  # noqa: PLC0415 - brings Polars

        del log
        started = time.monotonic()
        entry, findings = compare_day(workspace.lake(), listing, day)
        metadata = of_entry(entry, time.monotonic() - started, str(workspace.lake().path(entry.file)))
        return Done(entry, metadata, checks_of(findings, COMPARISONS))

    compared = (AGG_TRADES, TRADES, KLINES, MARK_PRICE_KLINES, BOOK_TICKER)
    return DayAsset(
        key=key_of(listing, CONSISTENCY),
        group=group_of(listing, "catalog"),
        kinds=frozenset({"polars"}),
        description="Whether klines, trades, marks and quotes of a day tell one story, each within a stated tolerance.",
        pool=POOL,
        code_version=consistency_recipe(),
        work=work,
        deps=[key_of(listing, dataset.catalog_name) for dataset in compared if listing.market in dataset.columns],
        checks={rule.name: rule.demands for rule in COMPARISONS},
        at_once=settings.conversions,
    ).build(settings)


def described(entry: Entry, workspace: Workspace, seconds: float) -> dict[str, Any]:
    """Metadata of a parquet day: counts, time range, columns and its first rows."""
    path = workspace.lake().path(entry.file)
    metadata = of_entry(entry, seconds, str(path))
    if not entry.published:
        return metadata
    import pyarrow.parquet as pq  # noqa: PLC0415 - keeps the code location light

    from phoenix_core.catalog.frames import frame_from_arrow  # noqa: PLC0415 - likewise

    file = pq.ParquetFile(path)
    fields = {field.name: str(field.type) for field in file.schema_arrow}
    first = next(file.iter_batches(_PREVIEW), None)
    metadata |= {"dagster/row_count": entry.rows, "dagster/column_schema": arrow_schema(fields)}
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
