"""What a code location is made of, from settings.

Importing it makes nothing: `definitions.py` is the location of all symbols, `locations.py` has several.
Nothing imported here brings NautilusTrader, pandas, Polars or pyarrow: every run's process pays for it.
"""

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from phoenix_core.market import Listing
from phoenix_core.products import CONTINUOUS_BACKTEST, Stage, products_on
from phoenix_dagster.assets.factories import asset_of
from phoenix_dagster.assets.keys import group_of
from phoenix_dagster.assets.portfolio import portfolio_assets
from phoenix_dagster.assets.sweep import sweep_asset, variant_asset
from phoenix_dagster.automation.following import following_sensor
from phoenix_dagster.automation.freshness import fresh_check, fresh_schedule
from phoenix_dagster.automation.ingestion import ingestion_sensor
from phoenix_dagster.automation.jobs import continuous_job, sweep_job
from phoenix_dagster.automation.notification import failure_sensor, lateness_sensor, webhook
from phoenix_dagster.automation.reports import reports_sensor
from phoenix_dagster.automation.schedules import morning_schedule
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

MOST_WITH_JOBS = 20  # symbols of a location


def assets_of(listing: Listing, chosen: Settings) -> list[dg.AssetsDefinition]:
    """All assets of a listing: whatever is made on its market."""
    return [asset_of(product, listing, chosen) for product in products_on(listing.market, chosen.kline_intervals)]


def sweeps_of(listings: Iterable[Listing], chosen: Settings) -> list[dg.AssetsDefinition]:
    """Variants and table of the sweeps of each listing that is backtested."""
    backtested = [one for one in listings if one.market in CONTINUOUS_BACKTEST.markets]
    return [build(listing, chosen) for listing in backtested for build in (variant_asset, sweep_asset)]


def definitions(chosen: Settings, *, is_first: bool = True) -> dg.Definitions:
    """Assemble a code location from settings; of several, the first serves the reports and has the portfolio."""
    # It has been "beta" for years; every command would say so for every asset.
    warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*`backfill_policy`")
    executors = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}
    assets = {listing: assets_of(listing, chosen) for listing in chosen.symbols}
    daily = {listing: [one for one in made if one.partitions_def is not None] for listing, made in assets.items()}
    raw = [
        one
        for listing, made in daily.items()
        for one in made
        if group_of(listing, Stage.RAW) in one.group_names_by_key.values()
    ]
    checks = [fresh_check(listing, chosen) for listing in chosen.symbols]
    return dg.Definitions(
        assets=[
            *(asset for made in assets.values() for asset in made),
            *sweeps_of(assets, chosen),
            *(portfolio_assets(assets, chosen) if is_first else []),
        ],
        asset_checks=checks,
        jobs=_jobs(chosen.symbols),
        sensors=[
            ingestion_sensor(raw, chosen),
            following_sensor([asset for made in daily.values() for asset in made], chosen),
            *_location_sensors(chosen, serves_reports=is_first),
        ],
        schedules=[morning_schedule(daily, chosen), fresh_schedule(checks, chosen)],
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


def _jobs(listings: Sequence[Listing]) -> "list[UnresolvedAssetJobDefinition]":
    """Jobs whose launchpads are filled in; where there are many symbols, those of the assets must do.

    Each job is described with all of its config: of a hundred symbols they are two thirds of what the webserver reads
    of a location before it answers (benchmarks/results.md).
    """
    if len(listings) > MOST_WITH_JOBS:
        return []
    backtested = [listing for listing in listings if listing.market in CONTINUOUS_BACKTEST.markets]
    return [build(listing) for listing in backtested for build in (continuous_job, sweep_job)]


def _location_sensors(chosen: Settings, *, serves_reports: bool) -> list[dg.SensorDefinition]:
    """Sensors that do not depend on the symbols: reports, and who is told of failures."""
    sensors = [reports_sensor(chosen)] if chosen.reports_port and serves_reports else []
    if tell := webhook(chosen):
        sensors += [failure_sensor(tell), lateness_sensor(tell, chosen.symbols, chosen)]
    return sensors
