"""The one partitions definition of all daily assets, and how one day looks back on others.

Definitions that differ would split runs and break `--select` across assets.
"""

from datetime import timedelta

import dagster as dg

from phoenix_dagster.settings import Settings


def daily(settings: Settings) -> dg.DailyPartitionsDefinition:
    """UTC days from the first setting to the last, or to yesterday, the newest that can be published."""
    # Dagster's end is exclusive, and never later than today.
    end = (settings.end + timedelta(1)).isoformat() if settings.end else None
    return dg.DailyPartitionsDefinition(start_date=settings.start.isoformat(), end_date=end, timezone="UTC")


def looking_back(days: int) -> dg.TimeWindowPartitionMapping:
    """A day that also reads the days before it; those before the first partition don't exist."""
    return dg.TimeWindowPartitionMapping(start_offset=-days, allow_nonexistent_upstream_partitions=True)


def backfill_policy(settings: Settings) -> dg.BackfillPolicy:
    """How many days one run takes."""
    if settings.days_per_run == "all":
        return dg.BackfillPolicy.single_run()
    return dg.BackfillPolicy.multi_run(settings.days_per_run)
