"""Asset keys, groups and mappings are a contract: people script against them."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from phoenix_core.datasets import DATASETS, datasets_on
from phoenix_core.market import Interval, Market

ROOT = Path(__file__).parents[2]

KEYS = {
    "raw": {
        "agg_trades", "trades", "book_ticker", "metrics", "book_depth", "liquidation_snapshot", "klines_1m", "mark_price_klines_1m",
        "index_price_klines_1m", "premium_index_klines_1m", "funding_rate",
    },
    "catalog": {
        "trade_ticks", "individual_trades", "quote_ticks", "bars_1m", "mark_prices", "index_price_bars_1m",
        "premium_index_bars_1m", "open_interest", "depth", "liquidations", "funding_updates", "instrument",
        "consistency",
    },
    "signals": {"volume_buckets", "signals"},
    "backtest": {"backtest", "continuous_backtest", "report"},
}  # fmt: skip


@pytest.fixture
def graph(make_defs, tmp_path):
    return make_defs(tmp_path, tmp_path).resolve_asset_graph()


def test_keys_and_groups_are_the_designs(graph):
    """um/btcusdt/agg_trades in the group um_btcusdt_raw, and so on: no more, no less."""
    found = {}
    for key in graph.materializable_asset_keys:
        market, symbol, name = key.path
        assert (market, symbol) == ("um", "btcusdt")
        found.setdefault(graph.get(key).group_name, set()).add(name)
    assert found == {f"um_btcusdt_{stage}": names for stage, names in KEYS.items()}


def test_every_dataset_is_served_at_every_stage(make_defs, tmp_path):
    """Each entry of the registry has its raw and its catalog asset on each of its markets."""
    defs = make_defs(tmp_path, tmp_path, symbols="um:BTCUSDT,cm:BTCUSD_PERP,spot:ETHUSDT")
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().materializable_asset_keys}
    symbols = {Market.UM: "btcusdt", Market.CM: "btcusd_perp", Market.SPOT: "ethusdt"}
    for market, symbol in symbols.items():
        for dataset in datasets_on(market):
            assert f"{market.value}/{symbol}/{dataset.name}" in keys
            assert f"{market.value}/{symbol}/{dataset.catalog_name}" in keys
    assert {market for dataset in DATASETS for market in dataset.markets} == set(Market)


def test_klines_come_at_further_intervals(make_defs, tmp_path):
    """Set 5m, and there are klines_5m and bars_5m beside those of a minute."""
    defs = make_defs(tmp_path, tmp_path, kline_intervals=(Interval.M5,))
    names = {key.path[-1] for key in defs.resolve_asset_graph().materializable_asset_keys}
    assert {"klines_1m", "klines_5m", "bars_1m", "bars_5m"} <= names


@pytest.mark.slow
def test_the_workspace_loads():
    """workspace.yaml at the top names the code location."""
    subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip


def test_one_partitions_definition_is_shared(graph):
    """Definitions that differ split runs and break --select across assets."""
    shared = {
        id(graph.get(key).partitions_def) for key in graph.materializable_asset_keys if graph.get(key).is_partitioned
    }
    definitions = {graph.get(key).partitions_def for key in graph.materializable_asset_keys} - {None}
    assert len(definitions) == 1, shared
    assert not graph.get(dg.AssetKey(["um", "btcusdt", "continuous_backtest"])).is_partitioned


def test_a_day_depends_on_its_own_day_alone(make_defs, tmp_path):
    """No mapping leads from one partition into another: Dagster would follow it and widen every backfill."""
    defs = make_defs(tmp_path, tmp_path, symbols="um:BTCUSDT,cm:BTCUSD_PERP,spot:ETHUSDT")
    mappings = [dep.partition_mapping for asset in defs.assets for spec in asset.specs for dep in spec.deps]
    assert mappings
    assert set(mappings) == {None}


@pytest.mark.parametrize(("days", "most"), [(1, 1), (7, 7), ("all", None)])
def test_days_per_run_is_the_backfill_policy(make_defs, tmp_path, days, most):
    """One day a run by default; a range in one run when set."""
    defs = make_defs(tmp_path, tmp_path, days_per_run=days)
    policies = {asset.backfill_policy for asset in defs.assets if asset.partitions_def is not None}
    assert [policy.max_partitions_per_run for policy in policies] == [most]


def test_the_code_location_stays_light():
    """Loading it brings neither NautilusTrader nor pandas, Polars, numpy or pyarrow."""
    code = (
        "import sys, phoenix_dagster.definitions;"
        "heavy = {'nautilus_trader', 'pandas', 'polars', 'numpy', 'pyarrow'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True)


def test_nothing_is_pickled(make_defs, tmp_path):
    """Bodies write files and return a MaterializeResult: no asset loads or stores through an IO manager."""
    for asset in make_defs(tmp_path, tmp_path).assets:
        assert asset.op.compute_fn.decorated_fn.__annotations__["return"] is dg.MaterializeResult
        assert all(definition.dagster_type.is_nothing for definition in asset.op.ins.values())
