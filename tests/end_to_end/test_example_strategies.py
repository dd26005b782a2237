"""The strategies of examples/, run as their users would: through Python and through Dagster."""

import json
import shutil
import sys

import dagster as dg
import polars as pl
import pytest
from fakes.paths import ROOT

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.lookahead import described, guard
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.products import CONTINUOUS_BACKTEST, REPORT
from phoenix_core.report.folder import page_of
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets.keys import key_of
from phoenix_dagster.code_location import definitions
from phoenix_dagster.operation.in_process import materialize, reason_of
from phoenix_dagster.settings import Settings

CROSS = {"path": "moving_average_cross:MovingAverageCross", "config": {"fast": 20, "slow": 60}}
MAKER = {"path": "quote_imbalance_maker:QuoteImbalanceMaker", "config": {"threshold": 0.97}}
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


@pytest.fixture(autouse=True)
def _in_their_folder(monkeypatch):
    """They are found as from the folder that they lie in."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    yield
    for name in EXAMPLES:
        sys.modules.pop(name, None)


@pytest.fixture
def lake(market, tmp_path):
    """The market on disk, to write results into."""
    shutil.copytree(market.lake.store.root, tmp_path / "data")
    return Lake.at(tmp_path / "data")


def test_each_example_is_run_here():
    """One that is added needs a test."""
    assert {chosen["path"].partition(":")[0] for chosen in (CROSS, MAKER)} == set(EXAMPLES)


def test_a_strategy_on_bars_has_ledger_funding_and_report(lake, market):
    """Over two days, flat at the end; its parameters stand on the page."""
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=market.days[1], strategy=CROSS)
    result = run(lake, chosen)
    assert result.fills.height > 10
    assert result.ledger.rows.filter(pl.col("kind") == "funding").height > 0
    assert abs(100_000 + result.ledger.parts.net - result.final_balance) < 1
    assert set(result.fills["why"]) <= {"entry", "exit", "session end"}
    assert float(result.ledger.round_trips["net"].sum()) == pytest.approx(float(result.ledger.parts.net))
    entry = publish(lake, result, asset="um/btcusdt/continuous_backtest")
    page = page_of(lake, entry.facts["folder"])
    assert "moving_average_cross:MovingAverageCross" in page
    assert "config.slow" in page


@pytest.mark.slow
def test_a_makers_figures_are_published_with_its_fills(lake, market):
    """What it declares: the imbalance behind each order, in fills and round trips."""
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[1], last=market.days[1], strategy=MAKER)
    result = run(lake, chosen)
    entries = result.fills.filter(pl.col("why") == "entry")
    assert entries.height > 3
    assert entries["imbalance"].min() >= 0.97
    assert set(entries["liquidity"]) == {"MAKER"}
    assert result.ledger.round_trips["entry_imbalance"].min() >= 0.97


@pytest.mark.slow
def test_the_guard_questions_any_strategy(market):
    """Its orders are the same when the future is taken away."""
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[1], last=market.days[1], strategy=CROSS)
    found = guard(market.lake, chosen, instants=2, seed=3)
    assert found.decisions > 3
    assert found.is_sound, described(found)


def test_the_launchpad_takes_a_path(lake, market):
    """Continuous backtest and report through Dagster; a wrong path fails before anything runs."""
    defs = definitions(Settings(data=lake.store.root, archive_url=str(market.archive), symbols=(market.listing,)))
    keys = [key_of(market.listing, name) for name in (CONTINUOUS_BACKTEST.name, REPORT.name)]
    with dg.DagsterInstance.ephemeral() as instance:
        config = {"first": str(market.days[0]), "last": str(market.days[1]), "strategy": CROSS}
        done = materialize(defs, instance, keys, config={keys[0]: config})
        assert done.success, [reason_of(event) for event in done.all_events if event.is_step_failure]
        made = instance.get_latest_materialization_event(keys[0]).asset_materialization.metadata
        document = json.loads((lake.store.root / made["folder"].value / "experiment.json").read_bytes())
        assert document["experiment"]["strategy"]["path"] == CROSS["path"]
        for wrong, words in (
            ({"path": "moving_average_cross:Nobody"}, "Nobody"),
            (CROSS | {"lpi_exit_threshold": 0.3}, "lpi_exit_threshold"),
            ({"config": {"fast": 3}}, "give strategy.path"),
        ):
            failed = materialize(defs, instance, keys[:1], config={keys[0]: config | {"strategy": wrong}})
            assert not failed.success
            reasons = [reason_of(event) for event in failed.all_events if event.is_step_failure]
            assert any(words in reason for reason in reasons), reasons
