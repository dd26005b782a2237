"""The code location: what `dagster dev` and `dagster asset materialize -m` load.

Nothing imported here brings NautilusTrader, pandas, Polars or pyarrow: every run's process pays for it.
"""

import warnings

import dagster as dg

from phoenix_core.datasets import datasets_on
from phoenix_core.market import Listing, Market
from phoenix_dagster.assets.backtest import backtest_asset, continuous_asset
from phoenix_dagster.assets.catalog import catalog_asset, consistency_asset, instrument_asset
from phoenix_dagster.assets.keys import group_of
from phoenix_dagster.assets.raw import raw_asset
from phoenix_dagster.assets.report import report_asset
from phoenix_dagster.assets.signals import signals_asset, volume_buckets_asset
from phoenix_dagster.automation.following import following_sensor
from phoenix_dagster.automation.freshness import fresh_check, fresh_schedule
from phoenix_dagster.automation.ingestion import ingestion_sensor
from phoenix_dagster.automation.jobs import continuous_job
from phoenix_dagster.automation.notification import failure_sensor, lateness_sensor, webhook
from phoenix_dagster.automation.reports import reports_sensor
from phoenix_dagster.automation.schedules import morning_schedule
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings, settings


def assets_of(listing: Listing, chosen: Settings) -> list[dg.AssetsDefinition]:
    """All assets of a listing; backtests settle in quote units, so inverse contracts end with signals."""
    datasets = datasets_on(listing.market, chosen.kline_intervals)
    assets = [
        *(raw_asset(dataset, listing, chosen) for dataset in datasets),
        *(catalog_asset(dataset, listing, chosen) for dataset in datasets),
        instrument_asset(listing, chosen),
        consistency_asset(listing, chosen),
        volume_buckets_asset(listing, chosen),
        signals_asset(listing, chosen),
    ]
    if listing.market is not Market.CM:
        assets += [
            backtest_asset(listing, chosen),
            continuous_asset(listing, chosen),
            report_asset(listing, chosen),
        ]
    return assets


def definitions(chosen: Settings) -> dg.Definitions:
    """Assemble the code location from settings."""
    # It has been "beta" for years; every command would say so for every asset.
    warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*`backfill_policy`")
    executors = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}
    assets = {listing: assets_of(listing, chosen) for listing in chosen.symbols}
    daily = {listing: [one for one in made if one.partitions_def is not None] for listing, made in assets.items()}
    raw = {
        listing: [one for one in made if group_of(listing, "raw") in one.group_names_by_key.values()]
        for listing, made in daily.items()
    }
    checks = {listing: fresh_check(listing, chosen) for listing in chosen.symbols}
    return dg.Definitions(
        assets=[asset for made in assets.values() for asset in made],
        asset_checks=list(checks.values()),
        jobs=[continuous_job(listing) for listing in assets if listing.market is not Market.CM],
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
                data=str(chosen.data),
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
