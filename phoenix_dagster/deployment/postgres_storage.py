"""Dagster's PostgreSQL storage, whose slots don't stay with the dead, and in which the hub tells its versions."""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from dagster._daemon.types import DaemonHeartbeat
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage, PostgresRunStorage
from dagster_postgres.utils import DagsterPostgresException, create_pg_engine, retry_pg_connection_fn
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from phoenix_dagster.deployment.claims import WatchedClaims
from phoenix_dagster.deployment.versions import announce

# Any number does, as long as nothing else in the database locks by it: the bytes of "phoenix".
CREATION_LOCK = int.from_bytes(b"phoenix")
# Dagster creates the tables of runs, then of events, then of schedules, each group in one transaction.
LAST_CREATED = "instigators"
_SILENCE_MS = 30_000
# What is raised while the database can't be reached: by a connection that breaks, and once no new one is to be had.
AWAY: Final = (DBAPIError, DagsterPostgresException)


@contextmanager
def creating_alone(postgres_url: str) -> Iterator[None]:
    """Let one process at a time create the tables of a new database; where they exist, nobody waits.

    Dagster tries again when a table exists already, but CREATE TABLE can also fail on the type of that name
    (DuplicateObject), and then the webserver or the daemon of a first start ends
    (dagster_postgres 0.29, `utils.retry_pg_creation_fn`).
    """
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with retry_pg_connection_fn(engine.connect) as connection:
        if not sa.inspect(connection).has_table(LAST_CREATED):
            # Of the session, not of a transaction: whoever dies lets go.
            connection.execute(sa.select(sa.func.pg_advisory_lock(CREATION_LOCK)))
        yield


class WatchedPostgresEvents(WatchedClaims, PostgresEventLogStorage):
    """Events and pools, over a connection that stays open.

    Dagster 1.13 opens one for each event, several in fact, and PostgreSQL starts a process for each connection: that
    was most of what a run cost the database (benchmarks/results.md). One a process is kept; what needs more at once
    opens others for a moment. A connection that broke meanwhile is noticed before it is used.
    """

    def __init__(self, postgres_url: str) -> None:
        super().__init__(postgres_url)
        self._engine.dispose()
        self._engine = create_pg_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            max_overflow=-1,
            pool_pre_ping=True,
            # Else a host whose cable was cut waits on what was open for as long as the kernel tries: fifteen minutes.
            connect_args={"tcp_user_timeout": _SILENCE_MS},
        )
        _not_shared_with_children(self._engine)

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        self._engine.dispose()


def _not_shared_with_children(engine: sa.Engine) -> None:
    """Let a process that is forked from this one open connections of its own, and leave alone what is open here.

    A worker's processes are forked (Celery's prefork): two that speak over one connection read each other's answers
    (https://docs.sqlalchemy.org/en/20/core/pooling.html, "Using Connection Pools with Multiprocessing or os.fork()").
    """
    known = weakref.ref(engine)

    def leave_alone() -> None:
        if (inherited := known()) is not None:
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=leave_alone)


class AnnouncedPostgresRuns(PostgresRunStorage):
    """Runs, and the versions of the hub that launches them."""

    _is_announced = False

    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        """Record a sign of life; with the first, the versions of this process."""
        # The daemon alone gives signs of life, from its start on, and the daemon is what launches runs.
        if not self._is_announced:
            announce(self)
            self._is_announced = True
        super().add_daemon_heartbeat(daemon_heartbeat)


class WatchedPostgresStorage(DagsterPostgresStorage):
    """Runs, events and schedules on a server."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        with creating_alone(postgres_url):
            super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage.dispose()
        self._event_log_storage = WatchedPostgresEvents(postgres_url)
        self._run_storage.dispose()
        self._run_storage = AnnouncedPostgresRuns(postgres_url)
