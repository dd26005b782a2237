"""A Dagster instance of its own for each test, and definitions over a chosen folder."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import dagster as dg
import pytest
import sqlalchemy
import time_machine
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster_graphql.schema import create_schema
from fakes.processes import ROOT

from phoenix_core.market import Listing
from phoenix_dagster.code_location import definitions
from phoenix_dagster.settings import Settings


@pytest.fixture(scope="session", autouse=True)
def _unsynced():
    """SQLite does not wait for the disk here: no test of this folder loses power, and all write small transactions."""

    def opened(connection, _):
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", opened)
    yield
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", opened)


@pytest.fixture(scope="session")
def _unused_instance(tmp_path_factory, _unsynced):
    """The folder of an instance without history: to copy its tables costs a fifth of making them."""
    folder = tmp_path_factory.mktemp("unused") / "instance"
    folder.mkdir()
    with dg.instance_for_test(temp_dir=str(folder)):
        return folder


@pytest.fixture
def instance(tmp_path_factory) -> Iterator[dg.DagsterInstance]:
    """A history of its own, in memory."""
    with dg.DagsterInstance.ephemeral(str(tmp_path_factory.mktemp("history"))) as made:
        yield made


@pytest.fixture
def noon_of():
    """Set the clock: what depends on today must not depend on the hour at which tests run, nor on midnight."""
    with contextlib.ExitStack() as clocks:

        def travel(day: date) -> None:
            clocks.enter_context(time_machine.travel(datetime.combine(day, time(12), UTC)))

        yield travel


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """The webserver's own schema over the code location, without a server."""
    for name, value in {"DATA": tmp_path, "ARCHIVE_URL": tmp_path, "START": "2024-01-01"}.items():
        monkeypatch.setenv(f"PHOENIX_{name}", str(value))
    schema = create_schema()
    target = PythonFileTarget(
        python_file=str(ROOT / "phoenix_dagster" / "definitions.py"),
        attribute=None,
        working_directory=str(ROOT),
        location_name="phoenix",
    )
    with dg.instance_for_test() as instance, WorkspaceProcessContext(instance, target) as process:
        request = process.create_request_context()

        def run(query, **variables):
            # As the webserver's does around each request.
            with partition_loading_context(dynamic_partitions_store=instance):
                done = schema.execute(query, variables=variables, context_value=request)
            assert not done.errors, done.errors
            return done.data

        run.instance = instance
        yield run


def defs_for(data, archive, *, symbols="um:BTCUSDT", **settings) -> dg.Definitions:
    """Definitions as the environment would make them."""
    listings = tuple(Listing.parse(text) for text in symbols.split(","))
    return definitions(Settings(data=data, archive_url=str(archive), symbols=listings, **settings))


@pytest.fixture
def make_defs():
    return defs_for


@pytest.fixture
def materialize(instance):
    """Materialize a selection as the shell does: one run of the implicit job."""

    def run(defs, names, *, raise_on_error=True, config=None, instance=instance, **partition):
        job = defs.resolve_implicit_global_asset_job_def()
        known = defs.resolve_asset_graph().materializable_asset_keys
        keys = [key for key in known if key.path[-1] in names.split() or (names == "*" and key.path[0] != "sweeps")]
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} | (config or {})
        return job.execute_in_process(
            instance=instance, asset_selection=keys, run_config=quiet, raise_on_error=raise_on_error, **partition
        )

    return run
