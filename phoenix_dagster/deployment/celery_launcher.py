"""Runs as tasks of Celery, done by `phoenix worker` on any host.

Everything distributed is Celery's and dagster-celery's. What is ours: which queue, which guarantees of delivery, and
what becomes of a run whose worker died. The launcher of dagster-celery 0.29 looks at the state of a task in a result
backend. After a SIGKILL that state stays STARTED until another worker takes the task and finds that the run was begun
before, and it is SUCCESS from then on, as if the run had ended (https://github.com/dagster-io/dagster/pull/33493). So
the workers themselves are asked what they are doing, and there is no result backend. Rests on private parts of
dagster-celery; tests pin each.
"""

import os
import signal
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress

from celery import Celery, Task
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._serdes import ConfigurableClassData
from dagster._utils.interrupts import capture_interrupts
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from dagster_celery.tasks import create_execute_job_task
from kombu import Queue
from kombu.exceptions import OperationalError

from phoenix_dagster.deployment.claims import verdict_on
from phoenix_dagster.deployment.postgres_storage import AWAY
from phoenix_dagster.deployment.processes import Verdict
from phoenix_dagster.deployment.run_launcher import health_by_process
from phoenix_dagster.deployment.versions import own_versions, queue_of

_HOUR = 3600
_LOOK_SECONDS = 3.0
_MOST_PRIORITY = 10
# Workers answer while they work: what runs is in processes of its own. Replies are gathered for this long.
_REPLY_SECONDS = 2.0
# One look of run monitoring asks once, whatever the number of runs; it comes to each of them once.
_SAME_LOOK_SECONDS = 1.0

_CONFIG = {
    # A task is the worker's until its run has ended: what a worker had not begun when it died goes to another one, and
    # a busy worker takes none in advance.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    # A cut cable looks like silence: without this a broker would wait for hours.
    "broker_heartbeat": 10,
    "broker_connection_retry_on_startup": True,
    # When a worker comes back over a mended cable, the broker may still take its old connection for alive. If the
    # control queue were exclusive to that one, the new one would be refused (RESOURCE_LOCKED), and the worker end.
    "control_queue_exclusive": False,
    # Runs go on while the broker restarts.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "task_publish_retry_policy": {"max_retries": 30, "interval_start": 0, "interval_step": 1, "interval_max": 5},
    # Or what assets print would be in the worker's log instead of the step's.
    "worker_redirect_stdouts": False,
    "task_ignore_result": True,
}


class _RunTask(Task):
    """A task that ends in order by signals, and when its run is ended elsewhere.

    Dagster copies the handler of SIGINT that it finds to SIGTERM and leaves it so; enclosed here, both are put back.
    """

    abstract = True

    def __call__(self, *args: object, **kwargs: object) -> object:
        with capture_interrupts(), _interrupted_when_given_up(self.request.id):
            return super().__call__(*args, **kwargs)


