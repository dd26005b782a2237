"""What days of one process share."""

from phoenix_dagster.resources import Workspace


def test_days_share_one_client(tmp_path, server):
    """Its connections stay open from one day to the next; each day still tells its own progress."""
    workspace = Workspace(data=str(tmp_path / "data"), archive_url=server.url, today="2024-04-02")
    first, second = workspace.ingest(print), workspace.ingest(print)
    assert first.sources[0] is second.sources[0]
    assert first.progress is not second.progress
