"""Runs whose process is gone are seen, and no others."""

import json
import os
import subprocess
import sys
import time

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from phoenix_dagster.deployment import run_launcher
from phoenix_dagster.deployment.run_launcher import WatchedRunLauncher

HERE = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": "somewhere"})}


@pytest.fixture
def instance():
    overrides = {"run_launcher": {"module": run_launcher.__name__, "class": WatchedRunLauncher.__name__}}
    with dg.instance_for_test(overrides=overrides) as made:
        yield made


def run_of(instance, pid, tags=HERE):
    """A run that says it was started in a process."""
    run = instance.create_run_for_job(job_def(), tags=tags)
    if pid is not None:
        instance.report_engine_event("Started process for run", run, EngineEventData.in_process(pid))
    return run


def job_def():
    @dg.job
    def nothing():
        """Holds no ops."""

    return nothing


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    return process.pid


def test_a_run_whose_process_lives_is_left_alone(instance):
    """This very process."""
    assert instance.run_launcher.check_run_worker_health(run_of(instance, os.getpid())).status is WorkerStatus.RUNNING


def test_a_run_whose_process_is_gone_has_failed(instance):
    """Run monitoring then ends it, and starts it once more."""
    found = instance.run_launcher.check_run_worker_health(run_of(instance, pid := ended_process()))
    assert (found.status, found.msg) == (WorkerStatus.FAILED, f"its process {pid} is gone")


def test_an_id_that_was_given_anew_is_another_process(instance, monkeypatch):
    """A process that began an hour after the run said so is not the run's."""
    run = run_of(instance, os.getpid())
    started = instance.run_launcher._started(run)
    monkeypatch.setattr(instance.run_launcher, "_started", lambda _: (started[0], time.time() - 10**9))
    assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.FAILED


@pytest.mark.parametrize(
    ("pid", "tags"),
    [(None, HERE), (2**22 + 1, {}), (2**22 + 1, {GRPC_INFO_TAG: json.dumps({"host": "elsewhere", "port": 4000})})],
)
def test_what_cannot_be_seen_is_taken_to_live(instance, pid, tags):
    """Not named yet, not launched by a code server, or on another machine."""
    assert instance.run_launcher.check_run_worker_health(run_of(instance, pid, tags)).status is WorkerStatus.RUNNING
