"""Whether an object store compares before it writes, as every publishing here relies on.

Some servers that speak S3 take a put with a condition and leave out the condition: of two writers the slower one
then overwrites newer bytes with older ones, and nobody is told.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import obstore
from obstore.store import ObjectStore

from phoenix_core.errors import ConfigInvalid
from phoenix_core.storage.bucket_client import CONFLICT

PROBES: Final = "_probe/"


def probe(store: ObjectStore, location: str) -> None:
    """Put an object of its own on four conditions, and delete it.

    Raises:
        ConfigInvalid: The store heeds one of them not, or a right one not.
    """
    name = f"{PROBES}{uuid.uuid4().hex}"

    def put(content: bytes, mode: Any) -> Mapping[str, Any]:  # noqa: ANN401 - obstore's type is not there at runtime
        return obstore.put(store, name, content, mode=mode, use_multipart=False)

    try:
        first = _tag(put(b"1", "create"))
        _refused(lambda: put(b"2", "create"), location, "puts an object where it was told to only if there is none")
        second = _tag(_accepted(lambda: put(b"3", first), location))
        _refused(lambda: put(b"4", first), location, f"replaces version {second} where it was told to replace {first}")
    finally:
        with suppress(FileNotFoundError):
            obstore.delete(store, name)


def _tag(result: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in result.items() if value is not None}


def _accepted(put: Callable[[], Mapping[str, Any]], location: str) -> Mapping[str, Any]:
    try:
        return put()
    except CONFLICT:
        raise _unfit(location, "refuses to replace the version that is there") from None


def _refused(put: Callable[[], object], location: str, fault: str) -> None:
    with suppress(*CONFLICT):
        put()
        raise _unfit(location, fault)


def _unfit(location: str, fault: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"{location} can't keep data for several writers: its server {fault}. Expected conditional writes "
        "(If-None-Match and If-Match), as of Amazon S3, Ceph or MinIO. Use such a store, or a folder."
    )
