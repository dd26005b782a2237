"""`phoenix revise` as a user types it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
from conftest import materialize_day

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.revision import Figures, Revision
from phoenix_core.signals.days import SignalDays
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.grid import Grid
from phoenix_core.sweeps.sweep import run_points
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize


@pytest.fixture
def revised(data):
    """A data folder in which one result was made anew over two replaced days."""
    one = Revision(
        "um/btcusdt/continuous_backtest", "2024-03-24_2024-03-25", "0123456789ab",
        ("um/btcusdt/signals@2024-03-25", "um/btcusdt/trade_ticks@2024-03-24"), is_of_other_code=False,
        before=Figures("a" * 64, "100.25", "-3", 7, 9), after=Figures("b" * 64, "-20.5", "-4", 1_008, 1_010),
    )  # fmt: skip
    Lake.at(data).write("revisions/um/btcusdt/one.json", canonical_json(asdict(one)))


def test_what_changed_stands_in_one_table(revised, phoenix):
    """Net before, after and the change, exact; the same for programs."""
    code, said, _ = phoenix("revise", "--history")
    assert code == 0
    assert said.splitlines()[1].split()[-5:] == ["+100.25", "-20.50", "-120.75", "7", "1,008"]
    assert "2024-03-24 and 1 more" in said
    code, said, _ = phoenix("revise", "--history", "--json")
    (row,) = json.loads(said)["revisions"]
    assert (row["change"], row["after"]["net"]) == ("-120.75", "-20.5")


def test_nothing_is_made_anew_where_nothing_was_replaced(revised, phoenix):
    """No result rests on other data than those here."""
    assert phoenix("revise")[:2] == (0, "0 results over data that were replaced.\n")
    code, said, _ = phoenix("revise", "--dry-run", "--json")
    assert (code, json.loads(said)) == (0, {"outdated": [], "behind": []})


@pytest.fixture
def replaced(market, data, tmp_path):
    """Four results of a range whose first day the publisher replaced since, and all that is made of it was made anew."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, data))
    first, last = market.days
    base = Experiment.parse(listing=str(market.listing), first=first, last=last)
    points = Grid.parse(["strategy.lpi_entry_threshold=0.5:0.8:0.1"]).points(base)
    assert all(one.entry for one in run_points(lake, points, 1, lambda _: None))
    write_archive(tmp_path / "other", market.listing, (first,), size=MarketSize(trades=23_000, quotes_per_trade=3))
    materialize_day(lake, tmp_path / "other", market.listing, first)
    SignalDays(lake, market.listing).publish_signals(last)
    return data


@pytest.mark.slow
def test_a_killed_revision_goes_on_where_it_stopped(replaced, phoenix, tmp_path, monkeypatch):
    """SIGKILL after the first of four: the next command makes the rest, and all is as an unbroken one leaves it."""
    unbroken, before = Path(shutil.copytree(replaced, tmp_path / "unbroken")), entries(replaced)
    command = [str(Path(sys.executable).parent / "phoenix"), "revise", "--processes", "2"]
    process = subprocess.Popen(command, env=dict(os.environ, PHOENIX_DATA=str(replaced)), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stderr.readline().startswith("um/btcusdt/continuous_backtest of ")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert psutil.wait_procs(children, timeout=30)[1] == []
    made = dict(entries(replaced).items() - before.items())
    assert 1 <= len(made) < 4
    code, _, said = phoenix("revise", "--processes", "1")
    assert (code, len(said.splitlines())) == (0, 4 - len(made))
    assert made.items() <= entries(replaced).items()
    monkeypatch.setenv("PHOENIX_DATA", str(unbroken))
    assert phoenix("revise", "--processes", "1")[0] == 0
    assert files(replaced) == files(unbroken)
    assert len(list(replaced.glob("revisions/**/*.json"))) == 4


def entries(folder):
    """When each result's entry was written: the last step of making it."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("manifest/*/*/continuous_backtest/*.json")}


def files(folder):
    """Bytes of results, of their entries and of what was written of their change."""
    paths = [path for room in ("backtests", "revisions", "manifest", "trials") for path in (folder / room).rglob("*")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}
