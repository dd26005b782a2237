"""A prefix of a bucket in an object store: what several machines write to.

A file is one object, put whole in one request that names the version it may replace. What is opened as a file comes
out of a cache on this machine, by the digest of its bytes. The digest is kept with the object as well, told by
whoever put it: by it a day is current. Whoever opens a file has its bytes hashed.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import obstore
from obstore.store import ObjectStore

from phoenix_core.errors import StorageFailed, StorageUnreachable
from phoenix_core.storage.bucket_client import CONFLICT, bucket_errors, checked_url, client, filesystem
from phoenix_core.storage.bucket_probe import PROBES, probe
from phoenix_core.storage.cache import DigestCache, Local
from phoenix_core.storage.contract import ANYTHING, Directory, Stat, checked, storage_errors, superseded
from phoenix_core.storage.digests import sha256_of

_AT_ONCE = 16
# Of one request, by S3 and by those who follow it. The largest day known has a tenth of it.
_MOST_BYTES = 5 << 30
_SMALL_BYTES = 1 << 20
_CHUNK_BYTES = 8 << 20
_SHA256, _WRITER = "sha256", "writer"


@dataclass(frozen=True, slots=True)
class BucketStore:
    """Objects below a prefix, by their names; see `Store` for what each method promises.

    Attributes:
        location: The URL, from `checked_url`.
        local: What may be used of this machine.
    """

    location: str
    local: Local = field(default_factory=Local)

    @classmethod
    def at(cls, location: str, local: Local) -> Self:
        """Name a bucket; nothing is asked of it yet.

        Raises:
            ConfigInvalid: The location names none.
        """
        return cls(checked_url(location), local)

    @property
    def scratch(self) -> Path:
        """A folder of this bucket's own: its leftovers are told apart."""
        return self.local.folder / "scratch" / sha256_of(self.location.encode())[:12]

    @property
    def at_once(self) -> int:
        """As many as a run of one worker may ask without being told to slow down."""
        return _AT_ONCE

    def absence(self) -> str:
        """Say that there is no such bucket, or nothing below the prefix."""
        try:
            with bucket_errors(self.location):
                first = next(iter(obstore.list(self._client, chunk_size=1)), [])
        except FileNotFoundError:
            return f"no bucket of {self.location}"
        return "" if first else f"nothing in {self.location}"

    def publish(self, built: Path, name: str, over: str | None = ANYTHING) -> str:
        """Put the whole file in one request."""
        name, address = self._named(name)
        if (size := built.stat().st_size) > _MOST_BYTES:
            raise StorageFailed(
                f"{address} would have {size:,} bytes: expected at most 5 GiB, which one request takes."
            )
        _probed(self.location)
        put, digest = self._client if size <= _SMALL_BYTES else client(self.location, uploads=True), sha256_of(built)
        with _missing_bucket(self.location):
            try:
                with bucket_errors(address):
                    done = obstore.put(
                        put, name, built, attributes={_SHA256: digest}, mode=_mode(over), use_multipart=False
                    )
            except CONFLICT:
                raise superseded(address) from None
            except StorageUnreachable:
                # An answer was lost on its way, perhaps: what was put is there, or it is not.
                if self.sha256(name) != digest or (there := self.version(name)) is None:
                    raise
                return there
        return _version(done)

    def version(self, name: str) -> str | None:
        """The object's ETag, and its generation where the store has one."""
        meta = self._meta(name)
        return None if meta is None else _version(meta)

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Put on condition that there is nothing, under a mark by which the winner knows itself."""
        name, address = self._named(name)
        _probed(self.location)
        attributes = {_SHA256: sha256_of(content), _WRITER: uuid.uuid4().hex}
        with _missing_bucket(self.location):
            try:
                with bucket_errors(address):
                    obstore.put(self._client, name, content, attributes=attributes, mode="create", use_multipart=False)
            except (*CONFLICT, StorageUnreachable) as error:
                # An answer may have been lost, and the client have asked again.
                kept = self._attributes(name)
                if kept is None and isinstance(error, StorageUnreachable):
                    raise
                return kept is not None and kept.get(_WRITER) == attributes[_WRITER]
        return True

    def read(self, name: str) -> bytes:
        """The object, whole."""
        return self._get(name)

    def tail(self, name: str, count: int) -> bytes:
        """Ask for the end alone."""
        return self._get(name, {"range": {"suffix": count}}) if self._size(name) else b""

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give a file of the cache."""
        name, address = self._named(name)
        with storage_errors(str(self.local.folder)):
            return DigestCache(self.local.folder / "cache", self.local.cache_bytes).file(
                name, sha256, known=not fresh, download=lambda target: self._download(name, target), address=address
            )

    def sha256(self, name: str) -> str | None:
        """What its writer kept with the object; of somebody else's object, that of its bytes."""
        kept = self._attributes(name)
        if kept is None or _SHA256 in kept:
            return None if kept is None else kept[_SHA256]
        scratch = self.scratch / f"{uuid.uuid4().hex}.part"
        with storage_errors(str(scratch)):
            scratch.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._download(name, scratch)
                return sha256_of(scratch)
            except FileNotFoundError:
                return None
            finally:
                scratch.unlink(missing_ok=True)

    def stat(self, name: str) -> Stat | None:
        """Ask for the head."""
        meta = self._meta(name)
        return None if meta is None else Stat(meta["size"], _ns(meta["last_modified"]))

    def names(self, below: str) -> list[str]:
        """List, a thousand in a request."""
        folder, address = self._named(below)
        prefix = None if folder == "." else folder
        with _missing_bucket(self.location), bucket_errors(address):
            found = [meta["path"] for some in obstore.list(self._client, prefix) for meta in some]
        return sorted(name for name in found if not name.startswith(PROBES))

    def remove(self, name: str) -> None:
        """Delete it; a store says the same where there was none."""
        name, address = self._named(name)
        with bucket_errors(address):
            try:
                obstore.delete(self._client, name)
            except FileNotFoundError:
                return

    def directory(self, name: str) -> Directory:
        """As fsspec names it; whoever reads it finds credentials as we do."""
        name, _ = self._named(name)
        scheme, _, rest = self.location.partition("://")
        return Directory(f"{rest}/{name}", scheme, filesystem(scheme))

    @property
    def _client(self) -> ObjectStore:
        return client(self.location)

    def _named(self, name: str) -> tuple[str, str]:
        """Name without detours, and address for people."""
        plain = checked(name, self.location)
        return plain, f"{self.location}/{plain}"

    def _meta(self, name: str) -> Any:  # noqa: ANN401 - obstore's type is not there at runtime
        name, address = self._named(name)
        with bucket_errors(address):
            try:
                return obstore.head(self._client, name)
            except FileNotFoundError:
                return None

    def _size(self, name: str) -> int:
        status = self.stat(name)
        if status is None:
            raise FileNotFoundError(f"{self.location}/{name}")
        return status.bytes

    def _attributes(self, name: str) -> dict[str, str] | None:
        name, address = self._named(name)
        with bucket_errors(address):
            try:
                return dict(obstore.get(self._client, name, options={"head": True}).attributes)
            except FileNotFoundError:
                return None

    def _get(self, name: str, options: Any = None) -> bytes:  # noqa: ANN401 - as above
        name, address = self._named(name)
        with bucket_errors(address):
            try:
                return bytes(obstore.get(self._client, name, options=options).bytes())
            except FileNotFoundError:
                raise FileNotFoundError(address) from None

    def _download(self, name: str, target: Path) -> None:
        with bucket_errors(f"{self.location}/{name}"), target.open("wb") as file:
            for chunk in obstore.get(self._client, name).stream(_CHUNK_BYTES):
                file.write(chunk)


@cache
def _probed(location: str) -> None:
    """See once in a process that the store heeds conditions, before anything is entrusted to them."""
    with _missing_bucket(location), bucket_errors(location):
        probe(client(location), location)


@contextmanager
def _missing_bucket(location: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise StorageFailed(f"{location} is not there: no such bucket. Make it, or correct PHOENIX_DATA.") from None


def _mode(over: str | None) -> Any:  # noqa: ANN401 - obstore's type is not there at runtime
    """The condition of a put, in the client's words."""
    if over == ANYTHING:
        return "overwrite"
    return "create" if over is None else json.loads(over)


def _version(meta: Any) -> str:  # noqa: ANN401 - as above
    # A part that a store does not have must be left out of the condition.
    return json.dumps({name: meta[name] for name in ("e_tag", "version") if meta.get(name) is not None})


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000
