"""Clients of object stores: how one is opened, and what its errors mean. Nothing else here knows obstore's.

Credentials, region and endpoint are the ecosystem's own (`AWS_*`, roles of a machine or a pod, and the like): the
client finds them by itself, and they are in no object of ours. What a server answers may quote them, so that of an
error only its kind, status and code are told, and no cause is chained.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import obstore.store
from obstore import exceptions
from obstore.fsspec import FsspecStore
from obstore.store import ObjectStore

from phoenix_core.errors import ConfigInvalid, PhoenixError, StorageFailed, StorageUnreachable

# Of Google's and Azure's the same client says that it does the same; only S3 was tried.
SCHEMES: Final = ("s3", "gs", "az")
# A day of quotes is some hundreds of megabytes, and goes in one request, since conditions on parts differ by server.
_WHOLE_REQUEST = "20m"
_SILENCE = "60s"

_STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_NETWORK = re.compile(
    r"(?i)(connection refused|connection reset|connection closed|incompletemessage|dns error|timed out|certificate)"
)
# Of servers that fill up, which Amazon's does not: Ceph's and MinIO's codes for a quota and for a full disk.
_FULL_STATUS, _FULL_CODES = "507", ("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded")
_REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
CONFLICT = (exceptions.AlreadyExistsError, exceptions.PreconditionError)


def checked_url(location: str) -> str:
    """URL of a bucket and a prefix in it, without a slash at its end.

    Raises:
        ConfigInvalid: It is none, or holds what is no part of a location. It is not quoted: there may be a password.
    """
    parts = urlsplit(location)
    if parts.scheme not in SCHEMES:
        raise ConfigInvalid(
            f"PHOENIX_DATA begins with {parts.scheme}://: expected a folder, or one of "
            f"{', '.join(f'{scheme}://bucket/prefix' for scheme in SCHEMES)}. Correct it."
        )
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigInvalid(
            f"PHOENIX_DATA is a {parts.scheme}:// address with more than a bucket and a prefix: expected "
            f"{parts.scheme}://bucket/prefix. Credentials go into the environment (AWS_ACCESS_KEY_ID and so on)."
        )
    if not parts.netloc or any(part in {".", "..", ""} for part in parts.path.strip("/").split("/")[1:]):
        raise ConfigInvalid(f"PHOENIX_DATA is {location!r}: expected {parts.scheme}://bucket/prefix. Correct it.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


@cache
def client(url: str, *, uploads: bool = False) -> ObjectStore:
    """Open a bucket, once in a process.

    Args:
        url: From `checked_url`.
        uploads: For whole files, whose answer may take as long as the upload; others give up after a minute's silence.

    Raises:
        ConfigInvalid: The environment holds what the client can't use.
    """
    # These replace those of the environment: plain HTTP is what an endpoint that begins with http:// asks for.
    options: dict[str, Any] = {"allow_http": True, "timeout": _WHOLE_REQUEST}
    if not uploads:
        options["read_timeout"] = _SILENCE
    try:
        return obstore.store.from_url(url, client_options=options)  # type: ignore[call-overload,no-any-return]
    except (exceptions.BaseError, ValueError) as error:
        raise ConfigInvalid(
            f"{url} can't be opened ({told(error)}). Correct PHOENIX_DATA or its credentials."
        ) from None


def filesystem(scheme: Any) -> FsspecStore:  # noqa: ANN401 - one of the literals that it is declared for
    """File system of fsspec for libraries that open one; not the one that fsspec would look for under that name."""
    options: Any = {"allow_http": True, "timeout": _WHOLE_REQUEST}
    opened: FsspecStore = FsspecStore(scheme, client_options=options)
    return opened


@contextmanager
def bucket_errors(address: str) -> Iterator[None]:
    """Tell errors of the client as what they mean for whoever runs Phoenix.

    FileNotFoundError and refused conditions are answers, and left alone.

    Raises:
        StorageFailed: The store refuses us.
        StorageUnreachable: It did not answer; perhaps it does later.
    """
    try:
        yield
    except CONFLICT:
        raise
    except exceptions.BaseError as error:
        raise _meant(address, error) from None


def _meant(address: str, error: exceptions.BaseError) -> PhoenixError | FileNotFoundError:
    # Of a listing the client tells the status alone.
    status = found.group(1)[:3] if (found := _STATUS.search(str(error))) else ""
    if status == "404":
        return FileNotFoundError(address)
    if status == _FULL_STATUS or ((code := _CODE.search(str(error))) and code.group(1) in _FULL_CODES):
        return StorageFailed(
            f"{address} can't be written: the bucket is full ({told(error)}). Nothing was published; free space or "
            "raise its quota, then run this again."
        )
    if isinstance(error, _REFUSED) or status in {"401", "403"}:
        return StorageFailed(
            f"{address} is refused to us ({told(error)}): expected credentials that may read, write, list and delete "
            "there. Correct them, then run this again."
        )
    return StorageUnreachable(f"{address} can't be reached ({told(error)}). Run this again when it is back.")


def told(error: Exception) -> str:
    """What may be said of an error of the client: answers quote keys and what was signed with them.

    >>> told(ValueError("PUT http://a:b@h/x - Server returned non-2xx status code: 403 Forbidden: <Code>No</Code>"))
    '403 Forbidden, No'
    """
    text = str(error)
    facts = [found.group(1).strip() for pattern in (_STATUS, _CODE, _NETWORK) if (found := pattern.search(text))]
    return ", ".join(facts) or type(error).__name__
