"""The one partitions definition of all daily assets. A day depends on its own day alone.

Mappings that reach into other days would widen every backfill (docs/decisions/0008).

Definitions that differ would split runs and break `--select` across assets.
"""

from datetime import date, timedelta
from functools import cache

import dagster as dg

from phoenix_dagster.settings import Settings


def daily(settings: Settings) -> dg.DailyPartitionsDefinition:
    """UTC days from the first setting to the last, or to yesterday, the newest that can be published."""
    return _between(settings.start, settings.end)


@cache
def _between(first: date, last: date | None) -> dg.DailyPartitionsDefinition:
    # Dagster's end is exclusive, and never later than today.
    end = (last + timedelta(1)).isoformat() if last else None
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), end_date=end, timezone="UTC")


def backfill_policy(settings: Settings) -> dg.BackfillPolicy:
    """How many days one run takes."""
    if settings.days_per_run == "all":
        return dg.BackfillPolicy.single_run()
    return dg.BackfillPolicy.multi_run(settings.days_per_run)
