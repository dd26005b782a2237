"""The look-back of signals through Dagster: made, told to the history, and the same bytes in a range as alone."""

from datetime import date

import dagster as dg
import pytest

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize
from phoenix_dagster.operation.doctor import disagreements_of

DAYS = (date(2024, 3, 24), date(2024, 3, 25))
NAMES = "agg_trades book_depth metrics trade_ticks depth open_interest volume_buckets signals"
UM = Listing.parse("um:BTCUSDT")


def key(name):
    return dg.AssetKey(["um", "btcusdt", name])


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("published")
    for day in DAYS:
        for dataset in (AGG_TRADES, BOOK_DEPTH, METRICS):
            write_dataset(root, UM, dataset, MarketDay(day, 7, MarketSize(trades=6_000)))
    return root


@pytest.mark.slow
def test_a_day_alone_makes_its_look_back_and_the_history_knows(archive, make_defs, materialize, instance, tmp_path):
    """One partition asked; yesterday's trades and thirty days of metrics are materialized too, with their versions."""
    defs = make_defs(tmp_path, archive)
    assert materialize(defs, NAMES, partition_key=str(DAYS[1])).success
    assert instance.get_materialized_partitions(key("signals")) == {str(DAYS[1])}
    assert instance.get_materialized_partitions(key("volume_buckets")) == {str(day) for day in DAYS}
    assert len(instance.get_materialized_partitions(key("open_interest"))) == 31
    record = instance.fetch_materializations(
        dg.AssetRecordsFilter(key("trade_ticks"), asset_partitions=[str(DAYS[0])]), limit=1
    ).records[0]
    entry = Manifest(Lake.at(tmp_path)).find("um/btcusdt/trade_ticks", DAYS[0])
    assert record.asset_materialization.tags["dagster/data_version"] == entry.data_version
    assert list(disagreements_of(Lake.at(tmp_path), defs, instance)) == []


def test_days_before_the_first_partition_are_in_the_manifest_alone(archive, make_defs, materialize, instance, tmp_path):
    """The history can't hold them; the doctor does not ask it to."""
    defs = make_defs(tmp_path, archive, start=DAYS[1])
    assert materialize(defs, NAMES, partition_key=str(DAYS[1])).success
    assert Manifest(Lake.at(tmp_path)).find("um/btcusdt/trade_ticks", DAYS[0]).published
    assert instance.get_materialized_partitions(key("trade_ticks")) == {str(DAYS[1])}
    assert list(disagreements_of(Lake.at(tmp_path), defs, instance)) == []


@pytest.mark.slow
def test_a_range_in_one_run_gives_the_bytes_of_single_days(archive, make_defs, materialize, tmp_path):
    """Signals of both days, digest by digest, and their entries."""
    single, ranged = tmp_path / "single", tmp_path / "ranged"
    for day in reversed(DAYS):
        materialize(make_defs(single, archive), NAMES, partition_key=str(day))
    tags = {"dagster/asset_partition_range_start": str(DAYS[0]), "dagster/asset_partition_range_end": str(DAYS[1])}
    assert materialize(make_defs(ranged, archive, days_per_run="all"), NAMES, tags=tags).success
    for day in DAYS:
        one, other = (Manifest(Lake.at(root)).find("um/btcusdt/signals", day) for root in (single, ranged))
        assert one == other
        assert one.published


@pytest.mark.slow
def test_a_replaced_day_shows_whose_signals_are_out_of_date(archive, make_defs, materialize, tmp_path):
    """The check up_to_date of the replaced day names the day after it, until that is made again."""
    defs = make_defs(tmp_path / "lake", archive)
    for day in DAYS:
        materialize(defs, NAMES, partition_key=str(day))
    other = tmp_path / "replaced"
    write_dataset(other, UM, AGG_TRADES, MarketDay(DAYS[0], 8, MarketSize(trades=6_000)))
    replaced = make_defs(tmp_path / "lake", other)

    def check(result):
        return next(one for one in result.get_asset_check_evaluations() if one.check_name == "up_to_date")

    names = "agg_trades trade_ticks volume_buckets signals"
    outcome = check(materialize(replaced, names, partition_key=str(DAYS[0])))
    assert not outcome.passed
    assert outcome.metadata[str(DAYS[0])].value.endswith(f"materialize signals again: {DAYS[1]}")
    assert check(materialize(replaced, "signals", partition_key=str(DAYS[1]))).passed


@pytest.mark.slow
def test_a_day_without_any_data_is_absent_through_to_the_report(server, make_defs, materialize, instance, tmp_path):
    """Everything of one day is selected and nothing was published: green, each with the reason, the report too."""
    defs = make_defs(tmp_path, server.url)
    assert materialize(defs, "*", partition_key="2024-03-30").success
    for name in ("signals", "backtest", "continuous_backtest", "report"):
        event = instance.get_latest_materialization_event(key(name)).asset_materialization
        assert event.metadata["published"].value is False, name
        assert event.metadata["reason"].value == "missing: the archive has no agg_trades of um:BTCUSDT for 2024-03-30"
    config = {"first": "2024-03-30", "last": "2024-03-31"}
    assert materialize(defs, NAMES, partition_key="2024-03-31").success
    ops = {"ops": {key("continuous_backtest").to_python_identifier(): {"config": config}}}
    assert materialize(defs, "continuous_backtest report", config=ops).success
    event = instance.get_latest_materialization_event(key("report")).asset_materialization
    assert event.metadata["reason"].value.startswith("none of 2 days can be replayed; 2024-03-30: missing: ")
