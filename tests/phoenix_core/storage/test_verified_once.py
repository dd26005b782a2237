"""What was hashed once is not hashed again, unless somebody wrote to it."""

import pickle

import pytest
from fakes.stores import STORES

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.storage import copies_verified_once
from phoenix_core.storage import verified_once as module
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.verified_once import forget, verified_once

BYTES = b"ticks" * 100


@pytest.fixture(autouse=True)
def _settled(monkeypatch):
    """Files of these tests were just written, and count as old."""
    monkeypatch.setattr(module, "_TICKS_NS", 0)


@pytest.fixture
def lake(tmp_path):
    """A folder: other stores stay as they are."""
    return Lake.at(tmp_path / "data")


@pytest.fixture
def hashed(monkeypatch):
    """Names of files in the order in which they are hashed."""
    names = []
    monkeypatch.setattr(
        "phoenix_core.storage.folder.sha256_of", lambda path: names.append(path.name) or sha256_of(path)
    )
    return names


def test_a_file_is_hashed_once_for_an_occasion(lake, hashed):
    """Also by a store that was sent to a process as a pickle; another occasion hashes anew, as every reading did before."""
    lake.write("day", BYTES)
    digest, once = sha256_of(BYTES), verified_once(lake)
    sent = pickle.loads(pickle.dumps(once))  # noqa: S301 - as an executor of processes sends it
    paths = {once.fetch("day", digest), sent.fetch("day", digest)}
    assert (paths, hashed) == ({lake.store.path("day")}, ["day"])
    verified_once(lake).fetch("day", digest)
    assert len(hashed) == 2
    once.fetch("day", digest, fresh=True)
    assert len(hashed) == 3


def test_what_was_written_to_is_hashed_again(lake, hashed):
    """In place and of the same length, or replaced: it is refused; so is another digest of a file that was whole."""
    lake.write("day", BYTES)
    digest, once = sha256_of(BYTES), verified_once(lake)
    path = once.fetch("day", digest)
    written = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == written:  # the file system's clock ticks every few milliseconds
        path.write_bytes(BYTES[::-1])
    with pytest.raises(CatalogCorrupt, match="not what was published"):
        once.fetch("day", digest)
    lake.write("day", BYTES)
    assert once.fetch("day", digest) == path
    with pytest.raises(CatalogCorrupt):
        once.fetch("day", "0" * 64)
    path.unlink()
    with pytest.raises(CatalogCorrupt, match="no file"):
        once.fetch("day", digest)


def test_a_file_that_was_just_written_is_hashed_again(lake, hashed, monkeypatch):
    """Another write within a tick of the file system's clock would leave it with the same size, inode and time."""
    monkeypatch.setattr(module, "_TICKS_NS", 3_600 * 10**9)
    lake.write("day", BYTES)
    once = verified_once(lake)
    for _ in range(2):
        once.fetch("day", sha256_of(BYTES))
    assert hashed == ["day", "day"]


def test_a_copy_of_a_bucket_is_hashed_once(tmp_path, monkeypatch):
    """Asked for again it is neither hashed nor asked of the server, until somebody wrote to it or it is gone."""
    lake = Lake(STORES["bucket"].make(tmp_path))
    lake.write("day", BYTES)
    digest, once, hashed = sha256_of(BYTES), verified_once(lake), []
    sent = pickle.loads(pickle.dumps(once))  # noqa: S301 - as an executor of processes sends it
    monkeypatch.setattr("phoenix_core.storage.cache.sha256_of", lambda path: hashed.append(path) or sha256_of(path))
    path = once.fetch("day", digest)
    assert {once.fetch("day", digest), sent.fetch("day", digest)} == {path}
    assert len(hashed) == 1
    verified_once(lake).fetch("day", digest)
    assert len(hashed) == 2
    path.write_bytes(BYTES[:-1])
    assert once.fetch("day", digest).read_bytes() == BYTES
    path.unlink()
    assert once.fetch("day", digest).read_bytes() == BYTES
    lake.write("day", b"other")
    with pytest.raises(CatalogCorrupt, match="not what was published"):
        once.fetch("day", digest, fresh=True)


def test_it_is_a_folder_like_any(lake):
    """What is published through it is there for all."""
    verified_once(lake).write("a/b", BYTES)
    assert (lake.read("a/b"), isinstance(verified_once(lake).store, FolderStore)) == (BYTES, True)


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_an_occasion_that_is_over_leaves_nothing_behind(tmp_path, kind):
    """A worker has a run after another for weeks; what another occasion has found stays."""
    lake = Lake(STORES[kind].make(tmp_path))
    lake.write("day", BYTES)
    first, second = verified_once(lake), verified_once(lake)
    known = module._SEEN if kind == "folder" else copies_verified_once._COPIES
    for once in (first, second):
        once.fetch("day", sha256_of(BYTES))
    forget(first)
    assert {key[0] for key in known} & {first.store.occasion, second.store.occasion} == {second.store.occasion}
    forget(second)
    forget(lake)
