"""Workers compare their versions with those that the hub records."""

import shutil

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from fakes.paths import ROOT

from phoenix_dagster.deployment import versions
from phoenix_dagster.deployment.versions import announced, own_versions, queue_of
from phoenix_dagster.settings import settings


@pytest.fixture
def instance(tmp_path, monkeypatch, postgres_database):
    """The shipped instance on a database of its own."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PHOENIX_POSTGRES_URL", postgres_database)
    settings.cache_clear()
    with dg.DagsterInstance.get() as made:
        yield made
    settings.cache_clear()


def test_the_daemon_alone_says_what_the_hub_is(instance):
    """Opening the history tells nothing; the first sign of life of a daemon tells its versions."""
    assert announced(instance.run_storage) is None
    instance.add_daemon_heartbeat(DaemonHeartbeat(0.0, "SENSOR", "a daemon", []))
    assert announced(instance.run_storage) == own_versions()


@pytest.mark.parametrize("name", ["phoenix", "code", "python", "dagster", "polars", "pyarrow", "nautilus_trader"])
def test_each_version_has_a_queue_of_its_own(name):
    """A worker with another one gets no run."""
    assert queue_of({**own_versions(), name: "other"}) != queue_of(own_versions())


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A package with one module."""
    (tmp_path / "phoenix_core").mkdir()
    (tmp_path / "phoenix_core" / "a.py").write_text("A = 1\n")
    monkeypatch.setattr(versions, "_SOURCES", tmp_path)
    return tmp_path


def test_any_file_of_the_packages_counts(tree):
    """Its text, its name, and a file that is data."""
    first = versions._code()
    (tree / "phoenix_core" / "a.py").write_text("A = 2\n")
    second = versions._code()
    (tree / "phoenix_core" / "a.py").rename(tree / "phoenix_core" / "b.py")
    third = versions._code()
    (tree / "phoenix_core" / "fees.json").write_text("{}")
    assert len({first, second, third, versions._code()}) == 4


@pytest.mark.parametrize("name", ["phoenix_core/__pycache__/a.pyc", "phoenix_dagster/deployment/shipped/dagster.yaml"])
def test_what_differs_between_a_tree_and_its_wheel_does_not_count(tree, name):
    """A hub that runs from a checkout and a worker that runs from the wheel of it are the same."""
    before = versions._code()
    (tree / name).parent.mkdir(parents=True)
    (tree / name).write_text("anything")
    assert versions._code() == before
