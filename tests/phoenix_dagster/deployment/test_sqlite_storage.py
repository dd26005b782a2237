"""Dagster's SQLite storage with files that stay open: the same content, seen as soon, kept as long."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from phoenix_dagster.deployment.sqlite_storage import OpenSqliteStorage

DAYS = dg.DailyPartitionsDefinition("2024-03-01", end_date="2024-03-10")


@dg.asset(partitions_def=DAYS, check_specs=[dg.AssetCheckSpec("held", asset="thing")])
def thing():
    return dg.MaterializeResult(metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=True)])


@dg.asset(deps=[thing], partitions_def=DAYS)
def broken():
    raise dg.Failure("on purpose", allow_retries=False)


def instance_at(home, storage):
    """An instance of a storage class."""
    chosen = {"module": storage.__module__, "class": storage.__name__, "config": {"base_dir": str(home)}}
    overrides = {"storage": {"custom": chosen}, "telemetry": {"enabled": False}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides))


def materialize(instance, day):
    return dg.materialize([thing, broken], instance=instance, partition_key=day, raise_on_error=False)


def new_run(instance):
    return instance.create_run_for_job(dg.Definitions([thing]).resolve_implicit_global_asset_job_def())


def told(instance):
    """All that history says, without ids and times."""
    made = instance.fetch_materializations(thing.key, limit=100).records
    held = dg.AssetCheckKey(thing.key, "held")
    return {
        "runs": [(run.status, run.job_name, run.tags["dagster/partition"]) for run in instance.get_runs()],
        "events": [
            (entry.dagster_event_type, entry.step_key, entry.level)
            for run in instance.get_runs()
            for entry in instance.all_logs(run.run_id)
        ],
        "partitions": [record.partition_key for record in made],
        "rows": [record.asset_materialization.metadata["rows"].value for record in made],
        "checks": [
            check.status for check in instance.event_log_storage.get_asset_check_execution_history(held, limit=100)
        ],
    }


@pytest.mark.parametrize("storage", [DagsterSqliteStorage, OpenSqliteStorage])
def test_history_is_dagsters(tmp_path, storage):
    """Runs, events, partitions and checks: what ours writes Dagster's own reads, and the other way round."""
    other = OpenSqliteStorage if storage is DagsterSqliteStorage else DagsterSqliteStorage
    with instance_at(tmp_path, storage) as instance:
        for day in ("2024-03-01", "2024-03-02"):
            assert not materialize(instance, day).success
        written = told(instance)
    with instance_at(tmp_path, other) as instance:
        assert told(instance) == written
        materialize(instance, "2024-03-03")
    with instance_at(tmp_path, storage) as instance:
        after = told(instance)
    assert len(after["runs"]) == 3
    assert after["partitions"] == ["2024-03-03", "2024-03-02", "2024-03-01"]
    assert len(after["events"]) == len(written["events"]) * 3 / 2


@pytest.mark.slow
def test_few_files_stay_open_however_many_runs_are_read(tmp_path):
    """A webserver that lists a thousand runs does not hold a thousand files."""
    with instance_at(tmp_path, OpenSqliteStorage) as instance:
        runs = [new_run(instance) for _ in range(12)]
        for run in runs:
            instance.report_engine_event("here", run)
        assert all(instance.all_logs(run.run_id) for run in runs)
        assert len({path.stem for path in open_files(tmp_path)} & {run.run_id for run in runs}) == 8
    assert not open_files(tmp_path)


def open_files(folder):
    """Files below a folder that this process holds open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {path for path in map(Path.readlink, links) if path.is_relative_to(folder)}


def test_a_watcher_sees_events_while_the_run_goes_on(tmp_path):
    """The run's page in the UI: another process's events, long before SQLite writes them to the file itself."""
    seen = []
    with instance_at(tmp_path, OpenSqliteStorage) as webserver, instance_at(tmp_path, OpenSqliteStorage) as worker:
        run = new_run(worker)
        webserver.watch_event_logs(run.run_id, None, lambda entry, _: seen.append(entry.message))
        for number in range(3):
            worker.report_engine_event(f"step {number}", run)
            deadline = time.monotonic() + 10
            while f"step {number}" not in seen and time.monotonic() < deadline:
                time.sleep(0.02)
            assert f"step {number}" in seen


@pytest.mark.slow
def test_what_was_stored_outlives_a_killed_process(tmp_path):
    """Every event that a process reported before SIGKILL is there."""
    code = """
import os, signal, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from test_sqlite_storage import OpenSqliteStorage, instance_at, materialize
materialize(instance_at(Path(sys.argv[1]), OpenSqliteStorage), "2024-03-05")
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)], check=False, stderr=subprocess.PIPE
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with instance_at(tmp_path, DagsterSqliteStorage) as instance:
        assert told(instance)["partitions"] == ["2024-03-05"]
        assert told(instance)["runs"][0][0] is dg.DagsterRunStatus.FAILURE


def test_wiped_is_empty_and_usable(tmp_path):
    """`dagster run wipe` deletes the files below the open engines."""
    with instance_at(tmp_path, OpenSqliteStorage) as instance:
        materialize(instance, "2024-03-01")
        instance.wipe()
        assert told(instance)["events"] == []
        materialize(instance, "2024-03-02")
        assert told(instance)["partitions"] == ["2024-03-02"]


def test_dagsters_own_storage_makes_an_engine_a_connection(tmp_path, monkeypatch):
    """Dagster 1.13: the reason for ours. When this fails, measure anew whether ours is still worth it."""
    made = []

    def counted(*arguments, **options):
        made.append(arguments)
        return sqlalchemy.create_engine(*arguments, **options)

    with instance_at(tmp_path, DagsterSqliteStorage) as instance:
        materialize(instance, "2024-03-01")
        monkeypatch.setattr(sqlite_event_log, "create_engine", counted)
        materialize(instance, "2024-03-02")
        events = len(instance.all_logs(instance.get_runs()[0].run_id))
    assert len(made) > events


def test_revisions_are_looked_for_where_tables_are_made_and_nowhere_else(tmp_path, monkeypatch):
    """A file that lost its revision, or was left half made, is mended as Dagster does."""
    with instance_at(tmp_path, OpenSqliteStorage) as instance:
        materialize(instance, "2024-03-01")
        before = told(instance)
    looked = []
    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        check = module.check_alembic_revision
        monkeypatch.setattr(module, "check_alembic_revision", lambda *given, ask=check: looked.append(1) or ask(*given))
    with instance_at(tmp_path, OpenSqliteStorage) as instance:
        assert (told(instance), looked) == (before, [])
    for name in ("runs", "schedules"):
        path = next(tmp_path.rglob(f"{name}.db"))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE alembic_version")
    with instance_at(tmp_path, OpenSqliteStorage) as instance:
        assert (told(instance), looked) == (before, [1, 1])
