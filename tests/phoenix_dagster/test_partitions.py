"""Which days are partitions, and that asked days are the days that run, whoever asks."""

from datetime import date

import dagster as dg
import pytest

from phoenix_dagster.partitions import daily
from phoenix_dagster.settings import Settings

DAYS = ["2024-03-24", "2024-03-28"]
LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
TARGETS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
    assetKey { path } numPartitionsTargeted } } } } } }"""
NODES = "query { assetNodes { assetKey { path } isPartitioned } }"


# Dagster's resolver calls a function that Dagster deprecates.
@pytest.mark.filterwarnings("ignore:Function .AssetSelection.sources:DeprecationWarning")
def test_two_days_of_everything_are_two_of_each(ask):
    """A backfill over all partitioned assets and two days, days apart, targets just these of each, and no variant."""
    ask.instance.add_dynamic_partitions("um_btcusdt_variants", ["674f2cc080d8@2024-03-24_2024-03-28"])
    every = [node["assetKey"] for node in ask(NODES)["assetNodes"] if node["isPartitioned"]]
    asked = {"assetSelection": every, "partitionNames": DAYS}
    launched = ask(LAUNCH, p=asked)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    found = ask(TARGETS, id=launched["backfillId"])["partitionBackfillOrError"]["assetBackfillData"]
    targeted = {
        dg.AssetKey(status["assetKey"]["path"]): status["numPartitionsTargeted"]
        for status in found["assetBackfillStatuses"]
    }
    daily = [key for key in every if key["path"][0] != "sweeps"]
    assert len(daily) == len(every) - 1
    assert targeted == {dg.AssetKey(key["path"]): len(DAYS) for key in daily}


def test_an_end_is_the_last_partition():
    """Inclusive, as every range of ours."""
    keys = daily(Settings(start=date(2024, 3, 24), end=date(2024, 3, 28))).get_partition_keys()
    assert (len(keys), keys[0], keys[-1]) == (5, "2024-03-24", "2024-03-28")


def test_without_an_end_yesterday_is_the_last(noon_of):
    """Also with one that is yet to come."""
    noon_of(date(2024, 4, 2))
    assert daily(Settings()).get_last_partition_key() == "2024-04-01"
    assert daily(Settings(end=date(2024, 5, 2))).get_last_partition_key() == "2024-04-01"
