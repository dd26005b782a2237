"""What Phoenix asks of whatever keeps its files; every store is held to it by one suite of tests.

A store keeps whole files under names such as `manifest/um/btcusdt/trades/2024-03-30.json`. It knows nothing
of what they mean, and never changes a part of one. What is the same over every store stands in `lake.py`.
"""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from phoenix_core.errors import ConfigInvalid, StorageFailed, Superseded

ANYTHING: Final = "*"  # as `over`: whatever stands there may be replaced


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of a file without reading it.

    Attributes:
        bytes: Its size.
        modified_ns: When it was published, by the store's clock. It orders files for people and decides nothing.
    """

    bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A part of a store as libraries that read directories by themselves are told of it, in fsspec's terms.

    Attributes:
        path: Without the protocol: `/data/catalog`, or `bucket/prefix/catalog`.
        protocol: fsspec's name of the file system.
        filesystem: The file system itself; None: whatever fsspec opens by that name.
    """

    path: str
    protocol: str = "file"
    filesystem: Any = None


class Store(Protocol):
    """Keeps whole files under names.

    Errors of writing, whether the operating system's or a client's, are raised as `StorageFailed`, or as
    `StorageUnreachable` where the same call may succeed later; a name that leads out of the store is refused as
    `ConfigInvalid` by every method that takes one.
    """

    @property
    def location(self) -> str:
        """How people name it: a folder's full path, or a URL without a slash at its end."""

    @property
    def scratch(self) -> Path:
        """Folder of this machine where files are built before `publish`; nothing in it is ever listed."""

    @property
    def at_once(self) -> int:
        """How many requests it is worth making at the same time; 1 where each is answered at once."""

    def absence(self) -> str:
        """Why there is nothing to read at all, as a part of a message; empty where the store is there."""

    def publish(self, built: Path, name: str, over: str | None = ANYTHING) -> str:
        """Make a finished file of `scratch` the content of a name, whole and durably, or raise and change nothing.

        A reader sees what was there before or all of the new file, also if this process is killed here, and
        once this returns the new file outlives the machine's power. What `built` is afterwards is left open.

        Args:
            built: The file.
            name: Where it shall stand.
            over: The version that it may replace; None: only where there is none. An object store compares and
                writes in one step; a folder compares last thing before it moves the file.

        Returns:
            The version of what stands there now.

        Raises:
            Superseded: Something else stands there.
        """

    def version(self, name: str) -> str | None:
        """Name what stands under a name now, so that `publish` replaces that and nothing else; None: no file.

        Equal versions mean equal bytes.
        """

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Publish a small file where there is none; of any number of writers at once exactly one is told True."""

    def read(self, name: str) -> bytes:
        """Give a small file whole.

        Raises:
            FileNotFoundError: There is none.
        """

    def tail(self, name: str, count: int) -> bytes:
        """Give the last bytes of a file, all of them where it has no more, without reading the rest.

        Raises:
            FileNotFoundError: There is none.
        """

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give a file of this machine that holds the bytes of that digest, compared before anybody opens it.

        A store on this machine gives its own file and copies nothing; others give one of their cache.

        Args:
            name: Of the file.
            sha256: What its bytes must hash to.
            fresh: Ask the store itself, whatever the cache has.

        Raises:
            CatalogCorrupt: There is no such file, or its bytes are others.
        """

    def sha256(self, name: str) -> str | None:
        """Digest of the bytes that stand under a name now, whatever a cache has; None where there is no file."""

    def stat(self, name: str) -> Stat | None:
        """Size and time of a file; None where there is none."""

    def names(self, below: str) -> list[str]:
        """Names of all published files below a folder, sorted; none where there is no such folder.

        Raises:
            OSError, StorageFailed, StorageUnreachable: Some of them can't be listed: a part is never given for the
                whole.
        """

    def remove(self, name: str) -> None:
        """Withdraw a file; nothing happens where there is none."""

    def directory(self, name: str) -> Directory:
        """Tell where a library finds a folder that it must list and read by itself.

        Raises:
            ConfigInvalid: No library can read this store by itself.
        """


def checked(name: str, location: str) -> str:
    """Name without detours.

    >>> checked("a//b/../c.json", "/data")
    'a/c.json'

    Raises:
        ConfigInvalid: It leads out of the store.
    """
    plain = posixpath.normpath(name)
    if plain.startswith(("/", "../")) or plain == ".." or "\0" in plain:
        raise ConfigInvalid(f"{name!r} leads out of the data folder {location}.")
    return plain


@contextmanager
def storage_errors(address: str) -> Iterator[None]:
    """Tell errors of the operating system as what they mean for whoever runs Phoenix.

    Raises:
        StorageFailed: The disk is full, read-only, or not ours.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:  # not the operating system's: a library's own error that inherits OSError
            raise
        raise StorageFailed(
            f"{address} can't be written: {error.strerror}. Nothing was published; free space or mend the "
            "permissions of the data folder, then run this day again."
        ) from error


def altered(address: str, expected: str, found: str | None) -> str:
    """Say that a file is not what was published; what to do then is the caller's to add."""
    return f"{address} is not what was published: expected SHA-256 {expected}, found {found or 'no file'}"


def superseded(address: str) -> Superseded:
    """Say that somebody else's file stands where one was to be replaced."""
    return Superseded(
        f"{address} was published by another writer meanwhile, perhaps from newer sources: expected it as it was "
        "before this one began. Nothing was overwritten; materialize it again."
    )
