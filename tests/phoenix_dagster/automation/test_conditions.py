"""What follows the raw files of a new day, evaluated by Dagster's own evaluator."""

from datetime import timedelta

import dagster as dg
import pytest

from phoenix_core.market import utc_today

YESTERDAY = utc_today() - timedelta(1)
OLD = utc_today() - timedelta(60)


@pytest.fixture
def follow(make_defs, instance, tmp_path):
    """Report materializations, and give what each evaluation requests: names by day."""
    cursor = None
    defs = make_defs(tmp_path, tmp_path, start=utc_today() - timedelta(90), sensor_days=3)

    class Follow:
        graph = defs.resolve_asset_graph()

        def report(self, names, day):
            for name in names:
                key = dg.AssetKey(["um", "btcusdt", name])
                instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day.isoformat()))

        def evaluate(self):
            nonlocal cursor
            result = dg.evaluate_automation_conditions(defs=defs, instance=instance, cursor=cursor)
            cursor = result.cursor
            return {
                (key.path[-1], partition)
                for key in self.graph.materializable_asset_keys
                for partition in result.get_requested_partitions(key)
            }

        def group(self, stage):
            group = f"um_btcusdt_{stage}"
            return {
                key.path[-1] for key in self.graph.materializable_asset_keys if self.graph.get(key).group_name == group
            }

    return Follow()


def test_catalog_and_signals_follow_a_new_day(follow):
    """The raw files of yesterday bring its catalog and its signals, in one go; not its backtest."""
    assert follow.evaluate() == set()
    follow.report(follow.group("raw"), YESTERDAY)
    requested = follow.evaluate()
    day = YESTERDAY.isoformat()
    assert requested == {(name, day) for name in follow.group("catalog") | follow.group("signals")}
    follow.report({name for name, _ in requested}, YESTERDAY)
    assert follow.evaluate() == set()


def test_a_replaced_file_flows_downstream(follow):
    """New trades bring the catalog of trades and what is made of it, nothing else."""
    follow.evaluate()
    every = follow.group("raw") | follow.group("catalog") | follow.group("signals")
    follow.report(follow.group("raw"), YESTERDAY)
    follow.evaluate()
    follow.report(every - follow.group("raw"), YESTERDAY)
    follow.evaluate()
    follow.report({"agg_trades"}, YESTERDAY)
    names = {name for name, _ in follow.evaluate()}
    assert names == {"trade_ticks", "instrument", "consistency", "volume_buckets", "signals"}


def test_half_a_day_waits(follow):
    """Without metrics of the day no signals; the catalog of what is there comes at once."""
    follow.evaluate()
    follow.report(follow.group("raw") - {"metrics"}, YESTERDAY)
    names = {name for name, _ in follow.evaluate()}
    assert "trade_ticks" in names
    assert not names & {"open_interest", "signals"}


def test_old_days_are_left_to_backfills(follow):
    """A raw file of two months ago brings nothing."""
    follow.evaluate()
    follow.report({"agg_trades"}, OLD)
    assert follow.evaluate() == set()


@pytest.mark.parametrize("wished", [False, True])
def test_a_days_backtest_follows_if_wished(make_defs, instance, tmp_path, wished):
    """Its signals are new: the backtest of the day is requested, or it is not."""
    defs = make_defs(tmp_path, tmp_path, start=utc_today() - timedelta(90), sensor_days=3, daily_backtest=wished)
    graph = defs.resolve_asset_graph()
    first = dg.evaluate_automation_conditions(defs=defs, instance=instance, cursor=None)
    for key in graph.materializable_asset_keys:
        if graph.get(key).is_partitioned and key.path[-1] != "backtest":
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=YESTERDAY.isoformat()))
    result = dg.evaluate_automation_conditions(defs=defs, instance=instance, cursor=first.cursor)
    requested = result.get_requested_partitions(dg.AssetKey(["um", "btcusdt", "backtest"]))
    assert requested == ({YESTERDAY.isoformat()} if wished else set())
