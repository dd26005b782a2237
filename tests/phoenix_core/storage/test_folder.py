"""What a folder has besides the contract."""

import os
from pathlib import Path

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.lake import Lake


@pytest.fixture
def folder(tmp_path):
    return FolderStore(tmp_path / "data")


def test_a_file_is_opened_where_it_lies(folder):
    """Nothing is copied."""
    Lake(folder).write("a/b.bin", b"x")
    assert folder.fetch("a/b.bin", sha256_of(b"x")) == folder.root / "a" / "b.bin"


def test_bytes_are_on_the_disk_before_the_name_is(folder, monkeypatch):
    """The file is flushed, then moved, then its folder is flushed."""
    done = []
    flush, move = os.fsync, os.replace

    def fsync(handle):
        done.append(f"flush {Path(f'/proc/self/fd/{handle}').readlink().name.rpartition('.')[2]}")
        flush(handle)

    def replace(source, target):
        done.append("move")
        move(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    Lake(folder).write("a/b.bin", b"x")
    assert done == ["flush part", "move", "flush a"]


def test_a_link_that_leads_out_is_refused(folder, tmp_path):
    """As a name is: nothing is read or written over it."""
    folder.root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder.root / "link").symlink_to(tmp_path / "secret")
    for ask in (folder.read, folder.stat, folder.sha256, folder.remove):
        with pytest.raises(ConfigInvalid, match="leads out"):
            ask("link")


def test_a_library_is_told_the_folder(folder):
    """NautilusTrader's catalog lists and opens files by itself."""
    assert folder.directory("catalog").path == str(folder.root / "catalog")
    assert folder.directory("catalog").protocol == "file"


def test_a_folder_that_cannot_be_listed_is_an_error(folder, monkeypatch):
    """Its days would seem never to have been."""
    Lake(folder).write("a/b.bin", b"x")
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        folder.names("")
