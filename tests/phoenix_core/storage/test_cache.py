"""Files of a store elsewhere, kept here under their digests."""

import os

import pytest

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.storage.cache import DigestCache
from phoenix_core.storage.digests import sha256_of


class Remote:
    """A store's file, which counts how often it is downloaded."""

    def __init__(self, content):
        self.content, self.asked = content, 0

    def download(self, target):
        self.asked += 1
        if self.content is None:
            raise FileNotFoundError
        target.write_bytes(self.content)


@pytest.fixture
def cache(tmp_path):
    return DigestCache(tmp_path / "cache", max_bytes=250)


def ask(cache, remote, digest, *, known=True):
    return cache.file("a/day.parquet", digest, known=known, download=remote.download, address="s3://b/a/day.parquet")


def test_a_file_comes_once(cache):
    """Under its own last name, by which readers know what it is."""
    remote = Remote(b"x" * 100)
    first = ask(cache, remote, sha256_of(b"x" * 100))
    assert first == ask(cache, remote, sha256_of(b"x" * 100))
    assert (first.name, first.read_bytes(), remote.asked) == ("day.parquet", b"x" * 100, 1)
    ask(cache, remote, sha256_of(b"x" * 100), known=False)
    assert remote.asked == 2


def test_what_was_damaged_here_comes_again(cache):
    """A disk flips bits in a cache as anywhere else."""
    remote = Remote(b"x" * 100)
    ask(cache, remote, sha256_of(b"x" * 100)).write_bytes(b"y" * 100)
    assert ask(cache, remote, sha256_of(b"x" * 100)).read_bytes() == b"x" * 100
    assert remote.asked == 2


@pytest.mark.parametrize("content", [b"other", None])
def test_other_bytes_are_refused_and_not_kept(cache, tmp_path, content):
    """Nor is a part of them, and the message names the store's file."""
    with pytest.raises(CatalogCorrupt, match=r"s3://b/a/day\.parquet is not what was published"):
        ask(cache, Remote(content), "0" * 64)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_looked_at_once_goes_first(cache):
    """A doctor goes through a whole bucket, which is larger than the disk: a minute later its copies may go."""
    looked, used = (bytes([number]) * 100 for number in (1, 2))
    first = ask(cache, Remote(used), sha256_of(used))
    other = ask(cache, Remote(looked), sha256_of(looked), known=False)
    assert 3500 < first.stat().st_mtime - other.stat().st_mtime < 3700
    again = ask(cache, Remote(used), sha256_of(used), known=False)
    assert abs(again.stat().st_mtime - first.stat().st_mtime) < 60
    for path in (other, again):
        os.utime(path, (0, path.stat().st_mtime - 100))
    last = ask(cache, Remote(bytes(100)), sha256_of(bytes(100)))
    assert [path.exists() for path in (other, again, last)] == [False, True, True]


def test_above_its_bound_the_oldest_go(cache):
    """But none that was handed out within the hour: somebody may be about to open it."""
    contents = [bytes([number]) * 100 for number in range(4)]
    paths = [ask(cache, Remote(content), sha256_of(content)) for content in contents[:3]]
    assert all(path.exists() for path in paths)
    for age, path in zip((30_000, 10_000, 20_000), paths, strict=True):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    paths.append(ask(cache, Remote(contents[3]), sha256_of(contents[3])))
    assert [path.exists() for path in paths] == [False, True, False, True]
    assert not paths[0].parent.exists()
