"""Sources as settings name them."""

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.sources.opened import opened

URL = "https://mirror.example"


def test_nothing_named_is_the_archive_alone(tmp_path):
    """A mirror, or a folder in the archive's layout; a folder of another layout is used where it lies."""
    archive, trees = opened((), URL)
    assert archive.client.url("x") == f"{URL}/x"
    assert trees == ()
    (tmp_path / "data" / "spot").mkdir(parents=True)
    archive, trees = opened((), str(tmp_path))
    assert archive.client.is_folder
    archive, trees = opened((), str(tmp_path / "data"))
    assert archive is None
    assert [tree.root for tree in trees] == [tmp_path / "data"]


def test_folders_come_first_and_the_network_only_if_named(tmp_path):
    """In their order; no address, no network."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    archive, trees = opened([str(folder) for folder in folders], URL)
    assert archive is None
    assert [tree.root for tree in trees] == folders
    archive, trees = opened([str(folders[1]), URL], "https://other.example")
    assert archive.client.url("x") == f"{URL}/x"
    assert [tree.root for tree in trees] == folders[1:]


@pytest.mark.parametrize("named", [[URL, "."], [URL, URL], ["/nowhere/at/all"], ["ftp://mirror.example"]])
def test_other_sources_are_refused(named):
    """An address before a folder, two addresses, a folder that is not there, another protocol."""
    with pytest.raises(ConfigInvalid, match="PHOENIX_SOURCES is"):
        opened(named, URL)
