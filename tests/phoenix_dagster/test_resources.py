"""What days of one process share."""

from dagster import build_resources

from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_dagster.resources import Workspace


def test_days_share_one_client(tmp_path, server):
    """Its connections stay open from one day to the next; each day still tells its own progress."""
    workspace = Workspace(data=str(tmp_path / "data"), archive_url=server.url, today="2024-04-02")
    first, second = workspace.ingest(print), workspace.ingest(print)
    assert first.sources[0] is second.sources[0]
    assert first.progress is not second.progress


def test_a_run_hashes_a_file_once(tmp_path, server, monkeypatch):
    """Stages read each other's files; what one found whole the next one opens, and the next run hashes anew."""
    hashed = []
    # The file was written a moment ago, and files that new are hashed again.
    monkeypatch.setattr("phoenix_core.storage.verified_once._TICKS_NS", 0)
    monkeypatch.setattr(
        "phoenix_core.storage.folder.sha256_of", lambda path: hashed.append(path.name) or sha256_of(path)
    )
    Lake.at(tmp_path / "data").write("day", b"ticks")
    for runs in (1, 2):
        with build_resources({"workspace": Workspace(data=str(tmp_path / "data"), archive_url=server.url)}) as given:
            for lake in (given.workspace.lake(), given.workspace.over(given.workspace.lake().watching("day")).lake()):
                lake.fetch("day", sha256_of(b"ticks"))
        assert hashed == ["day"] * runs
