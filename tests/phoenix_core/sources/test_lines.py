"""Zips that are not what they should be, and people's own files, gzipped or plain."""

import gzip
import io
import struct
import zipfile

import pytest
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ArchiveCorrupt, ArchiveUnsafe
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.lines import Passed, csv_lines, csv_summary, zip_opening

KEY = key_of_day(AGG_TRADES, UM, DAY)
TEXT = AGG_HEADER + agg_rows(*((n, "69903.5", "0.014", n, "true") for n in range(500)))


def read(path, *, block_bytes=4096, max_ratio=200):
    return list(csv_lines(path, KEY.member, max_ratio=max_ratio, block_bytes=block_bytes))


@pytest.mark.parametrize("block_bytes", [1, 100, 4096, 1 << 20])
def test_blocks_hold_whole_lines(tmp_path, block_bytes):
    """Whatever the block size, joined they are the text, and each ends a line."""
    blocks = read(put(tmp_path, KEY, TEXT), block_bytes=block_bytes)
    assert b"".join(blocks).decode() == TEXT
    assert all(block.endswith(b"\n") for block in blocks)


def test_a_last_line_without_newline_counts(tmp_path):
    """It gets its newline, and is not lost."""
    assert b"".join(read(put(tmp_path, KEY, TEXT.rstrip("\n")))).decode() == TEXT


def test_a_summary_counts_lines(tmp_path):
    """501 lines with the header, first and last among them."""
    summary = csv_summary(put(tmp_path, KEY, TEXT), KEY.member, max_ratio=200)
    assert (summary.lines, summary.head[0] + "\n") == (501, AGG_HEADER)
    assert summary.last.startswith("499,")


@pytest.mark.parametrize("block_bytes", [1, 100, 1 << 20])
@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip("\n"), ""])
def test_what_passes_is_counted(tmp_path, text, block_bytes):
    """Lines and bytes of the blocks that are given, as reading the whole file counts them."""
    path, passed = put(tmp_path, KEY, text), Passed()
    text = b"".join(csv_lines(path, KEY.member, max_ratio=200, block_bytes=block_bytes, passed=passed))
    assert (passed.lines, passed.size) == (text.count(b"\n"), len(text))
    summary = csv_summary(path, KEY.member, max_ratio=200)
    assert (passed.lines, passed.size, passed.last) == (summary.lines, summary.bytes, summary.last)


@pytest.mark.parametrize("text", [TEXT, AGG_HEADER, "1", "", "x" * 5000])
def test_a_zip_is_opened_without_reading_on(tmp_path, text):
    """First lines and size are those that its end would not change."""
    path = put(tmp_path, KEY, text)
    opening, whole = (one(path, KEY.member, max_ratio=200) for one in (zip_opening, csv_summary))
    assert (opening.head, opening.bytes) == (whole.head, len(text))


@pytest.mark.parametrize("member", ["../x.csv", "/etc/passwd", "BTCUSDT-aggTrades-2024-03-31.csv", "x/" + KEY.member])
def test_another_member_is_refused(tmp_path, member):
    """A traversal, an absolute path and another day's file are not opened."""
    with pytest.raises(ArchiveUnsafe, match="must hold just"):
        read(put(tmp_path, KEY, TEXT, member=member))


def test_several_members_are_refused(tmp_path):
    """As in one monthly file of 2018, which held two CSVs."""
    path = put(tmp_path, KEY, TEXT)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._x", "x")
    with pytest.raises(ArchiveUnsafe, match="found 2 members"):
        read(path)


def test_a_bomb_is_refused_unopened(tmp_path):
    """A CSV a thousand times its zip, above the size from which that matters."""
    with pytest.raises(ArchiveUnsafe, match="would inflate to"):
        read(put(tmp_path, KEY, b"0" * (64 << 20)), max_ratio=200)


def test_an_encrypted_member_is_refused(tmp_path):
    """The flag alone is enough."""
    path = put(tmp_path, KEY, TEXT)
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    data[central + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveUnsafe, match="plain deflate"):
        read(path)


@pytest.mark.parametrize("cut", [10, 200, 1000])
def test_a_cut_zip_is_corrupt(tmp_path, cut):
    """Wherever it is cut."""
    path = put(tmp_path, KEY, TEXT)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ArchiveCorrupt):
        read(path)


def test_every_flipped_byte_of_the_data_is_noticed(tmp_path):
    """CRC, size or deflate itself: no changed bit of the member passes."""
    path = put(tmp_path, KEY, TEXT)
    good = path.read_bytes()
    start = 30 + len(KEY.member)
    for position in range(start, start + 200, 7):
        path.write_bytes(good[:position] + bytes([good[position] ^ 0x10]) + good[position + 1 :])
        with pytest.raises(ArchiveCorrupt):
            read(path)


