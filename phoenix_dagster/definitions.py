"""The code location: what `dagster dev` and `dagster asset materialize -m` load.

Nothing imported here brings NautilusTrader, pandas, Polars or pyarrow: every run's process pays for it.
"""

import warnings
from collections.abc import Iterable

import dagster as dg

from phoenix_core.market import Listing
from phoenix_core.products import CONTINUOUS_BACKTEST, Stage, products_on
from phoenix_dagster.assets.factories import asset_of
from phoenix_dagster.assets.keys import group_of
from phoenix_dagster.assets.sweep import sweep_asset, variant_asset
from phoenix_dagster.automation.following import following_sensor
from phoenix_dagster.automation.freshness import fresh_check, fresh_schedule
from phoenix_dagster.automation.ingestion import ingestion_sensor
from phoenix_dagster.automation.jobs import continuous_job, sweep_job
from phoenix_dagster.automation.notification import failure_sensor, lateness_sensor, webhook
from phoenix_dagster.automation.reports import reports_sensor
from phoenix_dagster.automation.schedules import morning_schedule
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings, settings


def assets_of(listing: Listing, chosen: Settings) -> list[dg.AssetsDefinition]:
    """All assets of a listing: whatever is made on its market."""
    return [asset_of(product, listing, chosen) for product in products_on(listing.market, chosen.kline_intervals)]


def sweeps_of(listings: Iterable[Listing], chosen: Settings) -> list[dg.AssetsDefinition]:
    """Variants and table of the sweeps of each listing that is backtested."""
    backtested = [one for one in listings if one.market in CONTINUOUS_BACKTEST.markets]
    return [build(listing, chosen) for listing in backtested for build in (variant_asset, sweep_asset)]


def definitions(chosen: Settings) -> dg.Definitions:
    """Assemble the code location from settings."""
    # It has been "beta" for years; every command would say so for every asset.
    warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*`backfill_policy`")
    executors = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}
    assets = {listing: assets_of(listing, chosen) for listing in chosen.symbols}
    daily = {listing: [one for one in made if one.partitions_def is not None] for listing, made in assets.items()}
    raw = {
        listing: [one for one in made if group_of(listing, Stage.RAW) in one.group_names_by_key.values()]
        for listing, made in daily.items()
    }
    checks = {listing: fresh_check(listing, chosen) for listing in chosen.symbols}
    return dg.Definitions(
        assets=[*(asset for made in assets.values() for asset in made), *sweeps_of(assets, chosen)],
        asset_checks=list(checks.values()),
        jobs=[
            build(listing)
            for listing in assets
            if listing.market in CONTINUOUS_BACKTEST.markets
            for build in (continuous_job, sweep_job)
        ],
        sensors=[
            *(ingestion_sensor(listing, raw[listing], chosen) for listing in daily),
            *(following_sensor(listing, made, chosen) for listing, made in daily.items()),
            *_location_sensors(chosen),
        ],
        schedules=[
            *(morning_schedule(listing, made, chosen) for listing, made in daily.items()),
            *(fresh_schedule(listing, check, chosen) for listing, check in checks.items()),
        ],
        resources={
            "workspace": Workspace(
                data=chosen.data,
                scratch=str(chosen.scratch),
                cache_bytes=chosen.local.cache_bytes,
                archive_url=chosen.archive_url,
                sources=list(chosen.sources),
                monthly=chosen.monthly,
            )
        },
        executor=executors[chosen.executor],
    )


def _location_sensors(chosen: Settings) -> list[dg.SensorDefinition]:
    """Sensors that are there once, whatever the symbols: reports, and who is told of failures."""
    sensors = [reports_sensor(chosen)] if chosen.reports_port else []
    if tell := webhook(chosen):
        sensors += [failure_sensor(tell), lateness_sensor(tell, chosen.symbols, chosen)]
    return sensors


defs = definitions(settings())
