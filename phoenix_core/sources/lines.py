"""From a file to blocks of whole CSV lines, in bounded memory.

Of a zip exactly one plain member is accepted, of a published zip only by its name; nothing is ever
extracted to a path. The CRC and the declared sizes are checked as the bytes pass. People's own files may be
gzipped or plain as well; a plain file has no checksum of its own, and its cut end is a line that can't be read.
"""

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from isal import igzip, isal_zlib
from isal.igzip_lib import IsalError

from phoenix_core.errors import ArchiveCorrupt, ArchiveUnsafe
from phoenix_core.sources.containers import Container, is_byproduct, split_container

_READ = 4 << 20
# What is inflated at once: larger pieces leave the processor's cache before their CRC is taken and their lines are
# counted, and are moved while they grow; of 900 MB that was 0.3 of 0.9 s.
_PIECE = 1 << 20
_LONGEST_LINE = 1 << 16
_RATIO_COUNTS_FROM = 1 << 24  # a small file may compress by any ratio
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
_NEWLINE = ord("\n")
_HEAD, _TAIL, _LAST = 4096, 512, 300


@dataclass(slots=True)
class Passed:
    """What has passed of a file.

    Attributes:
        lines: Ends of lines, a header's included, and the one that the last line lacked.
        size: Bytes of the CSV so far, with that.
        tail: The last of them.
    """

    lines: int = 0
    size: int = 0
    tail: bytes = b""

    @property
    def last(self) -> str:
        """The last line, or its end if it is a long one."""
        return self.tail.removesuffix(b"\n").rpartition(b"\n")[2][-_LAST:].decode("utf-8", "replace")

    def add(self, piece: bytes) -> None:
        """Take in a piece, while it is in the processor's cache."""
        # A third of what bytes.count takes.
        self.lines += int(np.count_nonzero(np.frombuffer(piece, np.uint8) == _NEWLINE))
        self.size += len(piece)
        self.tail = (self.tail + piece[-_TAIL:])[-_TAIL:]

    def end(self) -> None:
        """Give the last line the end that it may lack, as whoever reads the lines is given it."""
        if self.size and not self.tail.endswith(b"\n"):
            self.add(b"\n")


def csv_lines(
    path: Path, member: str | None, *, max_ratio: int, block_bytes: int, passed: Passed | None = None
) -> Iterator[bytes]:
    """Yield blocks of whole lines, about `block_bytes` each; the last line gets its missing newline.

    Args:
        path: A zip, a gzip or a plain file, told by its name.
        member: Name that a zip's only member must have; None: any name.
        max_ratio: Largest believed size of the CSV by that of its file.
        block_bytes: Size of a block.
        passed: Told what has passed; complete once all blocks were given.

    Raises:
        ArchiveUnsafe: Several members, another name, encryption, or a size that is a bomb's.
        ArchiveCorrupt: Not what its name says, cut short, a wrong CRC or size, or a line without end.
    """
    passed = Passed() if passed is None else passed
    waiting: list[bytes | memoryview] = []
    size = 0
    for piece, cut in _cut_pieces(path, member, max_ratio, min(block_bytes, _PIECE)):
        passed.add(piece)
        size += len(piece)
        if size < block_bytes or not cut:
            waiting.append(piece)
            continue
        # The one copy of a block: views keep the cut itself from being another.
        yield b"".join((*waiting, memoryview(piece)[:cut]))
        waiting, size = [memoryview(piece)[cut:]], len(piece) - cut
    passed.end()
    if rest := b"".join(waiting):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


_AGAIN = "Fetch it again: delete it, if it lies in the data folder, and materialize the raw day again."


