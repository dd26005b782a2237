"""Where what steps print is kept: below DAGSTER_HOME, or beside the data where that is in a bucket.

A step may run on any host, and the webserver on another one: with data in a bucket they share that and nothing else.
`dagster.yaml` can't choose by the environment, so it names the class here that does. It rests on private paths of
Dagster 1.13, as `dagster-aws` does, whose own class would bring boto3.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self

from dagster._core.storage.cloud_storage_compute_log_manager import (
    PollingComputeLogSubscriptionManager,
    TruncatingCloudStorageComputeLogManager,
)
from dagster._core.storage.compute_log_manager import CapturedLogSubscription, ComputeIOType, ComputeLogManager
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from phoenix_core.storage.lake import Lake
from phoenix_dagster.settings import dagster_home, settings

FOLDER = "compute_logs"
_UPLOAD_SECONDS = 30


class BucketComputeLogs(TruncatingCloudStorageComputeLogManager[Any], ConfigurableClass):
    """Captures on this machine, and puts into the data folder what there is: twice a minute, and at the end."""

    def __init__(self, lake: Lake, folder: Path, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._lake, self._inst_data = lake, inst_data
        self._local = LocalComputeLogManager(str(folder))

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """As Dagster made it."""
        return self._inst_data

    @property
    def local_manager(self) -> LocalComputeLogManager:
        """What captures."""
        return self._local

    @property
    def upload_interval(self) -> int:
        """Seconds between two looks at what a step that runs has printed."""
        return _UPLOAD_SECONDS

    @cached_property
    def _subscriptions(self) -> PollingComputeLogSubscriptionManager:
        return PollingComputeLogSubscriptionManager(self)  # type: ignore[no-untyped-call]

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        """Delete those of a step, or of all below a prefix, here and there."""
        self._local.delete_logs(log_key=log_key, prefix=prefix)
        if log_key:
            names = [self._name(log_key, io_type, partial=partial) for io_type in ComputeIOType for partial in (0, 1)]
        else:
            names = self._lake.names("/".join([FOLDER, *(prefix or ())]))
        for name in names:
            self._lake.remove(name)

    def download_url_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> None:
        """None: a bucket is no web server."""

    def display_path_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str:
        """Where people find them."""
        return self._lake.address(self._name(log_key, io_type))

    def cloud_storage_has_logs(self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False) -> bool:
        """Whether they are there."""
        return self._lake.stat(self._name(log_key, io_type, partial=partial)) is not None

    def download_from_cloud_storage(
        self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> None:
        """Bring them where Dagster reads them."""
        path = Path(self._local.get_captured_local_path(log_key, IO_TYPE_EXTENSION[io_type], partial=partial))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._lake.read(self._name(log_key, io_type, partial=partial)))

    def _upload_file_obj(
        self, data: IO[bytes], log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> None:
        self._lake.write(self._name(log_key, io_type, partial=partial), data.read())

    def on_subscribe(self, subscription: CapturedLogSubscription) -> None:
        """Look for new lines from now on."""
        self._subscriptions.add_subscription(subscription)

    def on_unsubscribe(self, subscription: CapturedLogSubscription) -> None:
        """And no more."""
        self._subscriptions.remove_subscription(subscription)

    def dispose(self) -> None:
        """End what looks for new lines."""
        self._subscriptions.dispose()
        self._local.dispose()

    @staticmethod
    def _name(log_key: Sequence[str], io_type: ComputeIOType, *, partial: int = False) -> str:
        end = f"{IO_TYPE_EXTENSION[io_type]}{'.partial' if partial else ''}"
        return f"{os.path.join(FOLDER, *log_key)}.{end}"  # noqa: PTH118 - a name, and no path of this machine

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Build it from the settings."""
        del config_value
        chosen = settings()
        return cls(Lake.at(chosen.data, chosen.local), dagster_home() / "storage", inst_data)


class EnvComputeLogs(ComputeLogManager[Any], ConfigurableClass):
    """Chooses where an instance keeps them."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure: the environment chooses."""
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> ComputeLogManager[Any]:
        """Build the chosen one."""
        if settings().is_elsewhere:
            return BucketComputeLogs.from_config_value(inst_data, config_value)
        return LocalComputeLogManager(str(dagster_home() / "storage"), inst_data=inst_data)
