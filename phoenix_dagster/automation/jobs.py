"""Jobs whose launchpad opens with a config that can be run as it stands."""

from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.market import Listing
from phoenix_core.products import CONTINUOUS_BACKTEST, REPORT
from phoenix_dagster.assets.backtest import scaffold_on
from phoenix_dagster.assets.keys import key_of, sweep_key_of
from phoenix_dagster.assets.sweep import sweep_scaffold_on

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def continuous_job(listing: Listing) -> "UnresolvedAssetJobDefinition":
    """One experiment over a range and its report; an empty range is all days that have signals."""
    keys = [key_of(listing, product.name) for product in (CONTINUOUS_BACKTEST, REPORT)]
    return dg.define_asset_job(
        f"backtest_{listing.market.value}_{listing.symbol.lower()}",
        selection=dg.AssetSelection.assets(*keys),
        config={"ops": {keys[0].to_python_identifier(): {"config": scaffold_on(listing.market)}}},
        description=f"The continuous backtest of {listing} and its report, from the launchpad.",
    )


def sweep_job(listing: Listing) -> "UnresolvedAssetJobDefinition":
    """A grid of experiments over a range and what the best is worth; without a grid nothing runs."""
    key = sweep_key_of(listing, "sweep")
    return dg.define_asset_job(
        f"sweep_{listing.market.value}_{listing.symbol.lower()}",
        selection=dg.AssetSelection.assets(key),
        config={"ops": {key.to_python_identifier(): {"config": sweep_scaffold_on(listing.market)}}},
        description=f"Experiments on {listing}, held against each other, from the launchpad.",
    )
