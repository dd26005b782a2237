"""The environment chooses the launcher; runs whose process is gone are seen, and no others."""

import shutil
import subprocess
import sys
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from fakes.paths import ROOT

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.deployment import run_launcher
from phoenix_dagster.deployment.claims import PROCESS_TAG
from phoenix_dagster.deployment.processes import Identity
from phoenix_dagster.deployment.run_launcher import EnvRunLauncher, WatchedRunLauncher
from phoenix_dagster.settings import settings


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


@pytest.fixture
def environment(monkeypatch):
    """An environment of the test's own, read anew."""
    monkeypatch.delenv("PHOENIX_CELERY_BROKER", raising=False)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def test_the_hub_itself_does_the_runs_by_default(environment, tmp_path):
    """The shipped dagster.yaml, without a setting."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    environment.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        assert type(instance.run_launcher) is WatchedRunLauncher


def test_workers_do_the_runs_where_a_broker_is_set(environment):
    """Nothing of its address is in what Dagster shows or sends."""
    environment.setenv("PHOENIX_CELERY_BROKER", "amqp://phoenix:canary@hub.example:5672/phoenix")
    environment.setenv("PHOENIX_POSTGRES_URL", "postgresql://hub.example/phoenix")
    launcher = EnvRunLauncher.from_config_value(None, {})
    assert type(launcher).__name__ == "WatchedCeleryLauncher"
    assert launcher.supports_check_run_worker_health
    assert not launcher.supports_resume_run
    assert launcher.inst_data is None


def test_without_celery_it_says_what_to_install(environment):
    """In place of Dagster's traceback."""
    environment.setenv("PHOENIX_CELERY_BROKER", "amqp://hub.example/phoenix")
    environment.setenv("PHOENIX_POSTGRES_URL", "postgresql://hub.example/phoenix")
    environment.delitem(sys.modules, "phoenix_dagster.deployment.celery_launcher", raising=False)
    environment.setitem(sys.modules, "celery", None)
    with pytest.raises(ConfigInvalid, match=r"package celery is missing: install phoenix\[celery\]"):
        EnvRunLauncher.from_config_value(None, {})
