"""Who may join a hub as its worker, and who is told why not."""

import json
import shutil
import subprocess
import sys
import time

import dagster as dg
import pytest
from fakes.broker import virtual_host
from fakes.paths import ROOT
from fakes.processes import free_port, running

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.deployment.versions import announced, own_versions
from phoenix_dagster.operation.worker import work
from phoenix_dagster.settings import Settings, settings

# The look of half a minute is made each half second.
QUICK = """import sys; from phoenix_dagster.operation import worker; worker._LOOK_AGAIN_SECONDS = 0.5
from phoenix_dagster.cli.app import main; sys.exit(main(["worker"]))"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A worker's home, and the current folder."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def shared(home, monkeypatch, postgres_database):
    """What a worker is told; nobody listens at that broker."""
    told = {
        "PHOENIX_POSTGRES_URL": postgres_database,
        "PHOENIX_CELERY_BROKER": f"amqp://guest:guest@127.0.0.1:{free_port()}/none",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return told | {"DAGSTER_HOME": str(home)}


@pytest.fixture
def hub(shared):
    """The runs of the database as the hub has it open."""
    with dg.DagsterInstance.get() as instance:
        yield instance.run_storage


def refusal():
    """What a worker says that is not taken."""
    with pytest.raises(ConfigInvalid) as refused:
        work(settings(), 1, pytest.fail)
    return str(refused.value)


def test_a_worker_of_other_versions_is_refused(hub):
    """Code and libraries, each with both versions; before it asks the broker for anything."""
    hub.set_cursor_values({"phoenix_hub": json.dumps({**own_versions(), "code": "0123456789ab", "polars": "1.0"})})
    said = refusal()
    assert said.startswith("This worker is not like its hub")
    assert f"code: {own_versions()['code']} here, 0123456789ab at the hub" in said
    assert f"polars: {own_versions()['polars']} here, 1.0 at the hub" in said
    assert "numpy" not in said


def test_a_worker_needs_a_broker(home):
    """It says what to set."""
    with pytest.raises(ConfigInvalid, match="set PHOENIX_CELERY_BROKER and PHOENIX_POSTGRES_URL to what they are"):
        work(Settings(), 1, pytest.fail)


def test_a_home_that_launches_runs_otherwise_is_refused(home, shared):
    """A dagster.yaml that was edited, or is that of an earlier Phoenix."""
    text = (home / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(text.replace("class: EnvRunLauncher", "class: WatchedRunLauncher"))
    assert "does not launch runs by workers (it names WatchedRunLauncher)" in refusal()


WARNING_IN_A_RUN = """import logging, signal
from phoenix_dagster.operation import worker
worker._log_plainly()
worker.os.setpgid = worker.signal.signal = lambda *_: None
worker._PARENT_DIED = 0
worker._begin_process()
import dagster as dg
@dg.asset
def thing():
    logging.getLogger("phoenix_core.some").warning("said once")
    logging.getLogger("kombu.some").warning("of the broker")
with dg.DagsterInstance.get() as instance:
    dg.materialize([thing], instance=instance)
"""


def test_what_our_code_logs_in_a_run_is_printed_once(home):
    """By Dagster, as a line of its run; what is of no run is printed by the worker itself, once as well."""
    done = subprocess.run(
        [sys.executable, "-c", WARNING_IN_A_RUN], cwd=home, capture_output=True, text=True, check=True
    )
    assert [line.count("thing - said once") for line in done.stderr.splitlines() if "said once" in line] == [1]
    assert done.stderr.count("of the broker") == 1


@pytest.mark.slow
def test_a_worker_leaves_when_its_hub_is_updated(home, shared, hub):
    """It joins its hub, sees the other versions at its next look, and says what to do."""
    hub.set_cursor_values({"phoenix_hub": json.dumps(dict(own_versions()))})
    log, deadline = home / "worker.log", time.monotonic() + 120
    with virtual_host() as broker:
        told = shared | {"PHOENIX_CELERY_BROKER": broker}
        with running([sys.executable, "-c", QUICK], home, log, **told) as worker:
            while "takes 1 run at once" not in log.read_text():
                assert worker.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            hub.set_cursor_values({"phoenix_hub": json.dumps({**own_versions(), "phoenix": "9.9"})})
            assert worker.wait(60) == 2
    assert f"phoenix: {own_versions()['phoenix']} here, 9.9 at the hub" in log.read_text()
    assert announced(hub) != own_versions()
