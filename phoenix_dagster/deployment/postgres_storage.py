"""Dagster's PostgreSQL storage, whose slots don't stay with the dead, and in which the hub tells its versions."""

from dagster._daemon.types import DaemonHeartbeat
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage, PostgresRunStorage

from phoenix_dagster.deployment.claims import WatchedClaims
from phoenix_dagster.deployment.versions import announce


class WatchedPostgresEvents(WatchedClaims, PostgresEventLogStorage):
    """Events and pools."""


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
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage.dispose()
        self._event_log_storage = WatchedPostgresEvents(postgres_url)
        self._run_storage.dispose()
        self._run_storage = AnnouncedPostgresRuns(postgres_url)
