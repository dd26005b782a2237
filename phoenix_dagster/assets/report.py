"""The report of the last continuous backtest: one page that needs no network."""

import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import dagster as dg

from phoenix_core.alone import made_alone
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import InputMissing
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import CONTINUOUS_BACKTEST, REPORT, SIGNALS, Product
from phoenix_core.report.recipe import report_recipe
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets.keys import OWNERS, deps_of, group_of, key_of
from phoenix_dagster.failures import ONCE_MORE, as_failures
from phoenix_dagster.operation.report_server import url_of
from phoenix_dagster.partitions import backfill_policy
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings


def report_asset(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of the report."""

    @dg.asset(
        key=key_of(listing, product.name),
        group_name=group_of(listing, product.stage),
        kinds=set(product.kinds),
        owners=OWNERS,
        description=product.description,
        deps=deps_of(product, listing),
        code_version=report_recipe(),
        retry_policy=ONCE_MORE,
        # A range in one run wants the policy on every selected asset, partitioned or not.
        backfill_policy=backfill_policy(settings) if settings.days_per_run == "all" else None,
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        started = time.monotonic()
        with as_failures():
            last = _last_backtest(context, listing)
            if last.get("published") is False:
                return _absent(workspace, listing, last)
            entry = _publish(workspace, listing, last["folder"])
        lake = workspace.lake()
        return dg.MaterializeResult(
            metadata={
                "report": dg.MetadataValue.url(
                    url_of(settings.reports_port, entry.file) if settings.reports_port else lake.uri(entry.file)
                ),
                "path": dg.MetadataValue.path(lake.address(entry.file)),
                "backtest": dg.MetadataValue.asset(key_of(listing, CONTINUOUS_BACKTEST.name)),
                "signals": dg.MetadataValue.asset(key_of(listing, SIGNALS.name)),
                "trades": dg.MetadataValue.asset(key_of(listing, AGG_TRADES.catalog_name)),
                "bytes": entry.bytes,
                "duration_seconds": round(time.monotonic() - started, 3),
            },
            data_version=dg.DataVersion(entry.data_version),
        )

    return asset


def _last_backtest(context: dg.AssetExecutionContext, listing: Listing) -> dict[str, Any]:
    """What the last continuous backtest says of itself: its folder, or why there is none."""
    event = context.instance.get_latest_materialization_event(key_of(listing, CONTINUOUS_BACKTEST.name))
    materialization = event.asset_materialization if event else None
    if materialization is None:
        raise InputMissing(
            f"The report needs {CONTINUOUS_BACKTEST.asset(listing)}: it was never materialized in this "
            "Dagster instance. Materialize it first."
        )
    return {name: value.value for name, value in materialization.metadata.items()}


def _absent(workspace: Workspace, listing: Listing, last: Mapping[str, str]) -> dg.MaterializeResult:
    """No backtest, no report: the same reason."""
    entry = workspace.manifest().record(
        Entry(asset=REPORT.asset(listing), day=last["span"], published=False, reason=last["reason"])
    )
    return dg.MaterializeResult(
        metadata={"published": False, "reason": entry.reason}, data_version=dg.DataVersion(entry.data_version)
    )


def _publish(workspace: Workspace, listing: Listing, location: str) -> Entry:
    lake = workspace.lake()
    folder = PurePosixPath(lake.name(location))
    key = Key(REPORT.asset(listing), folder.name, folder.parent.name)
    return made_alone(lake, key, lambda watched: _publish_alone(watched, listing, folder))


def _publish_alone(lake: Lake, listing: Listing, folder: PurePosixPath) -> Entry:
    from phoenix_core.report.folder import page_of  # noqa: PLC0415 - keeps the code location light

    described = lake.read(f"{folder}/experiment.json")
    page = page_of(lake, str(folder)).encode()
    relative = f"{folder}/report.html"
    lake.write(relative, page)
    return Manifest(lake).record(
        Entry(
            asset=REPORT.asset(listing),
            day=folder.name,
            published=True,
            variant=folder.parent.name,
            recipe=report_recipe(),
            sources={CONTINUOUS_BACKTEST.asset(listing): sha256_of(described)},
            file=relative,
            sha256=sha256_of(page),
            bytes=len(page),
        )
    )
