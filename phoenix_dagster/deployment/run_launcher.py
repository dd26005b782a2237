"""Dagster's own launcher, which also looks whether the processes of its runs still live.

The default launcher of Dagster 1.13 can't tell: runs of a machine that lost its power stay "started",
hold their places in the queue, and a backfill waits for them until `max_runtime_seconds`. Run monitoring
asks this launcher instead, ends such runs, and starts them once more.
"""

import json

import psutil
from dagster import DagsterEventType, DagsterRun, TextMetadataValue
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

_LOCAL = {"localhost", "127.0.0.1"}
_CLOCK_SECONDS = 5.0


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs in processes of the code server, and watches those on this machine."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives. What can't be seen from here is taken to live."""
        if json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("host") not in _LOCAL:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its code server is on another machine")
        started = self._started(run)
        if started is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process has not named itself yet")
        pid, when = started
        if _lives(pid, when):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its process {pid} is gone")

    def _started(self, run: DagsterRun) -> tuple[int, float] | None:
        """Id of the run's process and when it said so, in seconds."""
        for entry in reversed(self._instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT)):
            event = entry.dagster_event
            pid = event.engine_event_data.metadata.get("pid") if event is not None else None
            if event is not None and event.step_key is None and isinstance(pid, TextMetadataValue) and pid.text:
                return int(pid.text), entry.timestamp
        return None


def _lives(pid: int, when: float) -> bool:
    """Whether a process exists that is no younger than a moment: ids are given anew."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= when + _CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False
