"""For people who prefer a clock to a sensor: every morning, all of yesterday."""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from phoenix_core.market import Listing
from phoenix_dagster.settings import Settings

# New files are out from 06:30 to 08:00 UTC of the next day, typically.
MORNING = "30 8 * * *"


def morning_schedule(
    listing: Listing, daily: Sequence[dg.AssetsDefinition], settings: Settings
) -> dg.ScheduleDefinition:
    """Build the schedule of a listing: one run for yesterday, from raw files to the day's backtest.

    A day that is late then fails with "not yet"; the sensor waits for it instead.
    """

    @dg.schedule(
        name=f"morning_{listing.market.value}_{listing.symbol.lower()}",
        target=list(daily),
        cron_schedule=MORNING,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if settings.schedules else dg.DefaultScheduleStatus.STOPPED,
        description=f"Materializes yesterday of {listing} at 08:30 UTC.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        yesterday = context.scheduled_execution_time.date() - timedelta(1)
        if settings.end is not None and yesterday > settings.end:
            return dg.SkipReason(f"{yesterday} is after PHOENIX_END, {settings.end}")
        return dg.RunRequest(run_key=yesterday.isoformat(), partition_key=yesterday.isoformat())

    return schedule
