"""What a process puts aside for itself, in a file without a name: it is gone with the process, however that ends."""

import tempfile
import weakref
from pathlib import Path
from typing import IO, NamedTuple

from phoenix_core.storage.contract import storage_errors


class Place(NamedTuple):
    """Where something was put."""

    offset: int
    length: int


class Spill:
    """Bytes on disk that only their owner can reach; as long as nothing is put there, there is no file.

    Args:
        scratch: Folder for what is not finished.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._opened: IO[bytes] | None = None
        self._end = 0

    def put(self, content: bytes) -> Place:
        """Put something aside, and say where it is.

        Raises:
            StorageFailed: The disk is full, read-only, or not ours.
        """
        with storage_errors(str(self._scratch)):
            file = self._file()
            file.seek(self._end)
            file.write(content)
        place = Place(self._end, len(content))
        self._end += len(content)
        return place

    def get(self, place: Place) -> bytes:
        """What was put at a place.

        Raises:
            StorageFailed: The disk fails.
        """
        with storage_errors(str(self._scratch)):
            file = self._file()
            file.seek(place.offset)
            return file.read(place.length)

    def _file(self) -> IO[bytes]:
        if self._opened is None:
            self._scratch.mkdir(parents=True, exist_ok=True)
            self._opened = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - as long as its owner
            weakref.finalize(self, self._opened.close)
        return self._opened
