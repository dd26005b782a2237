"""Signals assets: volume buckets of a day, and the signals that look back on earlier days."""

import time
from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from phoenix_core.lineage import out_of_date
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.products import Product
from phoenix_core.signals.lookback import LookBack
from phoenix_core.signals.recipe import signals_recipe
from phoenix_dagster.assets.catalog import POOL, described
from phoenix_dagster.assets.days import Check, DayAsset, Done, Log
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings


def volume_buckets_asset(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's volume buckets."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        del log
        started = time.monotonic()
        entry = SignalDays(workspace.lake(), listing).publish_buckets(day)
        return Done(entry, described(entry, workspace, time.monotonic() - started))

    return DayAsset(
        product=product,
        listing=listing,
        pool=POOL,
        code_version=signals_recipe(listing),
        work=work,
        at_once=settings.conversions,
    ).build(settings)


def signals_asset(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a day's signals."""

    def looks_back(workspace: Workspace, log: Log, day: date) -> Iterator[Entry]:
        return LookBack(workspace.ingest(log), listing, settings.downloads, log).make(day)

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        from phoenix_core.signals.days import SignalDays  # noqa: PLC0415 - brings Polars

        del log
        started = time.monotonic()
        entry = SignalDays(workspace.lake(), listing).publish_signals(day)
        later = out_of_date(workspace.manifest(), product, listing, day)
        return Done(
            entry, described(entry, workspace, time.monotonic() - started), (_complete(entry), _up_to_date(later))
        )

    return DayAsset(
        product=product,
        listing=listing,
        pool=POOL,
        code_version=signals_recipe(listing),
        work=work,
        at_once=settings.conversions,
        looks_back=looks_back,
    ).build(settings)


def _complete(entry: Entry) -> Check:
    lacking = {name: count for name, count in entry.counts.items() if name.startswith("without_") and count}
    message = [f"{count} of {entry.rows} {name.replace('_', ' ')}" for name, count in lacking.items()]
    message += [f"without {name}" for name in entry.facts.get("left_out", ())]
    return Check("complete", entry.published and not message, ", ".join(message) or entry.reason or "complete")


def _up_to_date(later: Sequence[date]) -> Check:
    named = ", ".join(day.isoformat() for day in later)
    return Check(
        "up_to_date",
        not later,
        f"made from other bytes, materialize signals again: {named}" if later else "all of them",
    )
