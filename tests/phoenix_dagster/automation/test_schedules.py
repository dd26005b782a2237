"""The morning schedule asks for yesterday; the launchpad's config runs as it stands."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from phoenix_core.market import Listing
from phoenix_dagster.automation.jobs import continuous_job


def test_yesterday_is_requested_in_the_morning(make_defs, tmp_path):
    """For each symbol one run of all its daily assets, at 08:30 UTC, for the day before."""
    defs = make_defs(tmp_path, tmp_path, symbols="um:BTCUSDT,spot:ETHUSDT")
    schedule = defs.resolve_schedule_def("morning")
    assert schedule.cron_schedule == "30 8 * * *"
    moment = datetime(2024, 3, 31, 8, 30, tzinfo=UTC)
    repository = defs.get_repository_def()
    with dg.build_schedule_context(scheduled_execution_time=moment, repository_def=repository) as context:
        data = schedule.evaluate_tick(context)
    assert [(one.run_key, one.partition_key) for one in data.run_requests] == [
        ("um:BTCUSDT:2024-03-30", "2024-03-30"),
        ("spot:ETHUSDT:2024-03-30", "2024-03-30"),
    ]
    graph = defs.resolve_asset_graph()
    daily = {
        key for key in graph.materializable_asset_keys if graph.get(key).is_partitioned and key.path[0] != "sweeps"
    }
    assert {key for one in data.run_requests for key in one.asset_selection} == daily
    assert {key.path[1] for key in data.run_requests[1].asset_selection} == {"ethusdt"}


@pytest.mark.parametrize(("end", "asked"), [(date(2024, 3, 29), []), (date(2024, 3, 30), ["2024-03-30"])])
def test_nothing_is_requested_after_the_last_day(make_defs, tmp_path, end, asked):
    """The morning after PHOENIX_END is the last one with a run; a later one says why there is none."""
    defs = make_defs(tmp_path, tmp_path, end=end)
    schedule = defs.resolve_schedule_def("morning")
    moment = datetime(2024, 3, 31, 8, 30, tzinfo=UTC)
    repository = defs.get_repository_def()
    with dg.build_schedule_context(scheduled_execution_time=moment, repository_def=repository) as context:
        data = schedule.evaluate_tick(context)
    assert [one.partition_key for one in data.run_requests or []] == asked
    assert asked or "after PHOENIX_END, 2024-03-29" in data.skip_message


@pytest.mark.parametrize(("on", "status"), [(False, "STOPPED"), (True, "RUNNING")])
def test_schedules_start_as_set(make_defs, tmp_path, on, status):
    """Switched off, unless the setting says otherwise."""
    schedule = make_defs(tmp_path, tmp_path, schedules=on).resolve_schedule_def("morning")
    assert schedule.default_status.value == status


def test_the_launchpads_config_is_valid(make_defs, tmp_path):
    """The prefilled config names only fields that exist, of the one asset that has them."""
    defs = make_defs(tmp_path, tmp_path)
    job = defs.resolve_job_def("backtest_um_btcusdt")
    config = continuous_job(Listing.parse("um:BTCUSDT")).config
    assert dg.validate_run_config(job, config)
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, {"ops": {"um__btcusdt__continuous_backtest": {"config": {"frist": ""}}}})
