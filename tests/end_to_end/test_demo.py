"""The first command of the README, and the UI that it ends with."""

import json
import re
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from fakes.paths import ARTIFACTS

from phoenix_dagster.operation.backfill import Counts, RunningDagster
from phoenix_dagster.operation.follow import follow
from phoenix_dagster.operation.orchestration import Backfill

DAYS = ("2024-03-24", "2024-03-25")


def test_the_demo_ends_in_fills_and_pnl(demo):
    """It says that it is synthetic, prints fills and the parts of the PnL, and where everything is."""
    assert demo.output.startswith("A synthetic BTCUSDT market of 2 days (seed 7); nothing of it is real.")
    assert len(re.findall(r" (maker|taker) +(entry|exit|session end)", demo.output)) >= 10
    parts = {
        name: float(value.replace(",", ""))
        for name, value in re.findall(r"^  ([a-z ]+?) +(-?[\d,]+\.\d\d) USDT", demo.output, re.MULTILINE)
    }
    assert parts.keys() == {"price pnl", "slippage", "fees", "funding", "net pnl", "balance"}
    total = parts["price pnl"] + parts["slippage"] + parts["fees"] + parts["funding"]
    assert total == pytest.approx(parts["net pnl"], abs=0.03)
    assert parts["balance"] == pytest.approx(100_000 + parts["net pnl"], abs=0.01)
    assert parts["funding"] != 0
    assert f"uv run phoenix ui {demo.folder}" in demo.output


def test_the_demos_files_are_there(demo):
    """Report, fills and catalog lie where it says."""
    report = Path(re.search(r"^Report +(.+)$", demo.output, re.MULTILINE)[1])
    assert report.stat().st_size > 1_000_000
    document = json.loads((report.parent / "experiment.json").read_text())
    assert document["days"] == list(DAYS)
    fills = pl.read_parquet(report.parent / "fills.parquet")
    assert f"{fills.height} fills, " in demo.output
    assert {"entry", "exit"} <= set(fills["why"])
    assert len(list((demo.folder / "data" / "catalog").rglob("*.parquet"))) == 24


def test_quiet_hours_and_cascades(demo):
    """Few trades between 02:00 and 05:00, and several entries a day."""
    trades = pl.read_parquet(
        next((demo.folder / "data" / "catalog" / "data" / "trade_tick").rglob("BTCUSDT-PERP.BINANCE/2024-03-24*"))
    )
    hour = (trades["ts_event"].cast(pl.Int64) // (3600 * 10**9)) % 24
    assert (hour.is_between(2, 4)).sum() * 8 < trades.height


def test_its_history_is_as_large_as_a_plan_says(demo, monkeypatch):
    """The events of a day's run of all assets: what `phoenix plan` would have said, within a fifth."""
    monkeypatch.setenv("DAGSTER_HOME", str(demo.folder / "dagster"))
    with dg.DagsterInstance.get() as instance:
        # Its first runs: whatever other tests ran on the same days came later.
        first = {day: run for run in instance.get_runs() if (day := run.tags.get("dagster/partition")) in DAYS}
        events = sum(len(instance.all_logs(run.run_id)) for run in first.values())
        (assets,) = {len(run.asset_selection) for run in first.values()}
    assert events == pytest.approx(Backfill(len(DAYS), assets, 0, 1).choices()[0].events, rel=0.2)


def test_a_backfill_over_days_runs_from_the_ui(ui):
    """As its button does: raw and catalog of two days, a run a day, through daemon and queue, to the end."""
    dagster = RunningDagster(ui)
    keys = dagster.keys("um/btcusdt", ["agg_trades", "trade_ticks"])
    backfill = dagster.launch(keys, [date.fromisoformat(day) for day in DAYS])
    said = []
    ended = follow(dagster, [backfill], said.append)[backfill]
    assert ended.status == "COMPLETED_SUCCESS"
    assert ended.assets == dict.fromkeys(["um/btcusdt/agg_trades", "um/btcusdt/trade_ticks"], Counts(2, 2, 0))
    assert said[-1] == "2 of 2 days, 4 of 4 days of 2 assets"


def test_the_graph_shows_the_stages(ui, page):
    """The stages of a symbol are groups of the lineage."""
    page.goto(f"{ui}/asset-groups", wait_until="domcontentloaded")
    page.get_by_text("Materialize all", exact=False).first.wait_for(timeout=60_000)
    for group in ("um_btcusdt_raw", "um_btcusdt_catalog", "um_btcusdt_signals", "um_btcusdt_backtest"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=30_000)
    page.screenshot(path=ARTIFACTS / "asset-graph.png")


def test_the_report_opens_without_a_network(demo, page):
    """Its panels are drawn in a browser."""
    report = re.search(r"^Report +(.+)$", demo.output, re.MULTILINE)[1]
    page.goto(Path(report).as_uri())
    page.locator("#panels .main-svg").first.wait_for(timeout=30_000)
    page.screenshot(path=ARTIFACTS / "report.png")


def test_the_worked_round_trip_is_the_demos(demo):
    """docs/strategy.md works out a trip of the first two days: its figures are those of the tables."""
    report = Path(re.search(r"^Report +(.+)$", demo.output, re.MULTILINE)[1])
    round_trips = pl.read_parquet(report.parent / "positions.parquet").filter(pl.col("funding") != 0)
    trip = round_trips.row(0, named=True)
    text = (Path(__file__).parents[2] / "docs" / "strategy.md").read_text().rpartition("## One round trip")[2]
    fills = pl.read_parquet(report.parent / "fills.parquet")
    fills = fills.filter(pl.col("ts").is_between(trip["opened_ns"], trip["closed_ns"]))
    mids = fills["mid_at_decision"].unique(maintain_order=True).to_list()
    price = trip["realized"] - trip["slippage"]
    for value, form in (
        (trip["quantity"], "3.669"), (trip["entry_price"], "54847.70"), (mids[0], "54847.75"), (mids[1], "54895.95"),
        (price, "176.8458"), (-trip["slippage"], "20.558"), (-trip["fees"], "140.94349"), (-trip["funding"], "31.97711"),
        (-trip["net"], "16.6328"), (trip["entry_first_trade"], "17938023381"), (trip["entry_last_trade"], "17938023422"),
    ):  # fmt: skip
        assert form in text
        assert round(float(value), len(form.partition(".")[2])) == float(form)
