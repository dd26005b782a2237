"""Slots of the dead are freed, those of others are waited for, asleep."""

import inspect
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.execution.plan import instance_concurrency_context

from phoenix_dagster.deployment.claims import PROCESS_TAG, forsaken
from phoenix_dagster.deployment.processes import Identity
from phoenix_dagster.settings import settings

ROOT = Path(__file__).parents[3]
POOL = "backtest"  # of one slot


@pytest.fixture(params=["sqlite", "postgres"])
def instance(request, tmp_path, monkeypatch):
    """What dagster.yaml describes, on either storage."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    if request.param == "postgres":
        monkeypatch.setenv("PHOENIX_POSTGRES_URL", request.getfixturevalue("postgres_database"))
    settings.cache_clear()
    with dg.DagsterInstance.from_config(str(tmp_path)) as made:
        yield made
    settings.cache_clear()


@dg.asset(pool=POOL)
def thing():
    """Needs the one slot."""


def holder(instance, process, status=dg.DagsterRunStatus.STARTED):
    """A run that holds the slot, and the process that it named."""
    run = instance.create_run_for_job(dg.Definitions([thing]).resolve_implicit_global_asset_job_def(), status=status)
    if process is not None:
        instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id} {process}"})
    assert instance.event_log_storage.claim_concurrency_slot(POOL, run.run_id, "step").is_claimed
    return run.run_id


def gone():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    return replace(Identity.own(), pid=process.pid)


def test_a_slot_of_the_dead_is_free_for_the_next(instance, caplog):
    """Its run has failed, with a line that names the process; the next run does not wait."""
    dead = holder(instance, gone())
    started = time.monotonic()
    assert dg.materialize([thing], instance=instance).success
    assert time.monotonic() - started < 10
    run = instance.get_run_by_id(dead)
    process = run.tags[PROCESS_TAG]
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert f"its process {Identity.parse(process.partition(' ')[2]).pid} on" in caplog.text
    assert not instance.event_log_storage.get_concurrency_info(POOL).claimed_slots


@pytest.mark.parametrize("who", ["other machine", "nobody", "copied tag"])
def test_a_slot_is_left_to_whom_cannot_be_judged(instance, who):
    """Another machine's, one that named nobody, and one whose tag a retry copied from the run before it."""
    process = replace(gone(), machine="elsewhere") if who == "other machine" else None
    run_id = holder(instance, process)
    if who == "copied tag":
        instance.add_run_tags(run_id, {PROCESS_TAG: f"the-run-before {gone()}"})
    assert not list(forsaken(instance))
    claim = instance.event_log_storage.claim_concurrency_slot(POOL, instance_run(instance), "step")
    assert not claim.is_claimed
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTED


def test_a_run_that_is_starting_is_left_alone(instance):
    """Its process may be about to name itself; run monitoring has a time limit for it."""
    run_id = holder(instance, gone(), dg.DagsterRunStatus.STARTING)
    assert not list(forsaken(instance))
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTING


def instance_run(instance):
    return instance.create_run_for_job(dg.Definitions([thing]).resolve_implicit_global_asset_job_def()).run_id


@pytest.mark.slow
def test_a_run_that_waits_says_for_whom_sleeps_and_goes_on(instance, caplog):
    """Six seconds of waiting for a live process cost less than a second and a half of CPU."""
    other = holder(instance, Identity.own())
    release = threading.Timer(6, instance.event_log_storage.free_concurrency_slots_for_run, [other])
    release.start()
    started, worked = time.monotonic(), time.process_time()
    assert dg.materialize([thing], instance=instance).success
    release.join()
    assert time.monotonic() - started > 5
    assert time.process_time() - worked < 1.5
    assert f"Waiting for a slot of pool {POOL}: run {other[:8]} (process" in caplog.text


WORKER = """
import sys, time
from pathlib import Path
import dagster as dg

@dg.asset(pool="backtest")
def thing():
    Path(sys.argv[1]).touch()
    while not Path(sys.argv[2]).exists():
        time.sleep(0.05)

if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        done = dg.materialize([thing], instance=instance)
    sys.exit(not done.success)
"""


@pytest.fixture
def worker(instance, tmp_path):
    """Start processes that need the one slot and keep it until told; none outlives us."""
    del instance
    (tmp_path / "worker.py").write_text(WORKER)
    started = []

    def start(name):
        files = [str(tmp_path / f"{name}.{what}") for what in ("began", "release")]
        with (tmp_path / f"{name}.err").open("w") as said:
            one = subprocess.Popen([sys.executable, "worker.py", *files], cwd=tmp_path, stderr=said)
        started.append(one)
        return one, *map(Path, files)

    yield start
    for one in started:
        one.kill()
        one.wait(10)


def until(what):
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_two_processes_wait_for_each_other(worker, tmp_path):
    """The second says for whom it waits, sleeps meanwhile, and goes on by itself when the first has ended."""
    first, began, release = worker("first")
    until(began.exists)
    second, began_too, at_once = worker("second")
    at_once.touch()
    said = tmp_path / "second.err"
    until(lambda: "Waiting for a slot" in said.read_text())
    before = psutil.Process(second.pid).cpu_times()
    time.sleep(4)
    waited = psutil.Process(second.pid).cpu_times()
    assert waited.user + waited.system - before.user - before.system < 1  # a busy loop takes four
    assert f"Waiting for a slot of pool {POOL}: run " in said.read_text()
    assert f"(process {first.pid} on " in said.read_text()
    assert not began_too.exists()
    release.touch()
    assert (first.wait(60), second.wait(30)) == (0, 0)


@pytest.mark.slow
def test_a_wait_can_be_interrupted(worker, tmp_path):
    """Dagster notes an interrupt between two steps and looks at it when the next begins; that may be never."""
    _, began, _ = worker("first")
    until(began.exists)
    second, *_ = worker("second")
    until(lambda: "Waiting for a slot" in (tmp_path / "second.err").read_text())
    second.send_signal(signal.SIGTERM)
    assert second.wait(15) != 0


def test_a_run_that_was_never_started_is_ended_with_its_process(instance):
    """Killed between noting the run and beginning it; one that nobody named, as in a queue, is left alone."""
    run_ids = {}
    for process in (gone(), None):
        run_id = instance_run(instance)
        if process:
            instance.add_run_tags(run_id, {PROCESS_TAG: f"{run_id} {process}"})
        run_ids[process is not None] = run_id
    assert [run.run_id for run in forsaken(instance)] == [run_ids[True]]


def test_dagster_itself_would_not_sleep():
    """The least of zero and what is left is zero; when Dagster mends this line, our replacement goes."""
    assert "return min([0, *" in inspect.getsource(instance_concurrency_context)
