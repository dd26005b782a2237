"""Where runs are started, and whether the processes that do their work still live.

In processes of the code server by default; by workers on any host where PHOENIX_CELERY_BROKER is set. `dagster.yaml`
can't choose by the environment, so it names the class here that does.

The default launcher of Dagster 1.13 can't tell whether a process lives: runs of a machine that lost its power, and
runs of a shell that was killed, stay "started" until `max_runtime_seconds`. Run monitoring asks our launchers instead
and ends such runs; those that a launcher started are run once more.
"""

from typing import Any

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.deployment.claims import process_of, verdict_on
from phoenix_dagster.deployment.processes import Verdict
from phoenix_dagster.settings import settings


def health_by_process(run: DagsterRun) -> CheckRunHealthResult:
    """Whether the process of a run lives. What can't be seen from here is taken to live."""
    process, verdict = process_of(run), verdict_on(run)
    if process is None:
        return CheckRunHealthResult(WorkerStatus.RUNNING, "its process has not named itself")
    if verdict is Verdict.UNKNOWN:
        return CheckRunHealthResult(WorkerStatus.RUNNING, f"its {process.named} can't be seen from here")
    if verdict is Verdict.GONE:
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its {process.named} is gone")
    return CheckRunHealthResult(WorkerStatus.RUNNING)


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs in processes of the code server, and watches all those on this machine."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives."""
        return health_by_process(run)


class EnvRunLauncher(RunLauncher, ConfigurableClass):
    """Chooses the launcher of an instance."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure: the environment chooses."""
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]
    ) -> RunLauncher:
        """Build the chosen launcher.

        Raises:
            ConfigInvalid: Workers are wanted, and Celery is not installed.
        """
        del config_value
        broker = settings().celery_broker
        if broker is None:
            return WatchedRunLauncher(inst_data)
        try:
            from phoenix_dagster.deployment.celery_launcher import WatchedCeleryLauncher  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise ConfigInvalid(
                f"PHOENIX_CELERY_BROKER is set and the package {error.name} is missing: install phoenix[celery], or "
                "unset it."
            ) from error
        return WatchedCeleryLauncher(broker.get_secret_value(), inst_data)
