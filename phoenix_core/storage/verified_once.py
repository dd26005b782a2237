"""A folder whose files are hashed once for many readings: for those who read the same days again and again.

A year of ticks is hashed in a minute, and a thousand experiments read the same year. What was found whole is taken
for whole as long as the file system says that nobody wrote to it since: a bit that flips on the disk meanwhile is
noticed by the next sweep. Of a bucket it is the copies on this machine that are looked at so, without a request.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path

from phoenix_core.storage.bucket import BucketStore
from phoenix_core.storage.cache import keep
from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.lake import Lake

_Seen = tuple[str, int, int, int]  # digest, size, inode, time of the last change in ns, which no program can set
# By process and not by object, since a store is pickled anew with every task that is sent to a process.
_SEEN: dict[tuple[str, Path], _Seen] = {}
_COPIES: dict[tuple[str, str, str], tuple[Path, _Seen]] = {}


@dataclass(frozen=True, slots=True)
class VerifiedOnce(FolderStore):
    """Files below a folder, each hashed once in a process.

    Attributes:
        occasion: What they are read for; another occasion hashes anew.
    """

    occasion: str = ""

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give the file itself, hashed unless this very file was found to have this digest before."""
        path = self.path(name)
        key = (self.occasion, path)
        if not fresh and path.is_file() and _SEEN.get(key) == _state(path, sha256):
            return path
        before = _state(path, sha256) if path.is_file() else None
        # Not super(): a dataclass with slots is another class than the one that this function was defined in.
        found = FolderStore.fetch(self, name, sha256, fresh=fresh)
        if before is not None:
            _SEEN[key] = before
        return found


@dataclass(frozen=True, slots=True)
class CopiesVerifiedOnce(BucketStore):
    """Objects of a bucket, each copy of which is hashed once in a process.

    Attributes:
        occasion: What they are read for; another occasion hashes anew.
    """

    occasion: str = ""

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give the copy of this digest, hashed unless this very file was found to have it before."""
        key = (self.occasion, self.location, name)
        path, seen = _COPIES.get(key, (None, None))
        if not fresh and path is not None and path.is_file() and _state(path, sha256) == seen:
            keep(path)
        else:
            path = BucketStore.fetch(self, name, sha256, fresh=fresh)
        _COPIES[key] = path, _state(path, sha256)
        return path


def verified_once(lake: Lake) -> Lake:
    """The same data folder for one occasion; a store of another kind stays as it is."""
    match lake.store:
        case FolderStore(root=root):
            return Lake(VerifiedOnce(root, uuid.uuid4().hex))
        case BucketStore(location=location, local=local):
            return Lake(CopiesVerifiedOnce(location, local, uuid.uuid4().hex))
    return lake


def _state(path: Path, sha256: str) -> _Seen:
    found = path.stat()
    return sha256, found.st_size, found.st_ino, found.st_ctime_ns
