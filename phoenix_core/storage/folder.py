"""A folder of this machine, or one that is mounted: the store that Phoenix begins with.

A file is built below `_staging/`, flushed to disk, and moved under its final name in one step, so a
reader sees the old file or the new one and never half of either.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, nearest
from phoenix_core.storage.contract import ANYTHING, Directory, Stat, altered, checked, storage_errors, superseded
from phoenix_core.storage.digests import sha256_of

_STAGING = "_staging"


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Files below a folder, under their own names; see `Store` for what each method promises.

    Attributes:
        root: The folder, resolved; it is made when the first file is published into it.
    """

    root: Path

    @property
    def location(self) -> str:
        """The folder's full path."""
        return str(self.root)

    @property
    def scratch(self) -> Path:
        """Below the folder itself: only within one file system a file is moved in one step."""
        return self.root / _STAGING

    @property
    def at_once(self) -> int:
        """One: a small file is here sooner than a thread is."""
        return 1

    def absence(self) -> str:
        """Say that the folder is not there, and what is there instead."""
        if self.root.is_dir():
            return ""
        parent = self.root.parent
        folders = [path.name for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
        return f"no data folder {self.root}{nearest(self.root.name, folders)}"

    def path(self, name: str) -> Path:
        """Where a file lies. Nobody outside this package asks: another store has no such place.

        Raises:
            ConfigInvalid: The name leads out of the folder, be it over a link.
        """
        path = (self.root / checked(name, self.location)).resolve()
        if not path.is_relative_to(self.root):
            raise ConfigInvalid(f"{name!r} leads out of the data folder {self.root}.")
        return path

    def publish(self, built: Path, name: str, over: str | None = ANYTHING) -> str:
        """Flush, move, and flush the folder, in this order: a name that outlives a power cut has its bytes."""
        final = self.path(name)
        with storage_errors(str(final)):
            _flush(built)
            version = _version(built.stat())
            final.parent.mkdir(parents=True, exist_ok=True)
            if over not in (ANYTHING, self.version(name)):
                raise superseded(str(final))
            built.replace(final)
            _flush(final.parent)
        return version

    def version(self, name: str) -> str | None:
        """Inode, time and size: a file is never written to, but replaced by another one."""
        try:
            return _version(self.path(name).stat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Build the file beside and link it: unlike a move, a link fails where the name is taken."""
        final = self.path(name)
        built = self.scratch / f"{uuid.uuid4().hex}.part"
        with storage_errors(str(final)):
            self.scratch.mkdir(parents=True, exist_ok=True)
            try:
                built.write_bytes(content)
                _flush(built)
                final.parent.mkdir(parents=True, exist_ok=True)
                final.hardlink_to(built)
            except FileExistsError:
                return False
            finally:
                built.unlink(missing_ok=True)
            _flush(final.parent)
        return True

    def read(self, name: str) -> bytes:
        """All bytes of one opened file, so of one version, whatever is moved in its place meanwhile."""
        return self.path(name).read_bytes()

    def tail(self, name: str, count: int) -> bytes:
        """Seek and read."""
        with self.path(name).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - count))
            return file.read(count)

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give the file itself. It is read whole each time: bits flip on disks, and nobody announces it."""
        del fresh
        path = self.path(name)
        if (found := self.sha256(name)) != sha256:
            raise CatalogCorrupt(altered(str(path), sha256, found))
        return path

    def sha256(self, name: str) -> str | None:
        """Hash the file."""
        path = self.path(name)
        return sha256_of(path) if path.is_file() else None

    def stat(self, name: str) -> Stat | None:
        """Ask the file system."""
        try:
            found = self.path(name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Stat(found.st_size, found.st_mtime_ns)

    def names(self, below: str) -> list[str]:
        """Walk the folder."""
        path = self.path(below)
        prefix = "" if path == self.root else f"{path.relative_to(self.root).as_posix()}/"
        return sorted(self._walk(str(path), prefix)) if path.is_dir() else []

    def _walk(self, folder: str, prefix: str) -> Iterator[str]:
        # Not rglob: it passes over a folder that can't be read, and its days would seem never to have been.
        if folder == str(self.scratch):
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(entry.path, f"{prefix}{entry.name}/")
                elif entry.is_file():
                    yield f"{prefix}{entry.name}"

    def remove(self, name: str) -> None:
        """Delete, and flush the folder."""
        path = self.path(name)
        if path.exists():
            with storage_errors(str(path)):
                path.unlink(missing_ok=True)
                _flush(path.parent)

    def directory(self, name: str) -> Directory:
        """Any library can read a folder."""
        return Directory(str(self.path(name)))


def _version(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
