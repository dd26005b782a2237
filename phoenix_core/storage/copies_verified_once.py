"""Copies of a bucket's objects that are hashed once for many readings; see `verified_once.py`, which gives them."""

from dataclasses import dataclass
from pathlib import Path

from phoenix_core.storage.bucket import BucketStore
from phoenix_core.storage.cache import keep
from phoenix_core.storage.verified_once import Seen, state_of

_COPIES: dict[tuple[str, str, str], tuple[Path, Seen]] = {}


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
        if not fresh and path is not None and path.is_file() and state_of(path, sha256) == seen:
            keep(path)
        else:
            path = BucketStore.fetch(self, name, sha256, fresh=fresh)
        _COPIES[key] = path, state_of(path, sha256)
        return path

    def forget(self) -> None:
        """End the occasion."""
        for key in [key for key in _COPIES.copy() if key[0] == self.occasion]:
            del _COPIES[key]
