"""What steps print is seen on every host where data is in a bucket, and below the home where it is not."""

import shutil
import sys

import dagster as dg
import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from fakes.processes import ROOT
from fakes.s3 import bucket_of

from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_dagster.deployment.compute_logs import BucketComputeLogs
from phoenix_dagster.settings import settings

KEY = ["a-run", "compute_logs", "a_step"]


@pytest.fixture
def lake(tmp_path):
    return Lake.at(bucket_of(tmp_path), Local(tmp_path / "scratch"))


@pytest.fixture
def host(lake, tmp_path):
    """A host by its name, with a folder of its own."""
    made = []

    def named(name):
        made.append(BucketComputeLogs(lake, tmp_path / name))
        return made[-1]

    yield named
    for one in made:
        one.dispose()


def read(logs, io_type=ComputeIOType.STDOUT, offset=0):
    return logs.get_log_data_for_type(KEY, io_type, offset, None)[0]


def test_another_host_sees_what_a_step_printed(host, lake):
    """Both streams, once it is complete; nothing of it stays where it was captured."""
    here, there = host("here"), host("there")
    with here.capture_logs(KEY):
        sys.stdout.write("printed\n")
        sys.stderr.write("complained\n")
        assert not there.is_capture_complete(KEY)
    assert there.is_capture_complete(KEY)
    assert (read(there), read(there, ComputeIOType.STDERR)) == (b"printed\n", b"complained\n")
    assert read(there, offset=3) == b"nted\n"
    assert there.display_path_for_type(KEY, ComputeIOType.STDOUT) == lake.address(
        "compute_logs/a-run/compute_logs/a_step.out"
    )


def test_a_step_that_runs_is_seen_too(host):
    """As far as it was uploaded."""
    here, there = host("here"), host("there")
    with here.capture_logs(KEY):
        sys.stdout.write("so far\n")
        sys.stdout.flush()
        here.on_progress(KEY)
        assert read(there) == b"so far\n"


def test_deleted_is_deleted_everywhere(host, lake):
    """Of one step, or of a run."""
    here = host("here")
    for delete in ({"log_key": KEY}, {"prefix": KEY[:1]}):
        with here.capture_logs(KEY):
            here.on_progress(KEY)
        assert lake.names("compute_logs")
        here.delete_logs(**delete)
        assert lake.names("compute_logs") == []


@pytest.fixture
def fresh_settings():
    """Read once in a process, and for these tests anew."""
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("is_bucket", [True, False])
def test_the_environment_chooses(tmp_path, monkeypatch, fresh_settings, is_bucket):
    """One dagster.yaml for both: by where data lies."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("PHOENIX_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("PHOENIX_DATA", bucket_of(tmp_path) if is_bucket else str(tmp_path / "data"))

    @dg.asset
    def thing():
        sys.stdout.write("from a step")

    with dg.DagsterInstance.get() as instance:
        logs = instance.compute_log_manager
        assert isinstance(logs, BucketComputeLogs if is_bucket else LocalComputeLogManager)
        assert dg.materialize([thing], instance=instance).success
        (run,) = instance.get_run_records()
        (event,) = [
            one.dagster_event
            for one in instance.all_logs(run.dagster_run.run_id)
            if one.dagster_event and one.dagster_event.event_type_value == "LOGS_CAPTURED"
        ]
        key = [run.dagster_run.run_id, "compute_logs", event.event_specific_data.file_key]
        assert b"from a step" in logs.get_log_data_for_type(key, ComputeIOType.STDOUT, 0, None)[0]
