"""Dagster's own storage: SQLite below DAGSTER_HOME, or PostgreSQL where PHOENIX_POSTGRES_URL is set.

Without DAGSTER_HOME Dagster would keep its history in a folder that it deletes at its end. Here the
current folder stands in, so that what the shell materialized shows in the UI.

`dagster.yaml` can't choose by the environment, so it names this class, which does. It rests on private
paths of Dagster 1.13; tests run both branches.
"""

from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from phoenix_dagster.settings import dagster_home, settings


class EnvStorage(DagsterStorage, ConfigurableClass):
    """Chooses the storage of an instance."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure: the environment chooses."""
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]
    ) -> DagsterStorage:
        """Build the chosen storage."""
        del config_value
        url = settings().postgres_url
        if url is None:
            return DagsterSqliteStorage.from_local(str(dagster_home()), inst_data=inst_data)
        from dagster_postgres import DagsterPostgresStorage  # noqa: PLC0415 - only where it is used

        return DagsterPostgresStorage(postgres_url=url, inst_data=inst_data)
