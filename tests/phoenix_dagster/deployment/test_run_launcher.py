"""Runs whose process is gone are seen, and no others."""

import subprocess
import sys
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from phoenix_dagster.deployment import run_launcher
from phoenix_dagster.deployment.claims import PROCESS_TAG
from phoenix_dagster.deployment.processes import Identity
from phoenix_dagster.deployment.run_launcher import WatchedRunLauncher


@pytest.fixture
def instance():
    overrides = {"run_launcher": {"module": run_launcher.__name__, "class": WatchedRunLauncher.__name__}}
    with dg.instance_for_test(overrides=overrides) as made:
        yield made


def health(instance, process):
    """What run monitoring hears of a run that named a process; it carries no code server's tag, as in a shell."""

    @dg.job
    def nothing():
        """Holds no ops."""

    run = instance.create_run_for_job(nothing)
    if process is not None:
        instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id} {process}"})
    return instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run.run_id))


def test_a_run_whose_process_lives_is_left_alone(instance):
    """This very process."""
    assert health(instance, Identity.own()).status is WorkerStatus.RUNNING


def test_a_run_whose_process_is_gone_has_failed(instance):
    """Run monitoring then ends it."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    found = health(instance, replace(Identity.own(), pid=process.pid))
    assert found.status is WorkerStatus.FAILED
    assert f"its process {process.pid} on" in found.msg


@pytest.mark.parametrize("process", [None, "elsewhere"])
def test_what_cannot_be_seen_is_taken_to_live(instance, process):
    """Not named yet, or on another machine."""
    named = process and replace(Identity.own(), machine=process, pid=2**22 + 1)
    assert health(instance, named).status is WorkerStatus.RUNNING