def _cut_pieces(path: Path, member: str | None, max_ratio: int, piece_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Pieces as they come, each with where its last line ends; 0: it has no end of a line."""
    unended = 0
    for piece in _pieces(path, member, max_ratio, piece_bytes):
        cut = piece.rfind(b"\n") + 1
        unended = len(piece) - cut if cut else unended + len(piece)
        if unended > _LONGEST_LINE:
            raise ArchiveCorrupt(f"{path.name} has a line of over {_LONGEST_LINE} bytes. {_AGAIN}")
        yield piece, cut


def _pieces(path: Path, member: str | None, max_ratio: int, piece_bytes: int) -> Iterator[bytes]:
    _, container = split_container(path.name)
    if container is Container.GZIP:
        return _gunzipped(path, max_ratio, piece_bytes)
    if container is Container.PLAIN:
        return _plain(path, piece_bytes)
    return _inflated(path, member, max_ratio, piece_bytes)


def _gunzipped(path: Path, max_ratio: int, piece_bytes: int) -> Iterator[bytes]:
    most = max(_RATIO_COUNTS_FROM, max_ratio * path.stat().st_size)
    size = 0
    try:
        with igzip.open(path, "rb") as file:
            while piece := file.read(piece_bytes):
                size += len(piece)
                if size > most:
                    raise ArchiveUnsafe(f"{path.name} inflates to over {max_ratio} times its size. It was not read on.")
                yield piece
    except (IsalError, EOFError, OSError) as error:  # type: ignore[misc]  # as below
        raise ArchiveCorrupt(f"{path.name} can't be inflated after {size} bytes ({error}). {_AGAIN}") from error


def _plain(path: Path, piece_bytes: int) -> Iterator[bytes]:
    piece = b"\n"
    with path.open("rb") as file:
        while block := file.read(piece_bytes):
            piece = block
            yield piece
    # No checksum tells whether it is whole, and a number that was cut is a number still.
    if not piece.endswith(b"\n"):
        raise ArchiveCorrupt(
            f"{path} ends in the middle of a line: expected a line end, as all published files have, found "
            f"{piece[-40:]!r}. Copy it again; if it is whole, add the line end."
        )


def _inflated(path: Path, member: str | None, max_ratio: int, piece_bytes: int) -> Iterator[bytes]:
    info, start = _only_member(path, member, max_ratio)
    crc = size = 0
    # So much of the zip makes about one piece; a stretch that is denser makes a larger one.
    read = max(1, min(_READ, piece_bytes * info.compress_size // max(info.file_size, 1)))
    stream = isal_zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    left = info.compress_size
    try:
        with path.open("rb") as file:
            file.seek(start)
            while left and (raw := file.read(min(read, left))):
                left -= len(raw)
                piece = stream.decompress(raw) if stream else raw
                crc = isal_zlib.crc32(piece, crc)
                size += len(piece)
                if size > info.file_size:
                    break
                yield piece
            if stream:
                piece = stream.flush()
                crc, size = isal_zlib.crc32(piece, crc), size + len(piece)
                yield piece
    except (IsalError, EOFError) as error:  # type: ignore[misc]  # its stub declares a value
        raise ArchiveCorrupt(f"{path.name} can't be inflated after {size} bytes ({error}). {_AGAIN}") from error
    if left or size != info.file_size or crc != info.CRC:
        raise ArchiveCorrupt(
            f"{path.name} is damaged: expected {info.file_size} bytes with CRC {info.CRC:08x}, found {size} "
            f"with {crc:08x}. {_AGAIN}"
        )


def _only_member(path: Path, member: str | None, max_ratio: int) -> tuple[zipfile.ZipInfo, int]:
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, struct.error) as error:
        raise ArchiveCorrupt(f"{path.name} is not a readable zip ({error}). {_AGAIN}") from error
    # Of the publisher's zips nothing is passed over; people's own were packed by all kinds of tools.
    members = listed if member is not None else [info for info in listed if not is_byproduct(info.filename)]
    names = [info.filename for info in members]
    if names != [member] and (member is not None or len(names) != 1):
        raise ArchiveUnsafe(
            f"{path.name} must hold just {member or 'one CSV'!r}, found {len(names)} members: {names[:5]!r}. "
            "It was not opened."
        )
    info = members[0]
    if info.flag_bits & _ENCRYPTED or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ArchiveUnsafe(
            f"{path.name} must be plain deflate: found method {info.compress_type}, flags {info.flag_bits:#x}. "
            "It was not opened."
        )
    if info.file_size > max(_RATIO_COUNTS_FROM, max_ratio * path.stat().st_size):
        raise ArchiveUnsafe(
            f"{path.name} would inflate to {info.file_size} bytes, over {max_ratio} times its size. It was not opened."
        )
    return info, _start_of_data(path, info, is_first=len(listed) == 1)


def _start_of_data(path: Path, info: zipfile.ZipInfo, *, is_first: bool) -> int:
    offset = info.header_offset  # of a damaged zip it can be negative
    with path.open("rb") as file:
        file.seek(max(0, offset))
        header = file.read(_LOCAL_HEADER.size)
        if (offset == 0 or (offset > 0 and not is_first)) and len(header) == _LOCAL_HEADER.size:
            magic, name_length, extra_length = _LOCAL_HEADER.unpack(header)
            name = file.read(name_length)
            if magic == b"PK\x03\x04" and name == info.orig_filename.encode():
                return int(offset + _LOCAL_HEADER.size + name_length + extra_length)
    raise ArchiveCorrupt(f"{path.name} does not begin with the header of its member. {_AGAIN}")


@dataclass(frozen=True, slots=True)
class CsvSummary:
    """What a file holds.

    Attributes:
        bytes: Size of the CSV; of a zip that was not read whole, as the zip says.
        head: The first lines.
        lines: Lines, a header included; None: nobody counted.
        last: The last line; empty where nobody looked.
    """

    bytes: int
    head: tuple[str, ...]
    lines: int | None = None
    last: str = ""


def csv_summary(path: Path, member: str | None, *, max_ratio: int) -> CsvSummary:
    """Read a file to its end without parsing it, which also checks the CRC of a zip or gzip.

    Raises:
        ArchiveUnsafe: See `csv_lines`.
        ArchiveCorrupt: See `csv_lines`.
    """
    passed = Passed()
    head = b""
    for piece, _ in _cut_pieces(path, member, max_ratio, _PIECE):
        head += piece[: _HEAD - len(head)]
        passed.add(piece)
    passed.end()
    return CsvSummary(passed.size, _shown(head), passed.lines, passed.last)


def zip_opening(path: Path, member: str | None, *, max_ratio: int) -> CsvSummary:
    """What a zip shows without being read on: its first lines, and the size that it states.

    Raises:
        ArchiveUnsafe: See `csv_lines`.
        ArchiveCorrupt: See `csv_lines`.
    """
    size = _only_member(path, member, max_ratio)[0].file_size
    head = b""
    for piece in _inflated(path, member, max_ratio, _HEAD):
        head += piece[: _HEAD - len(head)]
        if len(head) == _HEAD:
            break
    return CsvSummary(size, _shown(head))


def _shown(head: bytes) -> tuple[str, ...]:
    return tuple(line.decode("utf-8", "replace") for line in head.splitlines()[:4])
