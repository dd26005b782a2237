"""Which factory builds the asset of a product: those of its stage, its own, or the one for all others."""

from collections.abc import Callable, Mapping

import dagster as dg

from phoenix_core.market import Listing
from phoenix_core.products import BACKTEST, CONTINUOUS_BACKTEST, REPORT, SIGNALS, VOLUME_BUCKETS, Product, Stage
from phoenix_dagster.assets.backtest import backtest_asset, continuous_asset
from phoenix_dagster.assets.catalog import catalog_asset
from phoenix_dagster.assets.derived import derived_asset
from phoenix_dagster.assets.raw import raw_asset
from phoenix_dagster.assets.report import report_asset
from phoenix_dagster.assets.signals import signals_asset, volume_buckets_asset
from phoenix_dagster.settings import Settings

# Bodies that need more than the data folder, or have parameters or checks of their own kind.
_OWN: Mapping[str, Callable[[Product, Listing, Settings], dg.AssetsDefinition]] = {
    VOLUME_BUCKETS.name: volume_buckets_asset,
    SIGNALS.name: signals_asset,
    BACKTEST.name: backtest_asset,
    CONTINUOUS_BACKTEST.name: continuous_asset,
    REPORT.name: report_asset,
}


def asset_of(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of a product of a listing."""
    if product.dataset is not None:
        of_stage = raw_asset if product.stage is Stage.RAW else catalog_asset
        return of_stage(product, product.dataset, listing, settings)
    return _OWN.get(product.name, derived_asset)(product, listing, settings)
