"""Dagster's own storage: SQLite below DAGSTER_HOME, or PostgreSQL where PHOENIX_POSTGRES_URL is set.

`dagster.yaml` can't choose by the environment, so it names this class, which does. It rests on private
paths of Dagster 1.13; tests run both branches.
"""

from typing import Any

from dagster import Field, StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from phoenix_dagster.settings import settings


class EnvStorage(DagsterStorage, ConfigurableClass):
    """Chooses the storage of an instance."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Where SQLite files go: the folder that dagster.yaml stands in."""
        return {"base_dir": Field(StringSource, is_required=True)}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]
    ) -> DagsterStorage:
        """Build the chosen storage."""
        url = settings().postgres_url
        if url is None:
            return DagsterSqliteStorage.from_local(config_value["base_dir"], inst_data=inst_data)
        from dagster_postgres import DagsterPostgresStorage  # noqa: PLC0415 - only where it is used

        return DagsterPostgresStorage(postgres_url=url, inst_data=inst_data)
