"""The check `fresh`: of recent days alone, run by its schedule, silent in backfills of old days."""

from datetime import date, timedelta

import dagster as dg
import pytest
from fakes.zips import AGG_HEADER, DAY, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES, datasets_on
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Interval, Market
from phoenix_core.storage.lake import Lake

TODAY = date(2024, 4, 2)
DUE = TODAY - timedelta(2)
TRADES = dg.AssetKey(["um", "btcusdt", "agg_trades"])


@pytest.fixture(autouse=True)
def _today(noon_of):
    noon_of(TODAY)


@pytest.fixture
def defs(make_defs, server, tmp_path):
    put_day(server.root, AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true")))
    return make_defs(tmp_path, server.url, sensor_days=1)


def result_of(done):
    found = [one for one in done.get_asset_check_evaluations() if one.check_name == "fresh"]
    return [(one.passed, one.severity.value, one.metadata["message"].value) for one in found]


def scheduled(defs, instance):
    """What its daily schedule launches."""
    schedule = defs.resolve_schedule_def("fresh_daily")
    return defs.resolve_job_def(schedule.job_name).execute_in_process(instance=instance)


def test_its_schedule_warns_of_a_late_day_and_is_quiet_once_it_is_here(defs, instance, tmp_path):
    """By name of day and dataset; a warning, never a failed run."""
    done = scheduled(defs, instance)
    assert done.success
    ((passed, severity, message),) = result_of(done)
    assert (passed, severity) == (False, "WARN")
    assert message.startswith(f"{DUE} lacks agg_trades, trades,")
    for dataset in datasets_on(Market.UM, (Interval.M1,)):
        entry = Entry(f"um/btcusdt/{dataset.name}", str(DUE), published=True, sha256="0" * 64)
        Manifest(Lake.at(tmp_path)).record(entry)
    assert result_of(scheduled(defs, instance)) == [(True, "WARN", "all here")]


@pytest.mark.parametrize("whole", [False, True], ids=["a day", "a range"])
def test_a_backfill_of_old_days_is_not_warned(defs, instance, materialize, whole, make_defs, server, tmp_path):
    """A run of days long ago says nothing of recent ones: it has no result of this check, and is green."""
    tags = {"dagster/asset_partition_range_start": str(DAY), "dagster/asset_partition_range_end": str(DAY)}
    if whole:
        defs = make_defs(tmp_path, server.url, sensor_days=1, days_per_run="all")
        done = materialize(defs, "agg_trades", tags=tags)
    else:
        done = materialize(defs, "agg_trades", partition_key=str(DAY))
    assert done.success
    assert result_of(done) == []
    assert {one.check_name for one in done.get_asset_check_evaluations()} >= {"published"}
    assert instance.get_latest_materialization_event(TRADES)
