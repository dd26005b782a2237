"""Signals assets: volume buckets of a day, and the signals that look back on earlier days."""

import time
from datetime import date

import dagster as dg

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.market import Listing
from phoenix_dagster.assets.catalog import POOL, described
from phoenix_dagster.assets.days import Check, Done, work_through
from phoenix_dagster.assets.keys import OWNERS, key_of
from phoenix_dagster.partitions import backfill_policy, daily, looking_back
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

VOLUME_BUCKETS = "volume_buckets"
SIGNALS = "signals"
_OPEN_INTEREST_DAYS = 30


def volume_buckets_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's volume buckets."""

    @dg.asset(
        key=key_of(listing, VOLUME_BUCKETS),
        group_name="signals",
        kinds={"parquet", "polars"},
        owners=OWNERS,
        description="Aggressive flow cut into buckets of equal notional, restarting at 00:00 UTC.",
        deps=[key_of(listing, AGG_TRADES.catalog_name)],
        partitions_def=daily(settings),
        backfill_policy=backfill_policy(settings),
        pool=POOL,
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        def work(day: date) -> Done:
            from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

            started = time.monotonic()
            entry = SignalDays(workspace.lake(), listing).publish_buckets(day)
            return Done(entry, described(entry, workspace, time.monotonic() - started))

        return work_through(context, work, at_once=settings.conversions)

    return asset


def signals_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's signals."""
    key = key_of(listing, SIGNALS)
    reach = {VOLUME_BUCKETS: 1, AGG_TRADES.catalog_name: 1}
    if listing.market in BOOK_DEPTH.columns:
        reach |= {BOOK_DEPTH.catalog_name: 1, METRICS.catalog_name: _OPEN_INTEREST_DAYS}

    @dg.asset(
        key=key,
        group_name="signals",
        kinds={"parquet", "polars"},
        owners=OWNERS,
        description="Liquidation pressure, its parts, crowding and volatility when each bucket closes. Reads "
        "yesterday's buckets, trades and depth, and 30 days of open interest, as far as they are there.",
        deps=[dg.AssetDep(key_of(listing, name), partition_mapping=looking_back(days)) for name, days in reach.items()],
        partitions_def=daily(settings),
        backfill_policy=backfill_policy(settings),
        pool=POOL,
        check_specs=[
            dg.AssetCheckSpec("complete", asset=key, description="Every signal knew open interest and depth.")
        ],
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        def work(day: date) -> Done:
            from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

            started = time.monotonic()
            entry = SignalDays(workspace.lake(), listing).publish_signals(day)
            lacking = {name: count for name, count in entry.counts.items() if name.startswith("without_") and count}
            says = ", ".join(f"{count} of {entry.rows} {name.replace('_', ' ')}" for name, count in lacking.items())
            check = Check("complete", entry.published and not lacking, says or entry.reason or "complete")
            return Done(entry, described(entry, workspace, time.monotonic() - started), (check,))

        return work_through(context, work, at_once=settings.conversions)

    return asset
