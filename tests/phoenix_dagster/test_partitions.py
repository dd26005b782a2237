"""Which days are partitions, and that asked days are the days that run, whoever asks."""

from datetime import date

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster_graphql.schema import create_schema
from fakes.processes import ROOT

from phoenix_dagster.partitions import daily
from phoenix_dagster.settings import Settings

DAYS = ["2024-03-24", "2024-03-28"]
LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
TARGETS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
    assetKey { path } numPartitionsTargeted } } } } } }"""
NODES = "query { assetNodes { assetKey { path } isPartitioned } }"


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """The webserver's own schema over the code location, without a server."""
    for name, value in {"DATA": tmp_path, "ARCHIVE_URL": tmp_path, "START": "2024-01-01"}.items():
        monkeypatch.setenv(f"PHOENIX_{name}", str(value))
    schema = create_schema()
    target = PythonFileTarget(
        python_file=str(ROOT / "phoenix_dagster" / "definitions.py"),
        attribute=None,
        working_directory=str(ROOT),
        location_name="phoenix",
    )
    with dg.instance_for_test() as instance, WorkspaceProcessContext(instance, target) as process:
        request = process.create_request_context()

        def run(query, **variables):
            done = schema.execute(query, variables=variables, context_value=request)
            assert not done.errors, done.errors
            return done.data

        yield run


# Dagster's resolver calls a function that Dagster deprecates.
@pytest.mark.filterwarnings("ignore:Function .AssetSelection.sources:DeprecationWarning")
def test_two_days_of_everything_are_two_of_each(ask):
    """A backfill over all daily assets and two days, days apart, targets just these of each asset."""
    every = [node["assetKey"] for node in ask(NODES)["assetNodes"] if node["isPartitioned"]]
    asked = {"assetSelection": every, "partitionNames": DAYS}
    launched = ask(LAUNCH, p=asked)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    found = ask(TARGETS, id=launched["backfillId"])["partitionBackfillOrError"]["assetBackfillData"]
    targeted = {
        dg.AssetKey(status["assetKey"]["path"]): status["numPartitionsTargeted"]
        for status in found["assetBackfillStatuses"]
    }
    assert targeted == {dg.AssetKey(key["path"]): len(DAYS) for key in every}


def test_an_end_is_the_last_partition():
    """Inclusive, as every range of ours."""
    keys = daily(Settings(start=date(2024, 3, 24), end=date(2024, 3, 28))).get_partition_keys()
    assert (len(keys), keys[0], keys[-1]) == (5, "2024-03-24", "2024-03-28")


def test_without_an_end_yesterday_is_the_last(noon_of):
    """Also with one that is yet to come."""
    noon_of(date(2024, 4, 2))
    assert daily(Settings()).get_last_partition_key() == "2024-04-01"
    assert daily(Settings(end=date(2024, 5, 2))).get_last_partition_key() == "2024-04-01"
