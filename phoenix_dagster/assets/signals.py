"""Signals assets: volume buckets of a day, and the signals that look back on earlier days."""

import time
from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.signals.lookback import SIGNALS, VOLUME_BUCKETS, LookBack, out_of_date, reach
from phoenix_core.signals.recipe import signals_recipe
from phoenix_dagster.assets.catalog import POOL, described
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log
from phoenix_dagster.assets.keys import group_of, key_of
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

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
    ).build(settings)


def signals_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's signals."""

    def looks_back(workspace: Workspace, log: Log, day: date) -> Iterator[Entry]:
        return LookBack(workspace.ingest(log), listing, settings.downloads, log).make(day)

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        del log
        started = time.monotonic()
        entry = SignalDays(workspace.lake(), listing).publish_signals(day)
        later = out_of_date(workspace.manifest(), listing, day)
        return Done(
            entry, described(entry, workspace, time.monotonic() - started), (_complete(entry), _up_to_date(later))
        )

    return DayAsset(
        key=key_of(listing, SIGNALS),
        group=group_of(listing, "signals"),
        kinds=_KINDS,
        description="Liquidation pressure, its parts, crowding and volatility when each bucket closes. Reads "
        "yesterday's buckets, trades and depth, and 30 days of open interest; what is not there is made first.",
        pool=POOL,
        code_version=signals_recipe(listing),
        work=work,
        deps=[dg.AssetKey(name.split("/")) for name in reach(listing)],
        checks={
            "complete": "Every signal knew open interest and depth, and no earlier day was left out.",
            "up_to_date": "This day, and those that look back on it, were made from the bytes that are here now.",
        },
        at_once=settings.conversions,
        looks_back=looks_back,
    ).build(settings)


def _complete(entry: Entry) -> Check:
    lacking = {name: count for name, count in entry.counts.items() if name.startswith("without_") and count}
    says = [f"{count} of {entry.rows} {name.replace('_', ' ')}" for name, count in lacking.items()]
    says += [f"without {name}" for name in entry.facts.get("left_out", ())]
    return Check("complete", entry.published and not says, ", ".join(says) or entry.reason or "complete")


def _up_to_date(later: Sequence[date]) -> Check:
    named = ", ".join(day.isoformat() for day in later)
    return Check(
        "up_to_date",
        not later,
        f"made from other bytes, materialize signals again: {named}" if later else "all of them",
    )
