"""Whether recent days have been ingested: a check of each symbol, and the schedule that runs them.

Dagster's own freshness looks at the latest materialization, so that a backfill of an old day would make
a symbol fresh; this looks at days.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from phoenix_core.datasets import AGG_TRADES, datasets_on
from phoenix_core.market import Listing, utc_today
from phoenix_core.raw.freshness import due_days, lacking
from phoenix_dagster.assets.keys import key_of
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

FRESH = "fresh"
_DAILY = "15 0 * * *"  # a day is late from 00:00 UTC on


def late_days(listing: Listing, workspace: Workspace, settings: Settings) -> Mapping[date, tuple[str, ...]]:
    """Recent days that should be here and are not, with the datasets that they lack."""
    datasets = datasets_on(listing.market, settings.kline_intervals)
    return lacking(workspace.lake(), listing, datasets, _due(workspace, settings))


def _due(workspace: Workspace, settings: Settings) -> tuple[date, ...]:
    today = date.fromisoformat(workspace.today) if workspace.today else utc_today()
    return due_days(today, settings.sensor_days, settings.start, settings.end)


def told(late: Mapping[date, tuple[str, ...]]) -> str:
    """One line.

    >>> told({date(2024, 3, 30): ("agg_trades", "metrics")})
    '2024-03-30 lacks agg_trades, metrics'
    """
    return "; ".join(f"{day} lacks {', '.join(names)}" for day, names in late.items())


def fresh_check(listing: Listing, settings: Settings) -> dg.AssetChecksDefinition:
    """Build the check of a symbol; it stands with the aggregate trades, which every market has."""
    key = key_of(listing, AGG_TRADES.name)
    spec = dg.AssetCheckSpec(
        FRESH,
        asset=key,
        description=f"The last {settings.sensor_days} days of {listing} that should be out are here, of every dataset.",
    )

    # Only a check of this form may give no result, and Dagster adds it to every run of its asset.
    @dg.multi_asset_check(name="__".join([*key.path, FRESH]), specs=[spec], can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, workspace: Workspace) -> Iterator[dg.AssetCheckResult]:
        if _is_of_old_days(context.run.tags, workspace, settings):
            context.log.info("This run is of old days, which says nothing of recent ones: not checked.")
            return
        late = late_days(listing, workspace, settings)
        yield dg.AssetCheckResult(
            check_name=FRESH,
            asset_key=key,
            passed=not late,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"message": told(late) or "all here", "late_days": len(late)},
        )

    return check


def _is_of_old_days(tags: Mapping[str, str], workspace: Workspace, settings: Settings) -> bool:
    """Whether a run works on days alone that ended before the recent ones began."""
    last = tags.get("dagster/asset_partition_range_end") or tags.get("dagster/partition")
    recent = _due(workspace, settings)
    return last is not None and (not recent or last < recent[0].isoformat())


def fresh_schedule(checks: Sequence[dg.AssetChecksDefinition], settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule that runs the checks of all symbols each day, also when nothing was ingested."""
    switched_on = settings.sensors or settings.schedules
    return dg.ScheduleDefinition(
        name=f"{FRESH}_daily",
        job=dg.define_asset_job(FRESH, selection=dg.AssetSelection.checks(*checks)),
        cron_schedule=_DAILY,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if switched_on else dg.DefaultScheduleStatus.STOPPED,
        description="Checks at 00:15 UTC whether recent days of every symbol are here.",
    )
