"""A folder whose files are hashed once for many readings: for those who read the same days again and again.

A year of ticks is hashed in a minute, and a thousand experiments read the same year; a run's stages read each other's
files, some of them seven times. What was found whole is taken for whole as long as the file system says that nobody
wrote to it since: a bit that flips on the disk meanwhile is noticed by the next occasion. Of a bucket it is the copies
on this machine that are looked at so, without a request.
"""

import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.lake import Lake

_TICKS_NS = 100_000_000  # file systems write down the time of the kernel's last tick: every 10 ms where they are rarest
Seen = tuple[str, int, int, int]  # digest, size, inode, time of the last change in ns, which no program can set
# By process and not by object, since a store is pickled anew with every task that is sent to a process.
_SEEN: dict[tuple[str, Path], Seen] = {}


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
        if not fresh and path.is_file() and _SEEN.get(key) == state_of(path, sha256):
            return path
        before = state_of(path, sha256) if path.is_file() else None
        # Not super(): a dataclass with slots is another class than the one that this function was defined in.
        found = FolderStore.fetch(self, name, sha256, fresh=fresh)
        if before is not None and is_settled(before):
            _SEEN[key] = before
        return found

    def forget(self) -> None:
        """End the occasion."""
        for key in [key for key in _SEEN.copy() if key[0] == self.occasion]:
            del _SEEN[key]


def verified_once(lake: Lake) -> Lake:
    """The same data folder for one occasion; a store of another kind stays as it is."""
    if isinstance(lake.store, FolderStore):
        return Lake(VerifiedOnce(lake.store.root, uuid.uuid4().hex))
    from phoenix_core.storage.bucket import BucketStore  # noqa: PLC0415 - a client that folders don't need
    from phoenix_core.storage.copies_verified_once import CopiesVerifiedOnce  # noqa: PLC0415 - likewise

    if isinstance(lake.store, BucketStore):
        return Lake(CopiesVerifiedOnce(lake.store.location, lake.store.local, uuid.uuid4().hex))
    return lake


def forget(lake: Lake) -> None:
    """End an occasion: nothing is remembered of it, so that a process may have any number."""
    end = getattr(lake.store, "forget", None)  # of the two stores above; others remember nothing
    if end is not None:
        end()


def is_settled(seen: Seen) -> bool:
    """Whether a file changed so long ago that the file system's clock would tell another change from that one."""
    return time.time_ns() - seen[3] > _TICKS_NS


def state_of(path: Path, sha256: str) -> Seen:
    """What is remembered of a file that was found to have a digest."""
    found = path.stat()
    return sha256, found.st_size, found.st_ino, found.st_ctime_ns
