"""Files in the memory of one process: for tests, and the smallest example of a store that is elsewhere.

Like an object store it has no paths: what is opened as a file comes out of a local cache.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from phoenix_core.errors import ConfigInvalid
from phoenix_core.storage.cache import DigestCache
from phoenix_core.storage.contract import ANYTHING, Directory, Stat, checked, superseded
from phoenix_core.storage.digests import sha256_of

_AT_ONCE = 8
_CACHE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    modified_ns: int


@dataclass(slots=True)
class MemoryStore:
    """Files by name; see `Store` for what each method promises.

    Attributes:
        local: Folder of this machine for scratch and cache.
        cache_bytes: Bound of the cache.
    """

    local: Path
    cache_bytes: int = _CACHE_BYTES
    _files: dict[str, _Kept] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def location(self) -> str:
        """The same for all of them: nobody else can open it."""
        return "memory://phoenix"

    @property
    def scratch(self) -> Path:
        """Below the local folder."""
        return self.local / "scratch"

    @property
    def at_once(self) -> int:
        """Several, as of a store that is reached over a network."""
        return _AT_ONCE

    def absence(self) -> str:
        """It is always there."""
        return ""

    def publish(self, built: Path, name: str, over: str | None = ANYTHING) -> str:
        """Put the whole content in its place by one assignment."""
        name = checked(name, self.location)
        kept = _Kept(built.read_bytes(), time.time_ns())
        with self._lock:
            if over not in (ANYTHING, self.version(name)):
                raise superseded(f"{self.location}/{name}")
            self._files[name] = kept
        return sha256_of(kept.content)

    def version(self, name: str) -> str | None:
        """The digest: equal bytes are the same version."""
        return self.sha256(name)

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Look and put under one lock."""
        name = checked(name, self.location)
        with self._lock:
            if name in self._files:
                return False
            self._files[name] = _Kept(content, time.time_ns())
            return True

    def read(self, name: str) -> bytes:
        """The content as it is."""
        kept = self._files.get(checked(name, self.location))
        if kept is None:
            raise FileNotFoundError(f"{self.location}/{name}")
        return kept.content

    def tail(self, name: str, count: int) -> bytes:
        """The end of the content."""
        return self.read(name)[-count:]

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give a file of the cache."""
        return DigestCache(self.local / "cache", self.cache_bytes).file(
            checked(name, self.location),
            sha256,
            known=not fresh,
            download=lambda target: _write(target, self.read(name)),
            address=f"{self.location}/{name}",
        )

    def sha256(self, name: str) -> str | None:
        """Hash the content."""
        kept = self._files.get(checked(name, self.location))
        return None if kept is None else sha256_of(kept.content)

    def stat(self, name: str) -> Stat | None:
        """Look it up."""
        kept = self._files.get(checked(name, self.location))
        return None if kept is None else Stat(len(kept.content), kept.modified_ns)

    def names(self, below: str) -> list[str]:
        """Look through all names."""
        folder = checked(below, self.location)
        with self._lock:
            return sorted(name for name in self._files if folder == "." or name.startswith(f"{folder}/"))

    def remove(self, name: str) -> None:
        """Forget it."""
        with self._lock:
            self._files.pop(checked(name, self.location), None)

    def directory(self, name: str) -> Directory:
        """Nobody else can look into it."""
        raise ConfigInvalid(
            f"{name} is kept in {self.location}, which no other library can open: expected a data folder. Use one."
        )


def _write(target: Path, content: bytes) -> None:
    target.write_bytes(content)
