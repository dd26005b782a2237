"""`phoenix sweep` as a user types it: its table, its document, and its end by a signal that nobody can catch."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import psutil
import pytest

from phoenix_core.catalog.verification import verify
from phoenix_core.storage.lake import Lake

GRID = ("--grid", "strategy.lpi_entry_threshold=0.6:0.8:0.1", "--grid", "venue.order_latency_ms=10,30")
SWEEP = ("sweep", *GRID, "--first", "2024-03-24", "--last", "2024-03-25", "--train", "1", "--embargo", "0")


@pytest.fixture
def results(market, data):
    """The market's data folder, with days up to signals."""
    return Path(shutil.copytree(market.lake.store.root, data))


def published(folder):
    """Bytes of the sweep's files and of the results, by their names."""
    paths = [path for room in ("sweeps", "backtests") for path in (folder / room).rglob("*")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def test_a_killed_sweep_leaves_no_process_and_loses_nothing(results, phoenix, tmp_path, monkeypatch):
    """SIGKILL after the first point of six: the next command keeps what was made, and the table is an unbroken one's.

    That one is replayed over arrays, which leaves the same bytes.
    """
    command = [str(Path(sys.executable).parent / "phoenix"), *SWEEP, "--processes", "2"]
    process = subprocess.Popen(command, env=dict(os.environ, PHOENIX_DATA=str(results)), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    lines = iter(process.stderr.readline, "")
    assert next(line for line in lines if line.startswith("1/6"))
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert (len(gone), alive) == (len(children), [])
    made = {path: path.stat().st_mtime_ns for path in results.glob("manifest/*/*/continuous_backtest/*.json")}
    assert 1 <= len(made) < 6
    code, _, said = phoenix(*SWEEP, "--processes", "1")
    assert code == 0
    assert said.count(" kept: ") == len(made)
    assert {path: path.stat().st_mtime_ns for path in made} == made
    unbroken = tmp_path / "unbroken"
    shutil.copytree(results, unbroken, ignore=shutil.ignore_patterns("sweeps", "backtests", "continuous_*", "trials"))
    monkeypatch.setenv("PHOENIX_DATA", str(unbroken))
    assert phoenix(*SWEEP, "--processes", "1", "--replay", "arrays")[0] == 0
    assert published(unbroken) == published(results)


def test_a_sweep_is_a_table_and_a_document(results, phoenix):
    """Points best first, windows, what the best is worth; the same for programs, and as files."""
    code, said, progress = phoenix(*SWEEP, "--processes", "1")
    assert code == 0
    assert progress.splitlines()[0] == "um:BTCUSDT, 2024-03-24 to 2024-03-25: 6 points"
    lines = said.splitlines()
    assert lines[0].split()[:3] == ["experiment", "lpi_entry_threshold", "order_latency_ms"]
    shown = [float(line.split()[6]) for line in lines[1:7]]
    assert shown == sorted(shown, reverse=True)
    assert lines[8].startswith("judged on")
    assert lines[9].startswith("2024-03-25 to 2024-03-25")
    assert "Trials: 6 experiments were ever tried on these days." in lines
    assert any(line.startswith("Probability of overfitting: ") for line in lines)
    assert any(line.startswith("Walked forward: net ") for line in lines)
    assert any("of 1,000 random entries with the same holding times" in line for line in lines)
    code, said, progress = phoenix(*SWEEP, "--processes", "1", "--json")
    assert (code, progress.count(" kept: ")) == (0, 6)
    document = json.loads(said)
    folder = Path(document["path"])
    assert document["judgement"]["trials"] == 6
    assert document["identity"] == json.loads((folder / "sweep.json").read_bytes())["identity"]
    points = pl.read_parquet(folder / "points.parquet")
    assert points.to_dicts() == document["points"]
    assert pl.read_csv(folder / "points.csv")["net"].to_list() == pytest.approx(points["net"].to_list())
    assert pl.read_parquet(folder / "windows.parquet").height == len(document["windows"]) == 1
    assert list(verify(Lake.at(results))) == []


def test_points_are_counted_without_running_any(phoenix, data):
    """Not even a data folder is needed."""
    code, said, _ = phoenix(*SWEEP, "--count")
    assert (code, said.splitlines()[-1]) == (0, "6 points")
    code, said, _ = phoenix(*SWEEP, "--count", "--json")
    assert [one["values"]["venue.order_latency_ms"] for one in json.loads(said)] == ["10", "30"] * 3
    assert not data.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--grid", "strategy.lpi_entry_treshold=1"], "did you mean lpi_entry_threshold"),
        (["--grid", "venue.order_latency_ms=5:1:1"], "never ends"),
        (["--grid", "venue.order_latency_ms=5", "--train", "1"], "an embargo of 30 and one to judge by are 32"),
    ],
)
def test_a_sweep_that_can_mean_nothing_is_one_line(results, phoenix, arguments, message):
    """Exit code 2 before anything runs or is entered as a trial."""
    code, out, err = phoenix("sweep", *arguments, "--first", "2024-03-24")
    assert (code, out) == (2, "")
    assert message in err
    assert not (results / "trials").exists()
