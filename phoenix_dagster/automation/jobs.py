"""Jobs whose launchpad opens with a config that can be run as it stands."""

from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.market import Listing
from phoenix_dagster.assets.backtest import CONTINUOUS
from phoenix_dagster.assets.keys import key_of
from phoenix_dagster.assets.report import REPORT

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def continuous_job(listing: Listing) -> "UnresolvedAssetJobDefinition":
    """One experiment over a range and its report; an empty range is all days that have signals."""
    keys = [key_of(listing, CONTINUOUS), key_of(listing, REPORT)]
    config = {
        "first": "",
        "last": "",
        "replay": "signals",
        "strategy": {"lpi_entry_threshold": 0.75, "lpi_exit_threshold": 0.2, "oi_z_threshold": 1.5},
        "venue": {"starting_balance": "100000", "leverage": "10", "order_latency_ms": 30},
    }
    return dg.define_asset_job(
        f"backtest_{listing.market.value}_{listing.symbol.lower()}",
        selection=dg.AssetSelection.assets(*keys),
        config={"ops": {keys[0].to_python_identifier(): {"config": config}}},
        description=f"The continuous backtest of {listing} and its report, from the launchpad.",
    )
