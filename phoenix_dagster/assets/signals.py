"""Signals assets: volume buckets of a day, and the signals that look back on earlier days."""

import time
from datetime import date

import dagster as dg

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.signals.recipe import signals_recipe
from phoenix_dagster.assets.catalog import POOL, described
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log
from phoenix_dagster.assets.keys import group_of, key_of
from phoenix_dagster.automation.conditions import follows
from phoenix_dagster.partitions import looking_back
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

VOLUME_BUCKETS = "volume_buckets"
SIGNALS = "signals"
_OPEN_INTEREST_DAYS = 30
_KINDS = frozenset({"parquet", "polars"})


def volume_buckets_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's volume buckets."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        del log
        started = time.monotonic()
        entry = SignalDays(workspace.lake(), listing).publish_buckets(day)
        return Done(entry, described(entry, workspace, time.monotonic() - started))

    return DayAsset(
        key=key_of(listing, VOLUME_BUCKETS),
        group=group_of(listing, "signals"),
        kinds=_KINDS,
        description="Aggressive flow cut into buckets of equal notional, restarting at 00:00 UTC.",
        pool=POOL,
        code_version=signals_recipe(listing),
        work=work,
        deps=[key_of(listing, AGG_TRADES.catalog_name)],
        at_once=settings.conversions,
        automation=follows(settings),
    ).build(settings)


def signals_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's signals."""
    reach = {VOLUME_BUCKETS: 1, AGG_TRADES.catalog_name: 1}
    if listing.market in BOOK_DEPTH.columns:
        reach |= {BOOK_DEPTH.catalog_name: 1, METRICS.catalog_name: _OPEN_INTEREST_DAYS}

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        del log
        started = time.monotonic()
        entry = SignalDays(workspace.lake(), listing).publish_signals(day)
        return Done(entry, described(entry, workspace, time.monotonic() - started), (_complete(entry),))

    return DayAsset(
        key=key_of(listing, SIGNALS),
        group=group_of(listing, "signals"),
        kinds=_KINDS,
        description="Liquidation pressure, its parts, crowding and volatility when each bucket closes. Reads "
        "yesterday's buckets, trades and depth, and 30 days of open interest, as far as they are there.",
        pool=POOL,
        code_version=signals_recipe(listing),
        work=work,
        deps=[dg.AssetDep(key_of(listing, name), partition_mapping=looking_back(days)) for name, days in reach.items()],
        checks={"complete": "Every signal knew open interest and depth."},
        at_once=settings.conversions,
        automation=follows(settings),
    ).build(settings)


def _complete(entry: Entry) -> Check:
    lacking = {name: count for name, count in entry.counts.items() if name.startswith("without_") and count}
    says = ", ".join(f"{count} of {entry.rows} {name.replace('_', ' ')}" for name, count in lacking.items())
    return Check("complete", entry.published and not lacking, says or entry.reason or "complete")
