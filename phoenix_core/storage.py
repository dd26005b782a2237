"""The folder that Phoenix keeps, and the only way a file gets into it.

A file is built below `_staging/`, flushed to disk, and moved under its final name in one step, so a
reader sees the old file or the new one and never half of either. What the files mean is not known here.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phoenix_core.errors import ConfigInvalid, InputMissing, StorageFailed, nearest

_BLOCK = 1 << 20
_LEFTOVER_SECONDS = 86_400


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write JSON so that equal values are equal bytes."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def digest_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of a JSON value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


@dataclass(frozen=True, slots=True)
class Lake:
    """The data folder, `$PHOENIX_DATA`."""

    root: Path

    @classmethod
    def at(cls, location: str | Path) -> "Lake":
        """Name a data folder. Nothing is made before the first file is published into it.

        Raises:
            ConfigInvalid: The location is a URL, or a file.
        """
        if "://" in str(location):
            raise ConfigInvalid(
                f"PHOENIX_DATA is {str(location)!r}: expected a folder; object stores are not supported yet. "
                "Give a local or mounted folder."
            )
        root = Path(location).expanduser().resolve()
        if root.exists() and not root.is_dir():
            raise ConfigInvalid(f"The data folder {root} is a file: expected a folder. Correct PHOENIX_DATA.")
        return cls(root)

    @classmethod
    def existing(cls, location: str | Path) -> "Lake":
        """Name a data folder that must be there, for those who only read.

        Raises:
            ConfigInvalid: The location is a URL, or a file.
            InputMissing: There is no such folder.
        """
        lake = cls.at(location)
        if not lake.root.is_dir():
            raise InputMissing(f"There is {lake.missing()}. Materialize something, or correct PHOENIX_DATA.")
        return lake

    def missing(self) -> str:
        """Say that the folder is not there, and what is there instead."""
        parent = self.root.parent
        folders = [path.name for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
        return f"no data folder {self.root}{nearest(self.root.name, folders)}"

    def path(self, relative: str) -> Path:
        """Give the place of a file of ours.

        Raises:
            ConfigInvalid: The name leads out of the folder.
        """
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root):
            raise ConfigInvalid(f"{relative!r} leads out of the data folder {self.root}.")
        return path

    @property
    def staging(self) -> Path:
        """Where files are built; nothing here is ever read."""
        return self.root / "_staging"

    @contextmanager
    def publishing(self, relative: str) -> Iterator[Path]:
        """Build a file at the yielded path; at the end it is published, or on an error it is gone.

        Where nothing stands at the path at the end, nothing is published.

        Raises:
            StorageFailed: The disk is full, read-only, or not ours.
        """
        final = self.path(relative)
        # Never *.parquet: NautilusTrader takes every such file for data.
        staged = self.staging / f"{uuid.uuid4().hex}.part"
        try:
            with _storage_errors(final):
                staged.parent.mkdir(parents=True, exist_ok=True)
                yield staged
                if staged.exists():
                    _flush(staged)
                    final.parent.mkdir(parents=True, exist_ok=True)
                    staged.replace(final)
                    _flush(final.parent)
        finally:
            staged.unlink(missing_ok=True)

    def write(self, relative: str, content: bytes) -> Path:
        """Publish a small file at once."""
        with self.publishing(relative) as staged:
            staged.write_bytes(content)
        return self.path(relative)

    def remove(self, relative: str) -> None:
        """Withdraw a published file; nothing happens where there is none."""
        path = self.path(relative)
        if path.exists():
            with _storage_errors(path):
                path.unlink()
                _flush(path.parent)

    def sweep(self) -> int:
        """Delete what killed processes left in `_staging/` a day ago or longer, and count it."""
        if not self.staging.is_dir():
            return 0
        horizon = time.time() - _LEFTOVER_SECONDS
        old = [path for path in self.staging.iterdir() if _is_older(path, horizon)]
        for path in old:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(old)


def _is_older(path: Path, horizon: float) -> bool:
    try:
        return path.lstat().st_mtime < horizon
    except FileNotFoundError:
        return False  # published or withdrawn by its maker just now


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:  # not the operating system's: a library's own error that inherits OSError
            raise
        raise StorageFailed(
            f"{path} can't be written: {error.strerror}. Nothing was published; free space or mend the "
            "permissions of the data folder, then run this day again."
        ) from error
