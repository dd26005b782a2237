"""Portfolios in Dagster: one asset, where there are listings that can share an account."""

import json
import shutil

import dagster as dg
import pytest

from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.trials import recorded

PORTFOLIO = dg.AssetKey(["portfolio"])
SYMBOLS = "um:BTCUSDT,um:ETHUSDT"


def config_of(**fields):
    return {"ops": {"portfolio": {"config": fields}}}


def said(instance):
    event = instance.get_latest_materialization_event(PORTFOLIO)
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.mark.parametrize(
    ("symbols", "is_there"),
    [("um:BTCUSDT", False), ("um:BTCUSDT,spot:BTCUSDT", False), ("um:BTCUSDT,um:ETHUSDT,spot:BTCUSDT", True)],
)
def test_it_is_there_for_two_listings_that_can_share_an_account(make_defs, tmp_path, symbols, is_there):
    """On their signals, in a group of its own, and no symbol's selection meets it."""
    graph = make_defs(tmp_path, tmp_path, symbols=symbols).resolve_asset_graph()
    assert graph.has(PORTFOLIO) is is_there
    if is_there:
        node = graph.get(PORTFOLIO)
        assert (node.group_name, node.is_partitioned) == ("portfolio", False)
        assert {one.to_user_string() for one in node.parent_keys} == {"um/btcusdt/signals", "um/ethusdt/signals"}


@pytest.mark.slow
def test_it_runs_what_its_config_says(two_symbols, tmp_path, make_defs, materialize, instance):
    """Each listing has a row; a trial stands on each; the same again is the same data version."""
    lake = Lake.at(shutil.copytree(two_symbols.store.root, tmp_path / "data"))
    defs = make_defs(lake.store.root, tmp_path, symbols=SYMBOLS)
    chosen = {"listings": ["um:ETHUSDT", "um:BTCUSDT"], "first": "2024-03-24", "limits": {"max_positions": 1}}
    own = {"um:ETHUSDT": {"lpi_exit_threshold": 0.25}}
    config = config_of(**chosen, strategy={"lpi_entry_threshold": 0.6}, strategy_of=own)
    versions = []
    for _ in range(2):
        assert materialize(defs, "portfolio", config=config).success
        event = instance.get_latest_materialization_event(PORTFOLIO)
        versions.append(event.asset_materialization.tags["dagster/data_version"])
    assert versions[0] == versions[1]
    told = said(instance)
    assert told["refused"] > 0
    rows = [record.data["listing"] for record in event.asset_materialization.metadata["by_listing"].records]
    assert rows == ["um:BTCUSDT", "um:ETHUSDT"]
    folder = told["folder"]
    assert told["report"] == f"http://127.0.0.1:3001/{lake.name(folder)}/report.html"
    assert lake.stat(f"{lake.name(folder)}/report.html")
    assert json.loads(lake.read(f"{lake.name(folder)}/portfolio.json"))["portfolio"]["strategy_of"] == own
    for name in rows:
        (trial,) = recorded(lake, Listing.parse(name))
        assert (trial.experiment, trial.identity) == (told["portfolio_id"], told["identity"])


def test_without_listings_nothing_runs(tmp_path, make_defs, materialize, instance):
    """Whoever materializes a whole graph comes by here."""
    assert materialize(make_defs(tmp_path, tmp_path, symbols=SYMBOLS), "portfolio").success
    assert said(instance)["published"] is False


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"listings": ["um:BTCUSDT", "spot:BTCUSDT"]}, "can't share an account with spot:BTCUSDT"),
        ({"listings": ["um:BTCUSDT"]}, "No day of 2024-03-24"),
        ({"listings": ["um:BTCUSDT"], "first": ""}, "is not a day"),
    ],
)
def test_what_can_not_be_run_is_said(tmp_path, make_defs, materialize, fields, message):
    """In the failure's own words, and not tried again."""
    defs = make_defs(tmp_path, tmp_path, symbols=SYMBOLS)
    done = materialize(defs, "portfolio", config=config_of(**{"first": "2024-03-24"} | fields), raise_on_error=False)
    assert message in done.failure_data_for_node("portfolio").user_failure_data.description
