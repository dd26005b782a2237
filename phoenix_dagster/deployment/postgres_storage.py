"""Dagster's PostgreSQL storage, whose slots don't stay with the dead."""

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage

from phoenix_dagster.deployment.claims import WatchedClaims


class WatchedPostgresEvents(WatchedClaims, PostgresEventLogStorage):
    """Events and pools."""


class WatchedPostgresStorage(DagsterPostgresStorage):
    """Runs, events and schedules on a server."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage.dispose()
        self._event_log_storage = WatchedPostgresEvents(postgres_url)
