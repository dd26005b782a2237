"""A data folder brought into a bucket: whole, in any number of attempts, and never over another one."""

import os
import subprocess
import sys

import pytest
from fakes.processes import ROOT
from fakes.s3 import bucket_of, environment

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.migration import Migrated, foreign, migrate
from phoenix_core.storage.cache import Local
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake

DAYS = 12


@pytest.fixture
def folder(tmp_path):
    """Days with their files, one of them in a file of somebody's own, and something beside."""
    lake = Lake.at(tmp_path / "data")
    manifest = Manifest(lake)
    for day in range(1, DAYS + 1):
        content = b"ticks" * day
        lake.write(f"catalog/{day:02}.parquet", content)
        manifest.record(
            Entry("um/x/ticks", f"2024-03-{day:02}", True, file=f"catalog/{day:02}.parquet", sha256=sha256_of(content))
        )
    own = tmp_path / "own.csv"
    own.write_bytes(b"own")
    manifest.record(Entry("um/x/raw", "2024-03-01", True, file=str(own), sha256=sha256_of(b"own")))
    lake.write("trials/one.json", b"{}")
    return lake


@pytest.fixture
def bucket(tmp_path):
    return Lake.at(bucket_of(tmp_path), Local(tmp_path / "local"))


def content_of(lake):
    return {name: lake.read(name) for name in lake.names("")}


def total(migrated):
    return sum(migrated, Migrated())


def test_everything_is_there_and_nothing_is_sent_twice(folder, bucket):
    """All files under their names; a second time none of them; what lies elsewhere is named."""
    before = content_of(folder)
    files = 2 * DAYS + 2
    assert total(migrate(folder, bucket)) == Migrated(files, 0, sum(map(len, before.values())))
    assert content_of(bucket) == before == content_of(folder)
    assert total(migrate(folder, bucket)) == Migrated(0, files, 0)
    assert [(entry.asset, entry.day) for entry in foreign(bucket)] == [("um/x/raw", "2024-03-01")]
    assert bucket.leftovers() == []


def test_and_back(folder, bucket, tmp_path):
    """A bucket into a folder likewise."""
    total(migrate(folder, bucket))
    again = Lake.at(tmp_path / "again")
    total(migrate(bucket, again))
    assert content_of(again) == content_of(folder)


_KILLED = """
import os, signal, sys
from pathlib import Path
import obstore
from phoenix_core.migration import migrate
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
plain, left = obstore.put, iter(range(int(sys.argv[4])))
def put(*given, **named):
    if not given[1].startswith("_probe") and next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*given, **named)
obstore.put = put
list(migrate(Lake.at(sys.argv[1]), Lake.at(sys.argv[2], Local(Path(sys.argv[3])))))
"""


@pytest.mark.slow
@pytest.mark.parametrize("puts", [5, DAYS + 4])
def test_a_killed_migration_goes_on(folder, bucket, tmp_path, puts):
    """Among files or among entries: until files are there no entry is, and a second attempt sends only the rest."""
    command = [sys.executable, "-c", _KILLED, folder.location, bucket.location, str(tmp_path / "local"), str(puts)]
    env = os.environ | environment() | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, cwd=ROOT, env=env).returncode == -9
    manifest = Manifest(bucket)
    for entry in manifest.find_many(manifest.recorded()).values():
        manifest.verify(entry)
    left = len(folder.names("")) - len(bucket.names(""))
    assert left > 0
    assert total(migrate(folder, bucket)).copied == left
    assert content_of(bucket) == content_of(folder)


def test_files_of_an_attempt_that_is_out_of_date_are_replaced(folder, bucket):
    """As long as there is no entry, nobody reads there."""
    bucket.write("catalog/01.parquet", b"as it was")
    total(migrate(folder, bucket))
    assert content_of(bucket) == content_of(folder)


def test_what_is_in_use_is_left_alone(folder, bucket):
    """Another installation's bucket, or one that was worked in since."""
    total(migrate(folder, bucket))
    bucket.write("catalog/03.parquet", b"made anew")
    folder.write("catalog/99.parquet", b"new")
    with pytest.raises(ConfigInvalid, match=r"catalog/03\.parquet is not .* is in use\. Nothing was copied"):
        total(migrate(folder, bucket))
    assert "catalog/99.parquet" not in bucket.names("")


def test_a_file_that_does_not_arrive_whole_is_an_error(folder, bucket, monkeypatch):
    """It is read back, whatever the server said."""
    monkeypatch.setattr("phoenix_core.migration.shutil.copyfile", lambda _, staged: staged.write_bytes(b"damaged"))
    with pytest.raises(CatalogCorrupt, match="is not what was published"):
        total(migrate(folder, bucket))
    assert bucket.names("manifest") == []
