"""What a CSV is wrapped in, and its first and last rows without reading what lies between.

A zip or gzip has no end to jump to: its last row costs inflating all of it, so it is asked of few files.
Whole files are read by `tables/`.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO

from phoenix_core.errors import ArchiveCorrupt


class Container(StrEnum):
    """What a file's bytes are wrapped in."""

    ZIP = "zip"
    GZIP = "gz"
    PLAIN = "csv"


_SUFFIXES = {
    ".csv.zip": Container.ZIP,
    ".zip": Container.ZIP,
    ".csv.gz": Container.GZIP,
    ".gz": Container.GZIP,
    ".csv": Container.PLAIN,
}
_HEAD = 4096
_TAIL = 2048
_BLOCK = 1 << 20


def split_container(name: str) -> tuple[str, Container | None]:
    """A file's name without what says how it is wrapped, and that; None for a file that is no CSV.

    >>> split_container("BTCUSDT-1m-2024-03.csv.gz")
    ('BTCUSDT-1m-2024-03', <Container.GZIP: 'gz'>)
    """
    for suffix, container in _SUFFIXES.items():
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], container
    return name, None


def is_byproduct(member: str) -> bool:
    """Whether a member of a zip is a folder, or what a Mac adds to each file that it packs.

    >>> is_byproduct("__MACOSX/._BTCUSDT-1m-2024-03.csv")
    True
    """
    return member.endswith(("/", "/.DS_Store")) or member.startswith("__MACOSX/") or member == ".DS_Store"


def first_rows(path: Path, container: Container) -> list[str]:
    """Lines of the first few kilobytes that have an end and are not blank: a file that was cut shows what it was.

    Raises:
        ArchiveCorrupt: It can't be opened as what its name says, or is not text.
    """
    with _opened(path, container) as file:
        block = file.read(_HEAD)
    text = _text(block, path)
    return [line for line in (text[: text.rfind("\n") + 1] or text).splitlines() if line.strip()]


def last_row(path: Path, container: Container) -> str:
    """The last line that is not blank.

    Raises:
        ArchiveCorrupt: It can't be read to its end.
    """
    with _opened(path, container) as file:
        if container is Container.PLAIN:
            file.seek(max(0, path.stat().st_size - _TAIL))
        tail = b""
        while block := file.read(_BLOCK):
            tail = (tail + block)[-_TAIL:]
    lines = [line for line in _text(tail, path).splitlines() if line.strip()]
    return lines[-1] if lines else ""


@contextmanager
def _opened(path: Path, container: Container) -> Iterator[IO[bytes]]:
    try:
        if container is Container.ZIP:
            with zipfile.ZipFile(path) as archive:
                files = [name for name in archive.namelist() if not is_byproduct(name)]
                if len(files) != 1:
                    raise ArchiveCorrupt(f"{path} holds {len(files)} files: expected one CSV. Unpack what you need.")
                with archive.open(files[0]) as file:
                    yield file
        elif container is Container.GZIP:
            with gzip.open(path) as unzipped:
                yield unzipped  # type: ignore[misc] # a binary file in all but its declared type
        else:
            with path.open("rb") as file:
                yield file
    except (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ArchiveCorrupt(f"{path} can't be read as {container.value} ({error}). Fetch or copy it again.") from error


def _text(block: bytes, path: Path) -> str:
    if b"\0" in block:
        raise ArchiveCorrupt(f"{path} is no text: expected rows of a CSV.")
    return block.decode("utf-8-sig", "replace")
