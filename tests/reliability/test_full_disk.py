"""Disks that are full, read-only, or that fail: nothing is published, and the error says what to do."""

import errno
import os
import subprocess
from pathlib import Path

import pytest
from fakes.environment import unavailable

from phoenix_core.errors import StorageFailed
from phoenix_core.storage.lake import Lake


@pytest.fixture
def small_disk(tmp_path):
    """A file system of eight MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]).returncode:
        unavailable("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("written", [100_000, 50_000_000])
def test_a_full_disk_publishes_nothing(small_disk, written):
    """What fits is published; what does not leaves neither a file nor a leftover, and what was there stays."""
    lake = Lake.at(small_disk)
    lake.write("kept.json", b"kept")
    if written < 1_000_000:
        lake.write("new.bin", b"x" * written)
        assert (small_disk / "new.bin").stat().st_size == written
        return
    with pytest.raises(StorageFailed, match=r"No space left on device.*free space"):
        lake.write("new.bin", b"x" * written)
    assert files(small_disk) == [small_disk / "kept.json"]


def test_a_stage_on_a_full_disk_leaves_the_catalog_as_it_was(small_disk):
    """A conversion that runs out of space raises our error; no file of the catalog is there."""
    from reliability import stages  # noqa: PLC0415 - brings NautilusTrader

    lake = Lake.at(small_disk / "lake")
    stages.archive(small_disk.parent)
    stages.download(small_disk.parent, lake)
    (small_disk / "ballast").write_bytes(
        b"x" * (8 * 1_048_576 - sum(path.stat().st_size for path in files(small_disk)) - 60_000)
    )
    with pytest.raises(StorageFailed):
        stages.conversion(small_disk.parent, lake)
    published = files(small_disk / "lake" / "catalog")
    assert all(path.stat().st_size for path in published)
    assert not files(small_disk / "lake" / "_staging")
    (small_disk / "ballast").unlink()
    stages.conversion(small_disk.parent, lake)


def test_a_read_only_folder_is_a_storage_error(tmp_path, monkeypatch):
    """EACCES, EROFS, EDQUOT, EMFILE and ENAMETOOLONG are one line that says what to do."""
    lake = Lake.at(tmp_path)
    for code in (errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EMFILE, errno.ENAMETOOLONG):

        def refuse(*_, code=code):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(StorageFailed, match="mend the permissions"):
            lake.write("new.bin", b"x")
        assert files(tmp_path) == []


def test_a_failing_flush_publishes_nothing(tmp_path, monkeypatch):
    """EIO is not tried again: the file is gone and the old one stands."""
    lake = Lake.at(tmp_path)
    lake.write("kept.bin", b"old")

    def fail(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageFailed, match="Input/output error"):
        lake.write("kept.bin", b"new")
    assert (tmp_path / "kept.bin").read_bytes() == b"old"
    assert files(tmp_path) == [tmp_path / "kept.bin"]
