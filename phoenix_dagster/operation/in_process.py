"""Assets materialized in this process: the one way in which commands run them, without webserver or daemon.

Which assets and which days is up to the callers (`phoenix run`, `phoenix demo`, `phoenix doctor --repair`).
"""

import uuid
from collections.abc import Callable, Mapping, Sequence

import dagster as dg
from dagster import EventLogEntry

from phoenix_dagster.assets.backtest import CONTINUOUS

# What a run says is in its history; commands print what their users need of it.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

Listener = Callable[[EventLogEntry], None]


def materialize(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    keys: Sequence[dg.AssetKey],
    *,
    day: str = "",
    config: Mapping[dg.AssetKey, Mapping[str, str]] | None = None,
    listener: Listener | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialize assets in one run of their own. What fails is in the result; an interrupt fails the run.

    Args:
        defs: The code location.
        instance: Where the run is recorded.
        keys: Assets; those that need each other run in order, and a failed one holds up only what needs it.
        day: The partition; empty for assets without one.
        config: By asset.
        listener: Called with each event of the run as it is recorded.
    """
    run_id = str(uuid.uuid4())
    if listener is not None:
        instance.add_event_listener(run_id, listener)
    ops = {key.to_python_identifier(): {"config": dict(fields)} for key, fields in (config or {}).items()}
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        run_id=run_id,
        partition_key=day or None,
        asset_selection=list(keys),
        run_config=_QUIET | ({"ops": ops} if ops else {}),
        raise_on_error=False,
    )


def continuous_span(keys: Sequence[dg.AssetKey], first: str, last: str) -> dict[dg.AssetKey, dict[str, str]]:
    """Config that gives the assets over a range their first and last day, both inclusive."""
    return {key: {"first": first, "last": last} for key in keys if key.path[-1] == CONTINUOUS}


def reason_of(event: dg.DagsterEvent) -> str:
    """Why a step or run failed, whole and on one line."""
    data = event.event_specific_data
    described = getattr(getattr(data, "user_failure_data", None), "description", None)
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:  # Dagster wraps what an asset raised
        error = error.cause
    said = described or (error.message if error is not None else event.message)
    return " ".join((said or "no reason was given").split())