def test_a_lying_size_is_noticed(tmp_path):
    """A member that declares more bytes than it has."""
    path = put(tmp_path, KEY, TEXT)
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, len(TEXT) + 1)
    path.write_bytes(data)
    with pytest.raises(ArchiveCorrupt):
        read(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\x05\x06" + b"\0" * 18])
def test_no_zip_at_all_is_an_error(tmp_path, content):
    """Empty, truncated, HTML and an empty archive."""
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises((ArchiveCorrupt, ArchiveUnsafe)):
        read(path)


def test_a_prepended_zip_is_refused(tmp_path):
    """Python's zipfile accepts junk in front; a verified archive has none."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(KEY.member, TEXT)
    path = tmp_path / "x.zip"
    path.write_bytes(b"junk" + buffer.getvalue())
    with pytest.raises(ArchiveCorrupt):
        read(path)


def test_a_directory_that_lies_before_the_file_is_damage(tmp_path):
    """Its end says that it begins a byte later than it does, so that its member would begin before the first byte."""
    path = put(tmp_path, KEY, TEXT)
    data = bytearray(path.read_bytes())
    data[-6:-2] = (int.from_bytes(data[-6:-2], "little") + 1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ArchiveCorrupt, match="does not begin with the header of its member"):
        read(path)


def test_an_endless_line_is_refused(tmp_path):
    """Memory stays bounded where a file has no line ends."""
    with pytest.raises(ArchiveCorrupt, match="line of over"):
        read(put(tmp_path, KEY, "7" * 300_000), block_bytes=1024)


@pytest.mark.parametrize("block_bytes", [1, 100, 4096, 1 << 20])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "zip"])
def test_peoples_own_files_hold_the_same_lines(tmp_path, suffix, block_bytes):
    """Plain, gzipped, and zipped under any member's name; the summary agrees."""
    path = put(tmp_path, KEY, TEXT, member="mine.csv") if suffix == "zip" else tmp_path / f"mine.{suffix}"
    if suffix != "zip":
        path.write_bytes(gzip.compress(TEXT.encode()) if suffix == "csv.gz" else TEXT.encode())
    blocks = list(csv_lines(path, None, max_ratio=200, block_bytes=block_bytes))
    assert b"".join(blocks).decode() == TEXT
    assert all(block.endswith(b"\n") for block in blocks)
    assert csv_summary(path, None, max_ratio=200).lines == 501


def test_what_a_mac_packs_beside_a_file_is_passed_over_in_peoples_own_zips(tmp_path):
    """Folders and __MACOSX, before the file and behind it; two files are refused as ever."""
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("Downloads")
        archive.writestr("__MACOSX/Downloads/._mine.csv", b"\0" * 100)
        archive.writestr("Downloads/mine.csv", TEXT)
        archive.writestr("Downloads/.DS_Store", b"\0")
    assert b"".join(csv_lines(path, None, max_ratio=200, block_bytes=100)).decode() == TEXT
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("Downloads/other.csv", TEXT)
    with pytest.raises(ArchiveUnsafe, match=r"found 2 members: \['Downloads/mine.csv', 'Downloads/other.csv'\]"):
        csv_summary(path, None, max_ratio=200)


def test_a_gzip_of_two_parts_is_one_file(tmp_path):
    """As two gzips joined by cat."""
    half = len(TEXT) // 2
    path = tmp_path / "mine.csv.gz"
    path.write_bytes(gzip.compress(TEXT[:half].encode()) + gzip.compress(TEXT[half:].encode()))
    assert b"".join(csv_lines(path, None, max_ratio=200, block_bytes=4096)).decode() == TEXT


def test_a_damaged_gzip_is_refused(tmp_path):
    """Cut anywhere, or with any byte of its data flipped, it is no file."""
    whole = gzip.compress(TEXT.encode(), mtime=0)
    path = tmp_path / "mine.csv.gz"
    for number in range(12, len(whole), 7):
        flipped = bytearray(whole)
        flipped[number] ^= 1
        for bad in (whole[:number], bytes(flipped)):
            path.write_bytes(bad)
            with pytest.raises(ArchiveCorrupt, match="can't be inflated"):
                list(csv_lines(path, None, max_ratio=200, block_bytes=4096))


def test_a_gzip_bomb_is_not_read_on(tmp_path):
    """Over two hundred times its size, once that is over sixteen million bytes."""
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0\n" * (1 << 24)))
    with pytest.raises(ArchiveUnsafe, match="inflates to over 200 times its size"):
        list(csv_lines(path, None, max_ratio=200, block_bytes=1 << 20))


def test_a_plain_file_that_ends_in_a_line_is_refused(tmp_path):
    """A time that lost its last digits is still a number, so nothing of it is believed."""
    path = tmp_path / "mine.csv"
    path.write_bytes(TEXT.encode()[:-9])
    with pytest.raises(ArchiveCorrupt, match="ends in the middle of a line"):
        list(csv_lines(path, None, max_ratio=200, block_bytes=4096))
