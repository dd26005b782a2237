"""`phoenix run`: days through Dagster in this process, one run a day, told as they go.

Nothing is printed here: a command shows the events. One day that fails does not hold up the others; a re-run finds
done days done, since every asset keeps what it has published.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from phoenix_core.market import Listing
from phoenix_dagster.operation.selection import Path, chosen

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_CONTINUOUS = "continuous_backtest"


@dataclass(frozen=True, slots=True)
class DayDone:
    """A day, or what spans all days, has ended.

    Attributes:
        day: The day; empty for what spans all of them.
        done: Assets that were materialized.
        reasons: One line for each asset that failed.
        rows: Rows that the day holds.
        seconds: How long it took.
        results: Where the results lie, of assets that say so.
    """

    day: str
    done: tuple[str, ...]
    reasons: tuple[str, ...]
    rows: int
    seconds: float
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be run.

    Attributes:
        days: Ascending.
        daily: Assets of each day.
        spanning: Assets over all days, run once after them.
    """

    days: tuple[date, ...]
    daily: tuple[dg.AssetKey, ...]
    spanning: tuple[dg.AssetKey, ...]


def planned(defs: dg.Definitions, listing: Listing, wanted: Sequence[str], days: Sequence[date]) -> Plan:
    """Resolve names against the definitions; `all` means every daily asset.

    Raises:
        ConfigInvalid: A name that is neither an asset nor a stage.
    """
    graph = defs.resolve_asset_graph()
    groups: dict[Path, str] = {
        tuple(key.path): graph.get(key).group_name for key in sorted(graph.materializable_asset_keys)
    }
    daily = {path for path in groups if graph.get(dg.AssetKey(list(path))).is_partitioned}
    found = chosen(groups, listing.path, wanted, daily)
    return Plan(
        tuple(sorted(days)),
        tuple(dg.AssetKey(list(path)) for path in found if path in daily),
        tuple(dg.AssetKey(list(path)) for path in found if path not in daily),
    )


def run(defs: dg.Definitions, instance: dg.DagsterInstance, plan: Plan) -> Iterator[DayDone]:
    """Run each day, then what spans them; give each as it ends."""
    job = defs.resolve_implicit_global_asset_job_def()
    for day in plan.days if plan.daily else ():
        yield _one(job, instance, plan.daily, day.isoformat(), _QUIET)
    if plan.spanning:
        span = {"first": plan.days[0].isoformat(), "last": plan.days[-1].isoformat()}
        ops = {key.to_python_identifier(): {"config": span} for key in plan.spanning if key.path[-1] == _CONTINUOUS}
        yield _one(job, instance, plan.spanning, "", {**_QUIET, "ops": ops})


def _one(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    keys: Sequence[dg.AssetKey],
    day: str,
    config: Mapping[str, object],
) -> DayDone:
    started = time.monotonic()
    result = job.execute_in_process(
        instance=instance,
        partition_key=day or None,
        asset_selection=list(keys),
        run_config=dict(config),
        raise_on_error=False,
    )
    made = [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]
    rows = sum(int(str(one.metadata["dagster/row_count"].value)) for one in made if "dagster/row_count" in one.metadata)
    reasons = tuple(
        f"{(event.step_key or '').replace('__', '/')}: {_reason(event)}"
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.STEP_FAILURE
    )
    if not result.success and not reasons:
        reasons = ("its run failed before any asset: see `dagster` history",)
    where = [str(one.metadata[name].value) for one in made for name in ("folder", "path") if name in one.metadata]
    done = tuple(one.asset_key.to_user_string() for one in made)
    return DayDone(day, done, reasons, rows, time.monotonic() - started, tuple(where[-1:]))


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description.strip().splitlines()[0]
    return data.error.message.strip().splitlines()[0] if data.error is not None else "no reason given"
