"""`phoenix worker`: does the runs of a hub, on any host.

How runs reach it is in phoenix_dagster/deployment/celery_launcher.py. Here is who may join, and how a worker ends:
the first SIGTERM or Ctrl-C lets it finish its runs and take no others, a second Ctrl-C (or SIGQUIT) ends it at once,
which is safe, since files are published whole or not at all. What is lost so, or with the host, the hub runs again.
"""

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import dagster as dg

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.deployment.home import command
from phoenix_dagster.deployment.postgres_storage import AWAY
from phoenix_dagster.deployment.processes import Identity
from phoenix_dagster.deployment.versions import announced, differences, own_versions
from phoenix_dagster.settings import Settings, dagster_home, export

Say = Callable[[str], None]

_LOOK_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 30.0
_TURN_SECONDS = 0.2
_PARENT_DIED = 1  # PR_SET_PDEATHSIG of prctl(2)
_INTERRUPTED = 128 + signal.SIGINT


def work(settings: Settings, runs: int, say: Say) -> int:
    """Do runs until told to end, and give the exit code.

    Args:
        settings: In force on this host.
        runs: How many at once, each in a process of its own.
        say: Prints a line.

    Raises:
        ConfigInvalid: This host is not set up as a worker, or has other versions than the hub.
    """
    if settings.celery_broker is None:
        raise ConfigInvalid(
            "A worker needs the broker and the database of its hub: set PHOENIX_CELERY_BROKER and PHOENIX_POSTGRES_URL "
            "to what they are there."
        )
    export({"DAGSTER_HOME": str(dagster_home())})
    # Before the worker divides, so that each of its processes has them: the code, and what is wrong with it.
    import phoenix_dagster.code_location  # noqa: F401, PLC0415 - seconds, which a refusal above need not wait for

    with dg.DagsterInstance.get() as instance:
        launcher = _launcher_of(instance)
        _join(instance, say)
        return _serve(instance, launcher, runs, say)


def _launcher_of(instance: dg.DagsterInstance) -> Any:  # noqa: ANN401 - its module needs an extra
    launcher = instance.run_launcher
    from phoenix_dagster.deployment.celery_launcher import WatchedCeleryLauncher  # noqa: PLC0415 - an extra

    if isinstance(launcher, WatchedCeleryLauncher):
        return launcher
    raise ConfigInvalid(
        f"{dagster_home() / 'dagster.yaml'} does not launch runs by workers (it names {type(launcher).__name__}): "
        f"expected phoenix_dagster.deployment.run_launcher, EnvRunLauncher, as `{command('phoenix init')}` writes it."
    )


def _join(instance: dg.DagsterInstance, say: Say) -> None:
    """Wait for a hub, and compare versions with it."""
    hub = announced(instance.run_storage)
    if hub is None:
        say("Waiting for the hub: no Dagster daemon has worked on this database yet.")
    while hub is None:
        time.sleep(_LOOK_SECONDS)
        hub = announced(instance.run_storage)
    if hub != own_versions():
        raise ConfigInvalid(_refusal(hub))


def _refusal(hub: Mapping[str, str]) -> str:
    differing = "; ".join(differences(own_versions(), hub))
    return (
        f"This worker is not like its hub, and might publish other bytes: {differing}. "
        "Install the same Phoenix with the same libraries on both, and restart what was updated."
    )


def _serve(instance: dg.DagsterInstance, launcher: Any, runs: int, say: Say) -> int:  # noqa: ANN401 - as above
    from celery import signals  # noqa: PLC0415 - an extra

    signals.worker_process_init.connect(_begin_process)
    signals.setup_logging.connect(_log_plainly)
    worker = launcher.app_of_worker().Worker(
        hostname=f"phoenix-{os.getpid()}@{Identity.own().host}",
        concurrency=runs,
        pool="prefork",
        queues=[launcher.queue],
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )

    departure = _Departure(worker, launcher.queue)

    def ready(**_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, ended)
        say(f"Worker {worker.hostname} takes {runs} run{'s' if runs > 1 else ''} at once from queue {launcher.queue}.")

    def ended(number: int, _: object) -> None:
        # Not Celery's cold shutdown: it interrupts steps once, which Dagster answers with a retry, and waits for that.
        if number == signal.SIGQUIT or (number == signal.SIGINT and departure.is_due):
            os._exit(_INTERRUPTED)
        if not departure.is_due:
            say("The worker finishes its runs and takes no more; Ctrl-C once more ends it at once.")
            departure.is_due = True

    signals.worker_ready.connect(ready)
    with _watching(instance, departure) as changed:
        worker.start()
    if changed:
        raise ConfigInvalid(_refusal(changed[0]))
    say("The worker has ended.")
    return 0


class _Departure:
    """How a worker leaves: it takes no more runs, says which it has as long as it has some, and ends with the last.

    Not Celery's warm shutdown: a worker in that answers nobody, so its hub would take its runs for lost.
    """

    def __init__(self, worker: Any, queue: str) -> None:  # noqa: ANN401 - of an extra
        # A plain fact, since signals set it: whatever takes a lock may be what the signal interrupted.
        self.is_due = False
        self._worker, self._queue = worker, queue

    def attend(self, ended: threading.Event) -> None:
        """Wait until it is due, and see to it; until the worker has ended."""
        from celery.worker import state  # noqa: PLC0415 - an extra

        while not self.is_due:
            if ended.wait(_TURN_SECONDS):
                return
        consumer = self._worker.consumer
        consumer.app.amqp.queues.deselect(self._queue)  # for connections that are made from now on
        consumer.call_soon(self._stop_taking)
        while state.active_requests or state.reserved_requests:
            if ended.wait(_TURN_SECONDS):
                return
        state.should_stop = os.EX_OK  # Celery's own word for: finish what is at work, and end

    def _stop_taking(self) -> None:
        if consumer := self._worker.consumer.task_consumer:
            consumer.cancel_by_queue(self._queue)


@contextmanager
def _watching(instance: dg.DagsterInstance, departure: _Departure) -> Iterator[list[Mapping[str, str]]]:
    """Leave in order, and when the hub gets other versions, since its runs go to another queue then: gives those."""
    changed: list[Mapping[str, str]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK_AGAIN_SECONDS):
            with suppress(*AWAY):  # which says nothing of the hub
                hub = announced(instance.run_storage)
                if hub is not None and hub != own_versions():
                    changed.append(hub)
                    departure.is_due = True
                    return

    threads = [threading.Thread(target=watch, daemon=True)]
    threads.append(threading.Thread(target=departure.attend, args=(ended,), daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield changed
    finally:
        ended.set()


def _begin_process(**_: object) -> None:
    """Set up a process that does runs: it ends with its worker, and by no signal that was meant for that."""
    os.setpgid(0, 0)  # a Ctrl-C reaches all of a terminal's group
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_of_the_worker)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Celery ignores it, and Dagster copies what it finds to SIGTERM
    if sys.platform == "linux":
        # Or a run would go on when its worker was killed, while the hub has it run again.
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)


def _is_of_the_worker(record: logging.LogRecord) -> bool:
    """Whether nobody else prints it: what our code logs in a run is a line of that run (`python_logs`)."""
    return record.name.partition(".")[0] != "phoenix_core"


def _log_plainly(**_: object) -> None:
    # Celery's own format names tasks and levels of its own; what a run does is in its history.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
