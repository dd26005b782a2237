"""Assets materialized in this process: the one way in which commands run them, without webserver or daemon.

Which assets and which days is up to the callers (`phoenix run`, `phoenix demo`, `phoenix doctor --repair`).
"""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from phoenix_core.products import BACKTEST, CONTINUOUS_BACKTEST
from phoenix_dagster.deployment.claims import process_tags

_PRINTED = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
# What a run says is in its history; commands print what their users need of it.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def opened_history(home: Path) -> dg.DagsterInstance:
    """Open Dagster's history for runs that leave what assets print to the terminal.

    To keep it, Dagster starts four processes for each run. They cost as much as a small day, and a Ctrl-C reaches
    them too: each then ends with a traceback of its own.
    """
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"compute_logs": _PRINTED}))


def new_run_id() -> str:
    """Name a run before there is one, for those who want to hear of its events."""
    return str(uuid.uuid4())


def materialize(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    keys: Sequence[dg.AssetKey],
    *,
    day: str = "",
    config: Mapping[dg.AssetKey, Mapping[str, Any]] | None = None,
    run_id: str = "",
) -> dg.ExecuteInProcessResult:
    """Materialize assets in one run of their own. What fails is in the result; an interrupt fails the run.

    Args:
        defs: The code location.
        instance: Where the run is recorded.
        keys: Assets; those that need each other run in order, and a failed one holds up only what needs it.
        day: The partition; empty for assets without one.
        config: By asset.
        run_id: Of the run; empty: a new one.
    """
    run_id = run_id or new_run_id()
    ops = {key.to_python_identifier(): {"config": dict(fields)} for key, fields in (config or {}).items()}
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        run_id=run_id,
        # The process names itself once more when it starts. Until then a kill would leave a run that nobody begins.
        tags=process_tags(run_id),
        partition_key=day or None,
        asset_selection=list(keys),
        run_config=_QUIET | ({"ops": ops} if ops else {}),
        raise_on_error=False,
    )


def continuous_span(keys: Sequence[dg.AssetKey], first: str, last: str) -> dict[dg.AssetKey, dict[str, str]]:
    """Config that gives the assets over a range their first and last day, both inclusive."""
    return {key: {"first": first, "last": last} for key in keys if key.path[-1] == CONTINUOUS_BACKTEST.name}


def backtest_config(
    keys: Sequence[dg.AssetKey], strategy: Mapping[str, Any], span: tuple[str, str] | None
) -> dict[dg.AssetKey, dict[str, Any]]:
    """Config of the backtests among assets: their strategy where one was chosen, and the range where they have one."""
    config: dict[dg.AssetKey, dict[str, Any]] = {**continuous_span(keys, *span)} if span else {}
    for key in keys:
        if strategy and key.path[-1] in {BACKTEST.name, CONTINUOUS_BACKTEST.name}:
            config[key] = {**config.get(key, {}), "strategy": dict(strategy)}
    return config


def reason_of(event: dg.DagsterEvent) -> str:
    """Why a step or run failed, whole and on one line."""
    data = event.event_specific_data
    described = getattr(getattr(data, "user_failure_data", None), "description", None)
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:  # Dagster wraps what an asset raised
        error = error.cause
    said = described or (error.message if error is not None else event.message)
    return " ".join((said or "no reason was given").split())
