"""Runs at work are named by host, and judged by workers where they can't be seen."""

from collections.abc import Mapping
from dataclasses import replace

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.launcher import DefaultRunLauncher

from phoenix_dagster.deployment.claims import PROCESS_TAG, end_forsaken, forsaken
from phoenix_dagster.deployment.hosts import hosts_at_work, judge_of
from phoenix_dagster.deployment.processes import Identity, Verdict

ELSEWHERE = replace(Identity.own(), machine="host-b 0123", pid=7)


class Asking(DefaultRunLauncher):
    """A launcher whose workers say what the test wants."""

    message: Mapping[str, Verdict] = {}

    def verdicts(self, runs):
        return {run.run_id: self.message[run.run_id] for run in runs if run.run_id in self.message}


@pytest.fixture
def instance():
    overrides = {"run_launcher": {"module": __name__, "class": Asking.__name__}}
    with dg.instance_for_test(overrides=overrides) as made:
        made._run_launcher = Asking()
        made._run_launcher.register_instance(made)
        yield made


@pytest.fixture
def run_on(instance):
    """Make a run that is at work in some process."""

    @dg.job
    def nothing():
        """Holds no ops."""

    def make(process):
        run = instance.create_run_for_job(nothing, status=DagsterRunStatus.STARTED)
        instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id} {process}"})
        return run.run_id

    return make


def test_runs_are_named_by_host(instance, run_on):
    """Those of this machine, those that a worker has, and those of which nobody here can know."""
    here, there, unknown = run_on(Identity.own()), run_on(ELSEWHERE), run_on(replace(ELSEWHERE, machine="host-c"))
    instance.run_launcher.message = {there: Verdict.LIVES}
    assert hosts_at_work(instance, judge_of(instance)) == {
        Identity.own().host: [here[:8]],
        "host-b": [there[:8]],
        "host-c": [f"{unknown[:8]} (can't be seen from here)"],
    }


def test_a_run_that_no_worker_has_is_forsaken(instance, run_on):
    """It is named and ended like one whose process is gone from this machine; others stay."""
    lost, kept = run_on(ELSEWHERE), run_on(ELSEWHERE)
    instance.run_launcher.message = {lost: Verdict.GONE, kept: Verdict.LIVES}
    judge = judge_of(instance)
    assert [run.run_id for run in forsaken(instance, judge)] == [lost]
    assert end_forsaken(instance, judge) == [
        f"Run {lost[:8]} has ended as failed: its process 7 on host-b is gone. Its slots are free."
    ]
    assert instance.get_run_by_id(lost).status is DagsterRunStatus.FAILURE
    assert instance.get_run_by_id(kept).status is DagsterRunStatus.STARTED


def test_workers_are_not_asked_of_what_is_seen(instance, run_on):
    """A process of this machine is judged here, whatever workers say."""
    here = run_on(Identity.own())
    instance.run_launcher.message = {here: Verdict.GONE}
    assert list(forsaken(instance, judge_of(instance))) == []
