"""What a process puts aside for itself."""

import gc

import pytest

from phoenix_core.errors import StorageFailed
from phoenix_core.storage.spill import Spill


def test_what_was_put_is_there(tmp_path):
    """In any order, and as often as it is asked for."""
    spill = Spill(tmp_path / "scratch")
    places = [spill.put(content) for content in (b"one", b"", b"three")]
    assert [spill.get(place) for place in (places[2], places[0], places[2], places[1])] == [
        b"three", b"one", b"three", b"",
    ]  # fmt: skip


def test_nobody_sees_it(tmp_path):
    """There is no name that a killed process would leave behind, and none at all before the first is put."""
    spill = Spill(tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
    spill.put(b"content")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_its_file_is_closed_with_it(tmp_path):
    """Without being asked: warnings of files left open are errors here."""
    spill = Spill(tmp_path)
    spill.put(b"content")
    file = spill._opened
    del spill
    gc.collect()
    assert file.closed


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """With the remedy of every other write that fails."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="file"):
        Spill(tmp_path / "file" / "scratch").put(b"content")
