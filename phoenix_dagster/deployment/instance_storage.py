"""Dagster's own storage: SQLite below DAGSTER_HOME, or PostgreSQL where PHOENIX_POSTGRES_URL is set.

Without DAGSTER_HOME Dagster would keep its history in a folder that it deletes at its end. Here the
current folder stands in, so that what the shell materialized shows in the UI.

`dagster.yaml` can't choose by the environment, so it names this class, which does. It rests on private
paths of Dagster 1.13; tests run both branches.
"""

from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from sqlalchemy.exc import IntegrityError

from phoenix_dagster.deployment.claims import sleep_while_waiting
from phoenix_dagster.deployment.partition_pages import page_back_from_the_end
from phoenix_dagster.deployment.sqlite_storage import OpenSqliteStorage
from phoenix_dagster.settings import dagster_home, settings

# Steps of each kind that run at once, over all runs. `dagster instance concurrency set` changes them for good.
POOL_LIMITS = {"download": 4, "conversion": 2, "backtest": 1}


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
        sleep_while_waiting()
        page_back_from_the_end()
        url = settings().postgres_url
        if url is None:
            return with_pools(OpenSqliteStorage.from_local(str(dagster_home()), inst_data=inst_data))
        from phoenix_dagster.deployment.postgres_storage import WatchedPostgresStorage  # noqa: PLC0415 - where it is used

        return with_pools(WatchedPostgresStorage(url.get_secret_value(), inst_data))


def with_pools(storage: DagsterStorage) -> DagsterStorage:
    """Give our pools their limits where nobody gave them others.

    `dagster.yaml` can only hold one limit for all pools, and every process opens the storage before its
    first run, so they are set here. On PostgreSQL a pool must exist before it is claimed
    (https://github.com/dagster-io/dagster/issues/33552).
    """
    events = storage.event_log_storage

    def lacking() -> list[str]:
        known = {limit.name for limit in events.get_pool_limits()}
        return [pool for pool in POOL_LIMITS if pool not in known]

    for pool in lacking():
        try:
            events.set_concurrency_slots(pool, POOL_LIMITS[pool])
        except IntegrityError:
            # Webserver and daemon open a new storage at once: whoever comes second finds it done.
            if pool in lacking():
                raise
    return storage
