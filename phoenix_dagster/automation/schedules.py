"""For people who prefer a clock to a sensor: every morning, all of yesterday."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

from phoenix_core.market import Listing
from phoenix_dagster.settings import Settings

# New files are out from 06:30 to 08:00 UTC of the next day, typically.
MORNING = "30 8 * * *"


def morning_schedule(
    daily: Mapping[Listing, Sequence[dg.AssetsDefinition]], settings: Settings
) -> dg.ScheduleDefinition:
    """Build the schedule of all symbols: for each one run for yesterday, from raw files to the day's backtest.

    A day that is late then fails with "not yet"; the sensor waits for it instead.
    """
    keys = {listing: [key for asset in made for key in asset.keys] for listing, made in daily.items()}

    @dg.schedule(
        name="morning",
        job_name=IMPLICIT_ASSET_JOB_NAME,
        cron_schedule=MORNING,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if settings.schedules else dg.DefaultScheduleStatus.STOPPED,
        description="Materializes yesterday of every symbol at 08:30 UTC.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        yesterday = context.scheduled_execution_time.date() - timedelta(1)
        if settings.end is not None and yesterday > settings.end:
            return dg.SkipReason(f"{yesterday} is after PHOENIX_END, {settings.end}")
        return [
            dg.RunRequest(run_key=f"{listing}:{yesterday}", partition_key=str(yesterday), asset_selection=selected)
            for listing, selected in keys.items()
        ]

    return schedule
