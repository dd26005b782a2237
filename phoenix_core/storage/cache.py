"""Files of a store elsewhere, kept on this machine under the digests of their bytes.

A digest names one content for ever, so nothing here is ever out of date. What is kept is bounded, and may be
deleted at any time: the store has it.
"""

import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.storage.contract import altered
from phoenix_core.storage.digests import sha256_of

# A path that was handed out is opened soon, and by some readers again and again: for so long it stays, even
# where the cache is above its bound.
_IN_USE_SECONDS = 3600.0
# Who asks for a store's own bytes, as a doctor of a whole bucket does, looks at them at once and never again.
_LOOKED_AT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Local:
    """What a store that is elsewhere may use of this machine.

    Attributes:
        folder: For files that are being built, and for copies of what was read.
        cache_bytes: Above this the copies that were used longest ago are deleted.
    """

    folder: Path = Path("~/.cache/phoenix")
    cache_bytes: int = 20 << 30

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", self.folder.expanduser().absolute())


@dataclass(frozen=True, slots=True)
class DigestCache:
    """A folder of files by digest, shared by the processes of one machine.

    Attributes:
        folder: Where they lie, each as `<digest>/<its own last name>`: readers look at names and suffixes.
        max_bytes: Above this the files that were used longest ago are deleted.
    """

    folder: Path
    max_bytes: int

    def file(self, name: str, sha256: str, *, known: bool, download: Callable[[Path], None], address: str) -> Path:
        """Give the file of a digest, downloaded where it isn't here or is no longer whole.

        Args:
            name: Of the file in its store.
            sha256: What its bytes must hash to.
            known: Whether one that is here already will do.
            download: Writes the store's bytes to a path; FileNotFoundError where there are none.
            address: Names the file in a message.

        Raises:
            CatalogCorrupt: The store has no such file, or other bytes.
        """
        path = self.folder / sha256 / PurePosixPath(name).name
        # Hashed on every hand-out: a local disk flips bits like any other.
        if known and path.is_file() and sha256_of(path) == sha256:
            keep(path)
            return path
        arriving = self.folder / f"{uuid.uuid4().hex}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = _downloaded(download, arriving)
            if found != sha256:
                raise CatalogCorrupt(altered(address, sha256, found))
            path.parent.mkdir(exist_ok=True)
            if not known:
                _age(arriving, path)
            arriving.replace(path)
        finally:
            arriving.unlink(missing_ok=True)
        self._shrink()
        return path

    def _shrink(self) -> None:
        kept = sorted(_found(self.folder))
        total = sum(size for _, size, _ in kept)
        for used, size, path in kept:
            if total <= self.max_bytes or used > time.time() - _IN_USE_SECONDS:
                return
            path.unlink(missing_ok=True)
            with suppress(OSError):  # another process has just put a file there
                path.parent.rmdir()
            total -= size


def keep(path: Path) -> None:
    """Note that a copy is in use. Not each time: whoever verified it once sees by its times that nobody wrote to it."""
    if path.stat().st_mtime < time.time() - _IN_USE_SECONDS / 4:
        os.utime(path)


def _age(arrived: Path, former: Path) -> None:
    """Let a copy that is looked at once go first, unless it takes the place of one that is in use."""
    used = former.stat().st_mtime if former.is_file() else 0.0
    soon = time.time() - _IN_USE_SECONDS + _LOOKED_AT_SECONDS
    os.utime(arrived, times=(max(used, soon),) * 2)


def _downloaded(download: Callable[[Path], None], target: Path) -> str | None:
    try:
        download(target)
    except FileNotFoundError:
        return None
    return sha256_of(target)


def _found(folder: Path) -> list[tuple[float, int, Path]]:
    """When each file was last used, its size and path; what another process deletes meanwhile is left out."""
    found = []
    for path in [*folder.glob("*/*"), *folder.glob("*.part")]:
        with suppress(FileNotFoundError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    return found
