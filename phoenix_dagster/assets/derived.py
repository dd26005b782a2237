"""Assets of products that need nothing but the data folder: one call of the function that their entry names."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.catalog.recipe import derived_recipe
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.products import Product
from phoenix_core.storage import Lake
from phoenix_dagster.assets.catalog import POOL, described
from phoenix_dagster.assets.days import DayAsset, Done, Log, checks_of
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.catalog.quality import Finding

    # The day's entry; with findings, one for each check that the product declares.
    Made = Entry | tuple[Entry, Sequence[Finding]]


def derived_asset(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a daily product of a listing."""

    def work(workspace: Workspace, log: Log, day: date) -> Done:
        del log
        started = time.monotonic()
        made = _maker(product)(workspace.lake(), listing, day)
        entry, findings = (made, ()) if isinstance(made, Entry) else made
        metadata = described(entry, workspace, time.monotonic() - started)
        return Done(entry, metadata, checks_of(findings, product.checks))

    return DayAsset(
        product=product,
        listing=listing,
        pool=POOL,
        code_version=derived_recipe(product, listing),
        work=work,
        at_once=settings.conversions,
    ).build(settings)


def _maker(product: Product) -> "Callable[[Lake, Listing, date], Made]":
    """The function that makes a day; imported when a day is made, since it may bring NautilusTrader."""
    module, _, name = product.code[0].partition(":")
    made: Callable[[Lake, Listing, date], Made] = getattr(import_module(f"phoenix_core.{module}"), name)
    return made
