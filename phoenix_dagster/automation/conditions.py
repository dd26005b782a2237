"""What follows the raw files of a day by itself: catalog, signals, and if wished the day's backtest.

A condition looks only at the days that the ingestion sensor looks at: a backfill of old days brings its
own stages along, and a condition over thousands of days would keep the daemon busy for nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from phoenix_core.market import Listing
from phoenix_dagster.settings import Settings

INTERVAL_SECONDS = 30


def follows(settings: Settings) -> dg.AutomationCondition[Any]:
    """When an input of a recent day is new and none of its inputs is under way.

    Inputs of earlier days may be absent, as the body copes with that; those of the day itself may not.
    """
    recent = dg.AutomationCondition.in_latest_time_window(timedelta(days=settings.sensor_days))
    # Of the newest day alone: an earlier day that is late must not hold up all that come after it.
    newest = dg.AutomationCondition.in_latest_time_window()
    lacking = dg.AutomationCondition.missing() & ~dg.AutomationCondition.will_be_requested() & newest
    here = ~dg.AutomationCondition.any_deps_match(lacking)
    is_new = dg.AutomationCondition.any_deps_updated()
    idle = ~dg.AutomationCondition.in_progress() & ~dg.AutomationCondition.any_deps_in_progress()
    # "Since" keeps the wish for a day alive until it was requested.
    wanted = is_new.since(dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated())
    return (recent & wanted & here & idle).with_label("follows its inputs")


def following_sensor(
    listing: Listing, daily: Sequence[dg.AssetsDefinition], settings: Settings
) -> dg.AutomationConditionSensorDefinition:
    """Build the sensor that evaluates the conditions of a listing."""
    return dg.AutomationConditionSensorDefinition(
        name=f"follow_{listing.market.value}_{listing.symbol.lower()}",
        target=list(daily),
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.sensors else dg.DefaultSensorStatus.STOPPED,
        description=f"Materializes catalog and signals of {listing} when the raw files of a recent day are new.",
    )
