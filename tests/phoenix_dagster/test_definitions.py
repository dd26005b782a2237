"""Asset keys, groups and mappings are a contract: people script against them."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from phoenix_core.datasets import DATASETS, datasets_on
from phoenix_core.market import Interval, Market

ROOT = Path(__file__).parents[2]

# Name: stage, what it is made from, whether by days. Written by hand, and not from the registry that is under test.
GRAPH = {
    "agg_trades": ("raw", "", True),
    "trades": ("raw", "", True),
    "book_ticker": ("raw", "", True),
    "metrics": ("raw", "", True),
    "book_depth": ("raw", "", True),
    "liquidation_snapshot": ("raw", "", True),
    "klines_1m": ("raw", "", True),
    "mark_price_klines_1m": ("raw", "", True),
    "index_price_klines_1m": ("raw", "", True),
    "premium_index_klines_1m": ("raw", "", True),
    "funding_rate": ("raw", "", True),
    "trade_ticks": ("catalog", "agg_trades", True),
    "individual_trades": ("catalog", "trades", True),
    "quote_ticks": ("catalog", "book_ticker", True),
    "open_interest": ("catalog", "metrics", True),
    "depth": ("catalog", "book_depth", True),
    "liquidations": ("catalog", "liquidation_snapshot", True),
    "bars_1m": ("catalog", "klines_1m", True),
    "mark_prices": ("catalog", "mark_price_klines_1m", True),
    "index_price_bars_1m": ("catalog", "index_price_klines_1m", True),
    "premium_index_bars_1m": ("catalog", "premium_index_klines_1m", True),
    "funding_updates": ("catalog", "funding_rate", True),
    "instrument": ("catalog", "trade_ticks", True),
    "consistency": (
        "catalog",
        "trade_ticks individual_trades bars_1m mark_prices quote_ticks index_price_bars_1m premium_index_bars_1m",
        True,
    ),
    "quote_hull": ("catalog", "trade_ticks quote_ticks instrument", True),
    "volume_buckets": ("signals", "trade_ticks", True),
    "signals": ("signals", "volume_buckets trade_ticks depth open_interest", True),
    "backtest": (
        "backtest",
        "signals instrument trade_ticks quote_ticks mark_prices funding_updates depth",
        True,
    ),
    "continuous_backtest": (
        "backtest",
        "signals instrument trade_ticks quote_ticks mark_prices funding_updates depth",
        False,
    ),
    "report": ("backtest", "continuous_backtest", False),
}
NOT_ON = {
    "um/btcusdt": set(),
    "cm/btcusd_perp": set(),
    "spot/ethusdt": {
        "book_ticker", "quote_ticks", "quote_hull", "metrics", "open_interest", "book_depth", "depth", "liquidation_snapshot",
        "liquidations", "funding_rate", "funding_updates", "mark_price_klines_1m", "mark_prices",
        "index_price_klines_1m", "index_price_bars_1m", "premium_index_klines_1m", "premium_index_bars_1m",
    },
}  # fmt: skip


@pytest.fixture
def graph(make_defs, tmp_path):
    return make_defs(tmp_path, tmp_path).resolve_asset_graph()


def test_the_graph_is_the_designs(make_defs, tmp_path):
    """um/btcusdt/agg_trades in the group um_btcusdt_raw, and so on, each with its inputs: no more, no less."""
    graph = make_defs(tmp_path, tmp_path, symbols="um:BTCUSDT,cm:BTCUSD_PERP,spot:ETHUSDT").resolve_asset_graph()
    wanted = {
        f"{path}/{name}": (
            f"{path.replace('/', '_')}_{stage}",
            {f"{path}/{one}" for one in inputs.split() if one not in absent},
            daily,
        )
        for path, absent in NOT_ON.items()
        for name, (stage, inputs, daily) in GRAPH.items()
        if name not in absent
    }
    for path, absent in NOT_ON.items():
        if "backtest" in absent:
            continue
        inputs = {f"{path}/{one}" for one in GRAPH["backtest"][1].split() if one not in absent}
        group = f"{path.replace('/', '_')}_sweeps"
        # Outside of `um/btcusdt/*`, so that what selects a symbol's assets for a day meets days alone.
        wanted[f"sweeps/{path}/variant"] = (group, inputs, True)
        wanted[f"sweeps/{path}/sweep"] = (group, {f"sweeps/{path}/variant"}, False)
    nodes = {key.to_user_string(): graph.get(key) for key in graph.materializable_asset_keys}
    assert {
        name: (node.group_name, {one.to_user_string() for one in node.parent_keys}, node.is_partitioned)
        for name, node in nodes.items()
    } == wanted


def test_spot_is_compared_with_where_it_is_loaded(make_defs, tmp_path):
    """A dependency on bars that have no asset would put a node into the graph that nobody can materialize."""
    bars = dg.AssetKey(["spot", "btcusdt", "bars_1m"])
    for symbols, is_there in (("um:BTCUSDT,spot:BTCUSDT", True), ("um:BTCUSDT,spot:ETHUSDT", False)):
        graph = make_defs(tmp_path, tmp_path, symbols=symbols).resolve_asset_graph()
        assert (bars in graph.get(dg.AssetKey(["um", "btcusdt", "consistency"])).parent_keys) is is_there
        assert graph.has(bars) is is_there


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
    """Definitions that differ split runs and break --select across assets; variants are no days, and apart."""
    keys = [key for key in graph.materializable_asset_keys if key.path[0] != "sweeps"]
    shared = {id(graph.get(key).partitions_def) for key in keys if graph.get(key).is_partitioned}
    definitions = {graph.get(key).partitions_def for key in keys} - {None}
    assert len(definitions) == 1, shared
    assert not graph.get(dg.AssetKey(["um", "btcusdt", "continuous_backtest"])).is_partitioned


def test_a_day_depends_on_its_own_day_alone(make_defs, tmp_path):
    """No mapping leads from one partition into another: Dagster would follow it and widen every backfill."""
    defs = make_defs(tmp_path, tmp_path, symbols="um:BTCUSDT,cm:BTCUSD_PERP,spot:ETHUSDT")
    mappings = {
        spec.key.path[-1]: [dep.partition_mapping for dep in spec.deps]
        for asset in defs.assets
        for spec in asset.specs
        if spec.deps
    }
    # A variant is of no day: what it is made from is named in the graph, and none of its partitions leads there.
    of_variants = mappings.pop("variant")
    assert of_variants == [dg.SpecificPartitionsPartitionMapping([])] * len(of_variants)
    assert {one for some in mappings.values() for one in some} == {None}


@pytest.mark.parametrize(("days", "most"), [(1, 1), (7, 7), ("all", None)])
def test_days_per_run_is_the_backfill_policy(make_defs, tmp_path, days, most):
    """One day a run by default; a range in one run when set."""
    defs = make_defs(tmp_path, tmp_path, days_per_run=days)
    policies = {
        asset.backfill_policy for asset in defs.assets if asset.partitions_def is not None and asset.key.path[0] == "um"
    }
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
