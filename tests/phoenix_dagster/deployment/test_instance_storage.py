"""One dagster.yaml, two storages."""

import multiprocessing
import re
import shutil
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy

from phoenix_dagster.code_location import definitions
from phoenix_dagster.deployment.postgres_storage import CREATION_LOCK, WatchedPostgresStorage
from phoenix_dagster.settings import Settings, settings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path, monkeypatch):
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def materialize_something():
    @dg.asset
    def thing():
        return dg.MaterializeResult(metadata={"rows": 3})

    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([thing], instance=instance).success
        event = instance.get_latest_materialization_event(thing.key)
        return type(instance.event_log_storage).__name__, event.asset_materialization.metadata["rows"].value


def test_sqlite_is_the_default(home, monkeypatch):
    """Below DAGSTER_HOME, without a server."""
    monkeypatch.delenv("PHOENIX_POSTGRES_URL", raising=False)
    kind, rows = materialize_something()
    assert kind == "OpenEventLogStorage"
    assert rows == 3
    assert (home / "history").is_dir()


def test_postgres_is_used_where_it_is_set(home, monkeypatch, postgres_database):
    """Runs, events and schedules go to the server; nothing is written below DAGSTER_HOME."""
    monkeypatch.setenv("PHOENIX_POSTGRES_URL", postgres_database)
    kind, rows = materialize_something()
    assert "Postgres" in kind
    assert rows == 3
    assert not (home / "history").exists()
    engine = sqlalchemy.create_engine(postgres_database)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM runs")).scalar() == 1
    engine.dispose()


def test_pools_have_their_limits_before_the_first_run(home):
    """The instance that dagster.yaml describes knows them; a limit that was set by hand stays."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        limits = {limit.name: limit.limit for limit in instance.event_log_storage.get_pool_limits()}
        assert limits == {"download": 4, "conversion": 2, "backtest": 1}
        instance.event_log_storage.set_concurrency_slots("download", 7)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        limits = {limit.name: limit.limit for limit in instance.event_log_storage.get_pool_limits()}
        assert limits["download"] == 7


def test_the_shipped_instance_frees_and_ends(home):
    """dagster.yaml frees slots of killed runs, ends zombies, retries crashed workers alone, and sends no telemetry."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.get_settings("run_monitoring")["free_slots_after_run_end_seconds"] == 60
        assert instance.get_settings("run_monitoring")["max_runtime_seconds"] > 0
        assert instance.get_settings("run_retries")["retry_on_asset_or_op_failure"] is False
        assert instance.get_settings("telemetry")["enabled"] is False


@pytest.mark.slow
def test_two_processes_may_open_a_new_storage_at_once(home, monkeypatch, postgres_database):
    """Webserver and daemon, say: the pools are there once, and neither fails."""
    monkeypatch.setenv("PHOENIX_POSTGRES_URL", postgres_database)
    code = "import dagster as dg\nwith dg.DagsterInstance.get() as one: print(len(one.event_log_storage.get_pool_limits()))"
    opened = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate(timeout=60)[0].split() for process in opened] == [[b"3"]] * 4


def test_one_process_at_a_time_creates_the_tables(postgres_database):
    """While another creates them, an opening storage waits; on a database that has them it does not."""
    server = sqlalchemy.create_engine(postgres_database, isolation_level="AUTOCOMMIT")
    waiting = sqlalchemy.text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with server.connect() as creator, ThreadPoolExecutor() as pool:
        creator.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_lock(CREATION_LOCK)))
        opening = pool.submit(WatchedPostgresStorage, postgres_database)
        deadline = time.monotonic() + 60
        while creator.execute(waiting).scalar() == 0:
            assert time.monotonic() < deadline, "it does not wait"
        assert sqlalchemy.inspect(creator).get_table_names() == []
        creator.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_unlock(CREATION_LOCK)))
        opening.result(timeout=60)
        creator.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_lock(CREATION_LOCK)))
        pool.submit(WatchedPostgresStorage, postgres_database).result(timeout=60)
    server.dispose()


def test_the_event_log_keeps_a_connection(postgres_database):
    """One for all events; another where that one broke; and a forked process has its own and leaves this one alone."""
    events = WatchedPostgresStorage(postgres_database).event_log_storage

    def backend():
        with events.index_connection() as connection:
            return connection.execute(sqlalchemy.text("SELECT pg_backend_pid()")).scalar_one()

    kept = backend()
    assert backend() == kept
    server = sqlalchemy.create_engine(postgres_database, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sqlalchemy.text(f"SELECT pg_terminate_backend({kept})"))
    server.dispose()
    again = backend()
    assert again != kept
    forked = multiprocessing.get_context("fork")
    told = forked.SimpleQueue()
    child = forked.Process(target=lambda: told.put(backend()))
    child.start()
    assert told.get() != again
    child.join()
    assert backend() == again
    events.dispose()


def test_the_documented_role_is_enough(home, monkeypatch, postgres_database):
    """The SQL of docs/operation.md, with names of its own: that role keeps the history, and may do nothing else."""
    text = re.search(r"```sql\n(.*?)```", (ROOT / "docs" / "operation.md").read_text(), re.DOTALL)[1]
    name = f"phoenix_{uuid.uuid4().hex[:12]}"
    server = sqlalchemy.create_engine(postgres_database, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for statement in re.sub(r"\bphoenix\b", name, text).split(";"):
            if statement.strip():
                connection.execute(sqlalchemy.text(statement))
    role = sqlalchemy.make_url(postgres_database).set(username=name, password="choose one", database=name)  # noqa: S106 - of the docs
    try:
        monkeypatch.setenv("PHOENIX_POSTGRES_URL", role.render_as_string(hide_password=False))
        assert materialize_something()[1] == 3
        mine = sqlalchemy.create_engine(role, isolation_level="AUTOCOMMIT")
        with mine.connect() as connection, pytest.raises(sqlalchemy.exc.ProgrammingError, match="permission denied"):
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}_more"))
        mine.dispose()
    finally:
        with server.connect() as connection:
            connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(sqlalchemy.text(f"DROP ROLE {name}"))
        server.dispose()


def test_the_daemon_writes_no_event_for_assets_without_a_policy(home):
    """Dagster's own freshness is off; if an asset ever gets such a policy, nobody would look at it, and this fails."""
    with dg.DagsterInstance.get() as instance:
        assert "FRESHNESS_DAEMON" not in instance.get_required_daemon_types()
    graph = definitions(Settings()).resolve_asset_graph()
    assert not [node.key for node in graph.asset_nodes if node.freshness_policy_or_from_metadata]
