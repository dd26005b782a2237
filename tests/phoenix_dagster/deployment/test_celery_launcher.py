"""Runs whose worker is gone are seen; what dagster-celery does with them is pinned, and so is the way around it."""

import time
from contextlib import nullcontext
from dataclasses import replace

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.launcher import WorkerStatus
from dagster._utils.interrupts import capture_interrupts, check_captured_interrupt
from dagster_celery.launcher import CeleryRunLauncher
from dagster_postgres.utils import DagsterPostgresException
from fakes.broker import virtual_host
from fakes.processes import free_port
from sqlalchemy.exc import DBAPIError

from phoenix_dagster.deployment import celery_launcher
from phoenix_dagster.deployment.celery_launcher import WatchedCeleryLauncher
from phoenix_dagster.deployment.claims import PROCESS_TAG
from phoenix_dagster.deployment.processes import Identity, Verdict
from phoenix_dagster.deployment.versions import own_versions, queue_of

TASK_ID = "dagster-celery/task_id"
ELSEWHERE = replace(Identity.own(), machine="host-b 0123", pid=7)


@pytest.fixture(scope="module")
def broker():
    """A virtual host that no worker listens on."""
    with virtual_host() as url:
        yield url


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nobody answers here, so nobody is waited for."""
    monkeypatch.setattr(celery_launcher, "_REPLY_SECONDS", 0.2)
    monkeypatch.setattr(celery_launcher, "_SAME_LOOK_SECONDS", 0.0)


def started(instance, process, **tags):
    """A run that is at work in a process."""

    @dg.job
    def nothing():
        """Holds no ops."""

    run = instance.create_run_for_job(nothing, status=DagsterRunStatus.STARTED)
    tags = {PROCESS_TAG: f"{run.run_id} {process}", TASK_ID: run.run_id, **tags}
    instance.add_run_tags(run.run_id, tags)
    return instance.get_run_by_id(run.run_id)


def test_a_run_that_no_worker_has_fails_at_the_second_look(broker, instance):
    """One reply may be late; two are not."""
    launcher, run = WatchedCeleryLauncher(broker), started(instance, ELSEWHERE)
    first, second = launcher.check_run_worker_health(run), launcher.check_run_worker_health(run)
    assert [first.status, second.status] == [WorkerStatus.RUNNING, WorkerStatus.FAILED]
    assert second.msg == "no worker has it any more"
    assert launcher.verdicts([run]) == {run.run_id: Verdict.GONE}


def test_two_runs_of_one_look_are_one_question(broker, instance, monkeypatch):
    """Monitoring goes through all runs: the second is no second look at the first, and whoever comes again is one."""
    monkeypatch.setattr(celery_launcher, "_SAME_LOOK_SECONDS", 60.0)
    launcher, (one, other) = WatchedCeleryLauncher(broker), [started(instance, ELSEWHERE) for _ in range(2)]
    found = [launcher.check_run_worker_health(run).status for run in (one, other, other, one)]
    assert found == [WorkerStatus.RUNNING, WorkerStatus.RUNNING, WorkerStatus.FAILED, WorkerStatus.FAILED]
    assert launcher._looks == 2


def test_a_broker_that_is_away_ends_no_run(instance):
    """Workers go on while it restarts."""
    launcher = WatchedCeleryLauncher(f"amqp://guest:guest@127.0.0.1:{free_port()}//")
    run = started(instance, ELSEWHERE)
    found = [launcher.check_run_worker_health(run) for _ in range(3)]
    assert {one.status for one in found} == {WorkerStatus.RUNNING}
    assert found[0].msg == "the broker can't be asked"
    assert launcher.verdicts([run]) == {run.run_id: Verdict.UNKNOWN}


def test_a_process_of_this_machine_is_judged_without_the_broker(instance):
    """A hub that is its own worker sees a kill at once."""
    launcher = WatchedCeleryLauncher(f"amqp://guest:guest@127.0.0.1:{free_port()}//")
    lives, gone = started(instance, Identity.own()), started(instance, replace(Identity.own(), pid=2**22 + 1))
    assert launcher.check_run_worker_health(lives).status is WorkerStatus.RUNNING
    assert launcher.check_run_worker_health(gone).status is WorkerStatus.FAILED


def test_a_run_of_a_shell_elsewhere_is_left_alone(broker, instance):
    """Workers know nothing of it; nor of one that only copied the tag of the run that it repeats."""
    launcher = WatchedCeleryLauncher(broker)
    run = started(instance, ELSEWHERE, **{TASK_ID: "of the run before"})
    found = {launcher.check_run_worker_health(run).status for _ in range(3)}
    assert found == {WorkerStatus.RUNNING}
    assert launcher.verdicts([run]) == {}
    launcher.register_instance(instance)
    assert not launcher.terminate(run.run_id)


def test_a_terminated_run_is_being_cancelled(broker, instance):
    """dagster-celery leaves that to nobody, so its runs would stay STARTED."""
    launcher, run = WatchedCeleryLauncher(broker), started(instance, ELSEWHERE)
    launcher.register_instance(instance)
    assert launcher.terminate(run.run_id)
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.CANCELING


def until(what, why):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.01)


@pytest.fixture
def quick_watch(instance, monkeypatch):
    """A run's process looks at its status all the time."""
    monkeypatch.setattr(celery_launcher, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(celery_launcher.DagsterInstance, "get", lambda: nullcontext(instance))


@pytest.mark.usefixtures("quick_watch")
@pytest.mark.parametrize("how", ["report_run_canceling", "report_run_failed"])
def test_a_run_that_was_given_up_is_interrupted(instance, how):
    """By whoever terminates it, or by monitoring, which thought that its worker was gone."""
    run = started(instance, Identity.own())
    with capture_interrupts(), celery_launcher._interrupted_when_given_up(run.run_id):
        getattr(instance, how)(run)
        until(check_captured_interrupt, "nobody interrupts it")


@pytest.mark.parametrize("moment", ["get", "get_run_by_id"])
def test_a_run_is_given_up_however_long_the_database_was_away(instance, monkeypatch, quick_watch, moment):
    """Whether it was away when the process first looked, or later: who was cut off sees what became of its run."""
    owner = celery_launcher.DagsterInstance if moment == "get" else instance
    plain, away = getattr(owner, moment), iter([DagsterPostgresException("too many retries"), DBAPIError("", {}, None)])

    def asked(*given):
        for error in away:
            raise error
        return plain(*given)

    run = started(instance, Identity.own())
    instance.report_run_failed(run)
    monkeypatch.setattr(owner, moment, asked)
    with capture_interrupts(), celery_launcher._interrupted_when_given_up(run.run_id):
        until(check_captured_interrupt, "nobody interrupts it")


@pytest.mark.usefixtures("quick_watch")
def test_a_run_that_goes_on_is_left_alone(instance, monkeypatch):
    """However often its process looks."""
    looks, asked = [], instance.get_run_by_id
    monkeypatch.setattr(instance, "get_run_by_id", lambda run_id: looks.append(run_id) or asked(run_id))
    run = started(instance, Identity.own())
    looks.clear()
    with capture_interrupts(), celery_launcher._interrupted_when_given_up(run.run_id):
        until(lambda: len(looks) >= 3, "it does not look")
        assert not check_captured_interrupt()


def test_who_starts_no_worker_is_told(broker, instance):
    """Run monitoring puts it into the message of a run that did not start."""
    said = WatchedCeleryLauncher(broker).get_run_worker_debug_info(started(instance, ELSEWHERE))
    assert said == f"No worker answers on queue {queue_of(own_versions())}: start one with `phoenix worker`."


def test_the_launcher_of_dagster_celery_takes_a_lost_run_for_a_good_one(instance):
    """A redelivered task of a run that was begun before ends as SUCCESS, and monitoring leaves the run alone.

    With a version in which this fails, celery_launcher.py may become smaller.
    """
    launcher, run = CeleryRunLauncher("dagster", "memory://", "cache+memory://"), started(instance, ELSEWHERE)
    launcher.celery.backend.store_result(run.run_id, 0, "SUCCESS")
    assert launcher.check_run_worker_health(run).status is WorkerStatus.SUCCESS
    assert run.status is DagsterRunStatus.STARTED


def test_the_launcher_of_dagster_celery_fails_on_runs_of_a_shell(instance):
    """It looks for its tag in every run, and monitoring logs a traceback at each look."""
    run = started(instance, ELSEWHERE).with_tags({})
    with pytest.raises(KeyError, match=TASK_ID):
        CeleryRunLauncher("dagster", "memory://", "cache+memory://").check_run_worker_health(run)


def test_dagster_celery_knows_one_queue(instance):
    """Whatever queue its launcher is told, its app declares "dagster" alone."""
    queues = CeleryRunLauncher("phoenix", "memory://", "cache+memory://").celery.conf.task_queues
    assert [queue.name for queue in queues] == ["dagster"]


def test_a_worker_may_return_while_the_broker_takes_it_for_connected(broker):
    """After a cut cable RabbitMQ holds the old connection for a while; the new one is warned of it, not refused."""
    app = WatchedCeleryLauncher(broker).celery
    with app.connection() as old, app.connection() as new:
        app.control.mailbox.Node("phoenix@host", channel=old.default_channel).listen()
        with pytest.warns(UserWarning, match="already using this process mailbox"):
            app.control.mailbox.Node("phoenix@host", channel=new.default_channel).listen()


def test_the_launcher_names_tasks_where_dagster_celery_sends_them():
    """Were this private method gone, tasks would have ids of their own, and no lost run would be found."""
    assert CeleryRunLauncher._launch_celery_task_run.__code__.co_varnames[:4] == (
        "self", "run", "task_signature", "routing_key",
    )  # fmt: skip