@contextmanager
def _interrupted_when_given_up(run_id: str) -> Iterator[None]:
    """Interrupt this process while its run is being cancelled, or has been ended by others.

    So a run is terminated from the UI, and a worker that was frozen or cut off does not go on with a run that was
    failed meanwhile. Again and again, since Dagster 1.13 answers an interrupted step with a retry of that step.
    """
    over = threading.Event()

    def watch() -> None:
        with ExitStack() as opened:
            instance = None
            while not over.wait(_LOOK_SECONDS):  # most runs are shorter, and need no connection
                with suppress(*AWAY):
                    instance = instance or opened.enter_context(DagsterInstance.get())
                    run = instance.get_run_by_id(run_id)
                    if run is None or run.is_finished or run.status is DagsterRunStatus.CANCELING:
                        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class WatchedCeleryLauncher(CeleryRunLauncher):
    """Launches runs as tasks, and watches those on this machine and those of all workers."""

    def __init__(self, broker: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._queue = queue_of(own_versions())
        super().__init__(
            default_queue=self._queue,
            broker=broker,
            backend="disabled://",
            config_source=_CONFIG,
            inst_data=inst_data,
        )
        # dagster-celery declares a queue named "dagster" and no other.
        arguments = {
            "x-max-priority": _MOST_PRIORITY,
            "x-consumer-timeout": 24 * _HOUR * 1000,  # RabbitMQ 3.12 and later: a run may take longer than 30 minutes
            "x-expires": 7 * 24 * _HOUR * 1000,  # queues of versions that nobody has any more
        }
        self.celery.conf.task_queues = [Queue(self._queue, routing_key=f"{self._queue}.#", queue_arguments=arguments)]
        self._looks = 0
        self._looked_at = 0.0
        self._seen: frozenset[str] | None = None
        self._judged: set[str] = set()
        self._missed: dict[str, int] = {}

    @property
    def queue(self) -> str:
        """Where runs wait for a worker of these very versions."""
        return self._queue

    def app_of_worker(self) -> Celery:
        """The app with its task, as a worker needs it."""
        create_execute_job_task(self.celery, base=_RunTask)  # type: ignore[arg-type] # its annotation forgets values
        return self.celery

    def _launch_celery_task_run(self, run: DagsterRun, task_signature: Task, routing_key: str) -> None:
        # Named by its run, the task is found without a tag: a retry copies tags, and a fast worker begins before the
        # launcher has written this one's.
        super()._launch_celery_task_run(run, task_signature.set(task_id=run.run_id), routing_key)

    @property
    def supports_resume_run(self) -> bool:
        """A run whose worker died fails, and is run again as any other."""
        return False

    def terminate(self, run_id: str) -> bool:
        """End a run in order; False for one that no worker was given."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or not _is_ours(run):
            return False
        # Its process looks for this, and ends; a worker that has not begun it drops it.
        self._instance.report_run_canceling(run)
        self.celery.control.revoke(run_id)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether a run that has begun is still worked on.

        A process of this machine is judged as ever. One elsewhere has failed when two looks in a row find it with no
        worker: one reply may be late on a busy host.
        """
        if verdict_on(run) is not Verdict.UNKNOWN or not _is_ours(run):
            return health_by_process(run)
        seen = self._look(run.run_id)
        if seen is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the broker can't be asked")
        if run.run_id in seen:
            self._missed.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        first = self._missed.setdefault(run.run_id, self._looks)
        if first == self._looks:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "no worker says that it has it; asked once more")
        del self._missed[run.run_id]
        return CheckRunHealthResult(WorkerStatus.FAILED, "no worker has it any more")

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """What to look at when a run did not start, or its worker died."""
        del include_container_logs
        if not _is_ours(run):
            return None
        names = sorted(self.celery.control.inspect(timeout=_REPLY_SECONDS).ping() or ())
        if not names:
            return f"No worker answers on queue {self._queue}: start one with `phoenix worker`."
        return f"Workers that answer: {', '.join(names)}. Let max_concurrent_runs be no more than they take at once."

    def verdicts(self, runs: Collection[DagsterRun]) -> dict[str, Verdict]:
        """Judge runs at work by asking the workers twice, for whoever does not look again and again.

        Returns:
            By run id; runs that were never given to a worker are left out.
        """
        ours = [run for run in runs if _is_ours(run)]
        looks = [self._asked() for _ in range(2)] if ours else []
        if any(seen is None for seen in looks):
            return {run.run_id: Verdict.UNKNOWN for run in ours}
        lives = frozenset[str]().union(*(seen for seen in looks if seen is not None))
        return {run.run_id: Verdict.LIVES if run.run_id in lives else Verdict.GONE for run in ours}

    def _look(self, run_id: str) -> frozenset[str] | None:
        if run_id in self._judged or time.monotonic() - self._looked_at > _SAME_LOOK_SECONDS:
            self._seen, self._judged = self._asked(), set()
            self._looks += 1
            self._looked_at = time.monotonic()
        self._judged.add(run_id)
        return self._seen

    def _asked(self) -> frozenset[str] | None:
        """Runs that workers have at work; None if the broker can't be reached."""
        try:
            replies = self.celery.control.inspect(timeout=_REPLY_SECONDS).active() or {}
        except (OperationalError, OSError):
            return None
        return frozenset(task["id"] for tasks in replies.values() for task in tasks)


def _is_ours(run: DagsterRun) -> bool:
    """Whether it was given to a worker: the tag of a run that was copied names the run before it."""
    return run.tags.get(DAGSTER_CELERY_TASK_ID_TAG) == run.run_id
