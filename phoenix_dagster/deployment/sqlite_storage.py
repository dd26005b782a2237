"""Dagster's SQLite storage with files that stay open.

Dagster 1.13 makes an engine for every connection. Each statement is then compiled anew, and each connection is
its file's last, so that closing it writes the log back: that was half of what a run of small days cost. Formats,
tables and queries remain Dagster's, and either storage reads what the other wrote. This rests on private
paths of Dagster; tests compare both.
"""

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Self

import sqlalchemy
from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    SqliteStorageConfig,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from phoenix_dagster.deployment.claims import WatchedClaims

_OPEN_RUNS = 8


class OpenSqliteStorage(DagsterSqliteStorage):
    """Runs, events and schedules below a folder."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call] # its own opens each file too
        self.base_dir = base_dir
        self._run_storage = OpenRunStorage.from_local(_runs_directory(base_dir))
        self._event_log_storage = OpenEventLogStorage(_event_logs_directory(base_dir))
        self._schedule_storage = ScheduleStorage.from_local(_schedule_directory(base_dir))
        self._inst_data = inst_data

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: SqliteStorageConfig
    ) -> "OpenSqliteStorage":
        """Open it from a `dagster.yaml`; Dagster's own would give itself."""
        return cls.from_local(inst_data=inst_data, **config_value)


class OpenRunStorage(SqliteRunStorage):
    """Runs, in one file."""

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Open it, and make it where it isn't there."""
        url = create_db_conn_string(base_dir, "runs")
        return cls(url, inst_data) if _is_made(url, "instance_info") else super().from_local(base_dir, inst_data)

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string, inst_data)
        self._engine = _engine_of(conn_string)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a connection and commit what it did."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        super().dispose()
        self._engine.dispose()


class ScheduleStorage(SqliteScheduleStorage):
    """Schedules and sensors, in one file, which a run opens and does not use."""

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> SqliteScheduleStorage:
        """Open it, and make it where it isn't there."""
        url = create_db_conn_string(base_dir, "schedules")
        return cls(url, inst_data) if _is_made(url) else super().from_local(base_dir, inst_data)


class OpenEventLogStorage(WatchedClaims, SqliteEventLogStorage):
    """Events: the index of all runs, and a file for each of them, of which a few stay open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._opened(shard)
            if shard not in self._initialized_dbs:
                if not _is_made(self.conn_string_for_shard(shard)):
                    self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event so that a webserver that watches the run shows it."""
        super().store_event(event)
        # It waits for the file itself to change, which SQLite does once in many events.
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        """Delete all events."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close all files."""
        super().dispose()
        self._close()

    def _opened(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = _engine_of(self.conn_string_for_shard(shard))
        self._engines.move_to_end(shard)
        runs = [name for name in self._engines if name != INDEX_SHARD_NAME]
        for name in runs[:-_OPEN_RUNS]:
            self._engines.pop(name).dispose()
        return self._engines[shard]

    def _close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()


def _is_made(url: str, *tables: str) -> bool:
    """Whether a file has its tables, the last of which tells their revision.

    Dagster then looks for the newest revision as well and does nothing about it; for that Alembic reads all of them,
    three times at each start of a run: a tenth of its CPU seconds.
    """
    path = make_url(url).database
    if path is None or not Path(path).is_file():
        return False
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        try:
            for table in tables:
                connection.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - a name of our own
            return connection.execute("SELECT version_num FROM alembic_version").fetchone() is not None
        except sqlite3.DatabaseError:  # no such table; what else is wrong with it Dagster will say
            return False


def _engine_of(url: str) -> Engine:
    """Commits wait for no disk: power that fails may take the last events with it, a killed process may not."""
    engine = sqlalchemy.create_engine(url, max_overflow=-1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @sqlalchemy.event.listens_for(engine, "connect")
    def configure(connection: SqliteConnection, _: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
