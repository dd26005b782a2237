"""Dagster's own launcher, which also looks whether the processes of its runs still live.

The default launcher of Dagster 1.13 can't tell: runs of a machine that lost its power, and runs of a shell that
was killed, stay "started" until `max_runtime_seconds`. Run monitoring asks this launcher instead and ends such
runs; those that a code server launched start once more.
"""

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from phoenix_dagster.deployment.claims import process_of, verdict_on
from phoenix_dagster.deployment.processes import Verdict


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs in processes of the code server, and watches all those on this machine."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives. What can't be seen from here is taken to live."""
        process, verdict = process_of(run), verdict_on(run)
        if process is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process has not named itself")
        if verdict is Verdict.UNKNOWN:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"its {process.named} can't be seen from here")
        if verdict is Verdict.GONE:
            return CheckRunHealthResult(WorkerStatus.FAILED, f"its {process.named} is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)
