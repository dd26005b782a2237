"""The data folder as every stage holds it, and the only way a file gets into it.

What is the same over every store stands here: files are built beside and published whole, many are asked
for at once, and leftovers are swept. Where the files are kept is the store's business; what they mean is
not known here.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing, Superseded
from phoenix_core.storage.cache import Local
from phoenix_core.storage.contract import ANYTHING, Directory, Stat, Store, checked, storage_errors, superseded
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.folder import FolderStore

_LEFTOVER_SECONDS = 86_400

Asked = TypeVar("Asked")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Watch:
    """Files as a writer saw them before it read its sources.

    Attributes:
        last: The one that is published last. Where it changed, somebody else was done first.
        seen: Versions by name; None where there was no file. What the writer publishes itself is noted here.
    """

    last: str
    seen: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Lake:
    """The data folder, `$PHOENIX_DATA`.

    Attributes:
        store: Keeps the files.
        watch: What was seen before sources were read, and alone may be replaced; None: what is there when building
            begins.
    """

    store: Store
    watch: Watch | None = None

    @classmethod
    def at(cls, location: str | Path, local: Local | None = None) -> "Lake":
        """Name a data folder, or `s3://bucket/prefix`. Nothing is made before the first file is published into it.

        Args:
            location: A folder of this machine, or the URL of a bucket.
            local: What a bucket may use of this machine.

        Raises:
            ConfigInvalid: The location is a file, or a URL that names no bucket.
        """
        if "://" in str(location):
            from phoenix_core.storage.bucket import BucketStore  # noqa: PLC0415 - a client that folders don't need

            return cls(BucketStore.at(str(location), local or Local()))
        root = Path(location).expanduser().resolve()
        if root.exists() and not root.is_dir():
            raise ConfigInvalid(f"The data folder {root} is a file: expected a folder. Correct PHOENIX_DATA.")
        return cls(FolderStore(root))

    @classmethod
    def existing(cls, location: str | Path, local: Local | None = None) -> "Lake":
        """Name a data folder that must be there, for those who only read; see `at`.

        Raises:
            ConfigInvalid: The location is a file, or a URL that names no bucket.
            InputMissing: There is no such folder, or nothing in the bucket.
        """
        lake = cls.at(location, local)
        if absence := lake.absence():
            raise InputMissing(f"There is {absence}. Materialize something, or correct PHOENIX_DATA.")
        return lake

    @property
    def location(self) -> str:
        """How people name it: a folder's full path, or a URL."""
        return self.store.location

    @property
    def scratch(self) -> Path:
        """Folder of this machine for what is not finished; nothing in it is ever read as data."""
        return self.store.scratch

    def absence(self) -> str:
        """Why there is nothing to read at all, as a part of a message; empty where the data folder is there."""
        return self.store.absence()

    def name(self, given: str) -> str:
        """Name of a file or folder below the data folder, from what people give: that name, or a full address.

        Raises:
            ConfigInvalid: It leads out of the data folder.
        """
        full = str(Path(given).resolve()) if Path(given).is_absolute() else given
        return checked(full.removeprefix(f"{self.location}/"), self.location)

    def address(self, name: str) -> str:
        """Where a file is found by people: its full path, or its URL."""
        return f"{self.location}/{name}"

    def uri(self, name: str) -> str:
        """Where a file is found by a browser."""
        address = self.address(name)
        return address if "://" in address else Path(address).as_uri()

    @contextmanager
    def publishing(self, name: str) -> Iterator[Path]:
        """Build a file at the yielded path; at the end it is published, or on an error it is gone.

        Where nothing stands at the path at the end, nothing is published.

        Raises:
            StorageFailed: The disk is full, read-only, or not ours.
            Superseded: Something else was published under this name since building began, or since it was watched.
        """
        with self._staged(name) as staged:
            over = self._seen(name)
            yield staged
            if staged.exists():
                self._publish(staged, name, over)

    @contextmanager
    def _staged(self, name: str) -> Iterator[Path]:
        address = self.address(self.name(name))
        # Never *.parquet: NautilusTrader takes every such file for data.
        staged = self.scratch / f"{uuid.uuid4().hex}.part"
        try:
            with storage_errors(address):
                staged.parent.mkdir(parents=True, exist_ok=True)
                yield staged
        finally:
            staged.unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Publish a small file at once, in the place of what was seen by whoever watches, else of whatever is there.

        Raises:
            StorageFailed: The disk is full, read-only, or not ours.
            Superseded: Something else was published under a name that is watched.
        """
        over = self.watch.seen.get(name, ANYTHING) if self.watch else ANYTHING
        with self._staged(name) as staged:
            staged.write_bytes(content)
            self._publish(staged, name, over)

    def watching(self, last: str, others: Sequence[str] = ()) -> "Lake":
        """The same data folder for a writer who replaces these files only as they are now, and tells if it was late.

        Args:
            last: Name of the file that is published last.
            others: Of those that are published before it, where their names are known.
        """
        names = [last, *others]
        return Lake(self.store, Watch(last, dict(zip(names, self.each(self.store.version, names), strict=True))))

    def _seen(self, name: str) -> str | None:
        """The version that may be replaced by what is about to be built.

        Raises:
            Superseded: Somebody else was done first, so that there is nothing to build.
        """
        if self.watch is None:
            return self.store.version(name)
        last, seen = self.watch.last, self.watch.seen
        # Taken before the look at `last`: who publishes in between is found by this version, who did so before by that.
        here = seen[name] if name in seen else self.store.version(name)
        if name != last and self.store.version(last) != seen[last]:
            raise superseded(self.address(last))
        return here

    def _publish(self, built: Path, name: str, over: str | None) -> None:
        try:
            version: str | None = self.store.publish(built, name, over)
        except Superseded:
            # Of two who made the same bytes one was first: that is what was wanted.
            if self.store.sha256(name) != sha256_of(built):
                raise
            version = self.store.version(name)
        if self.watch is not None:
            self.watch.seen[name] = version

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Publish a small file where there is none; of several writers at once exactly one is told True."""
        return self.store.put_if_absent(name, content)

    def read(self, name: str) -> bytes:
        """Give a small file whole.

        Raises:
            FileNotFoundError: There is none.
        """
        return self.store.read(name)

    def tail(self, name: str, count: int) -> bytes:
        """Give the last bytes of a file, all of them where it has no more, without reading the rest.

        Raises:
            FileNotFoundError: There is none.
        """
        return self.store.tail(name, count)

    def read_many(self, names: Sequence[str]) -> dict[str, bytes]:
        """Those of many small files that are there, by name, asked for as many at once as the store likes."""
        found = zip(names, self.each(self._read_or_none, names), strict=True)
        return {name: content for name, content in found if content is not None}

    def fetch(self, name: str, sha256: str, *, fresh: bool = False) -> Path:
        """Give a file of this machine that holds the published bytes of that digest, to be read and no more.

        Args:
            name: Of the file.
            sha256: What its bytes must hash to.
            fresh: Ask the store itself, whatever is cached here.

        Raises:
            CatalogCorrupt: There is no such file, or its bytes are others.
        """
        return self.store.fetch(name, sha256, fresh=fresh)

    def each(self, ask: Callable[[Asked], Given], these: Sequence[Asked]) -> list[Given]:
        """Answers of a request about each of these, in their order, as many at once as the store likes."""
        at_once = min(self.store.at_once, len(these))
        if at_once <= 1:
            return [ask(one) for one in these]
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(ask, these))

    def sha256(self, name: str) -> str | None:
        """Digest of the bytes that stand under a name now; None where there is no file."""
        return self.store.sha256(name)

    def digest_and_size(self, name: str) -> tuple[str, int]:
        """What an entry says of a file that was published before.

        Raises:
            CatalogCorrupt: It is gone.
        """
        digest, status = self.sha256(name), self.stat(name)
        if digest is None or status is None:
            raise CatalogCorrupt(f"{self.address(name)} is gone: expected it published. Materialize its day again.")
        return digest, status.bytes

    def stat(self, name: str) -> Stat | None:
        """Size and time of a file; None where there is none."""
        return self.store.stat(name)

    def names(self, below: str) -> list[str]:
        """Names of all published files below a folder, sorted.

        Raises:
            OSError: Some of them can't be listed.
        """
        return self.store.names(below)

    def remove(self, name: str) -> None:
        """Withdraw a published file; nothing happens where there is none, or another than a writer watches."""
        if self.watch is None or self.watch.seen.get(name, ANYTHING) in {ANYTHING, self.store.version(name)}:
            self.store.remove(name)

    def directory(self, name: str) -> Directory:
        """Tell where a library finds a folder that it must read by itself. Whatever else there is goes by name.

        Raises:
            ConfigInvalid: No library can read this store by itself.
        """
        return self.store.directory(name)

    def leftovers(self) -> list[Path]:
        """What lies in `scratch`: left by runs that were killed, or under way."""
        return sorted(self.scratch.iterdir()) if self.scratch.is_dir() else []

    def sweep(self) -> int:
        """Delete what killed processes left in `scratch` a day ago or longer, and count it."""
        horizon = time.time() - _LEFTOVER_SECONDS
        old = [path for path in self.leftovers() if _is_older(path, horizon)]
        for path in old:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(old)

    def _read_or_none(self, name: str) -> bytes | None:
        try:
            return self.store.read(name)
        except FileNotFoundError:
            return None


def _is_older(path: Path, horizon: float) -> bool:
    try:
        return path.lstat().st_mtime < horizon
    except FileNotFoundError:
        return False  # published or withdrawn by its maker just now
