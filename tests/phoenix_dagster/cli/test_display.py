"""What `phoenix run` draws on a terminal."""

from datetime import date

import dagster as dg
from rich.console import Console

from phoenix_dagster.cli.display import drawn, span, status
from phoenix_dagster.operation.run import Outcome, Part, Plan, RunDone
from phoenix_dagster.operation.tally import Tally

TRADES, TICKS = (dg.AssetKey(["um", "btcusdt", name]) for name in ("agg_trades", "trade_ticks"))


def test_stages_by_days_then_what_is_under_way():
    """Days, rows, rows a second, what was kept and what failed, and the time left."""
    tally = Tally.of(Plan((date(2024, 3, 1), date(2024, 3, 2)), {TRADES: "raw", TICKS: "catalog"}, ()))
    tally.ended("2024-03-01", Part("um/btcusdt/agg_trades", Outcome.MADE, rows=3_000_000, seconds=2))
    tally.ended("2024-03-01", Part("um/btcusdt/trade_ticks", Outcome.FAILED, reason="bad"))
    tally.run_ended(RunDone("2024-03-01", "", (), 100))
    tally.ended("2024-03-02", Part("um/btcusdt/agg_trades", Outcome.KEPT, rows=1))
    tally.began("2024-03-02", "um/btcusdt/trade_ticks")
    console = Console(width=120, record=True, force_terminal=False)
    with console.capture() as shown:
        console.print(drawn(tally, tally.now[2] + 7))
    raw, catalog, now = shown.get().splitlines()
    assert raw.split()[0] == "raw"
    assert raw.split()[-8:] == ["2/2", "days", "3,000,000", "rows", "1,500,000", "rows/s", "1", "kept"]
    assert catalog.split()[0] == "catalog"
    assert catalog.split()[-4:] == ["1/2", "days", "1", "failed"]
    assert now.startswith("now 2024-03-02 trade_ticks, 7 s; about 1 min ")


def test_a_wait_is_said():
    """Nobody should take waiting for hanging."""
    tally = Tally.of(Plan((date(2024, 3, 1),), {TRADES: "raw"}, ()))
    tally.said("Waiting for a slot of pool download: run 0a1b2c3d (process 7 on here).")
    assert status(tally, 0) == "Waiting for a slot of pool download: run 0a1b2c3d (process 7 on here)."


def test_days_are_named_by_their_ends():
    """One day by itself, several with their number."""
    assert span((date(2024, 3, 1),)) == "2024-03-01"
    assert span((date(2024, 3, 1), date(2024, 3, 2))) == "2024-03-01 to 2024-03-02, 2 days"
