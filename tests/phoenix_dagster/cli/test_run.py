"""`phoenix run` as a user types it: what it prints, its exit codes, and its end by a signal."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from fakes.processes import ROOT

from phoenix_core.market import Listing
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.deployment.claims import forsaken

DAYS = [date(2024, 3, 1) + timedelta(n) for n in range(3)]
RANGE = ("run", "--first", str(DAYS[0]), "--last", str(DAYS[-1]))
POOLS = ("download", "conversion", "backtest")


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Three small days, and a home of its own."""
    write_archive(tmp_path / "archive", Listing.parse("um:BTCUSDT"), DAYS, size=MarketSize(trades=500))
    (tmp_path / "home").mkdir()
    shutil.copy(ROOT / "dagster.yaml", tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHOENIX_ARCHIVE_URL", str(tmp_path / "archive"))
    return tmp_path / "archive"


def test_a_failed_day_has_one_line_at_the_end(phoenix, archive, data):
    """Progress on stderr, without a terminal in plain lines; on stdout the reason, the counts and the place."""
    path = next(archive.rglob("*aggTrades*2024-03-02.zip"))
    path.write_bytes(path.read_bytes()[:100])
    code, said, progress = phoenix(*RANGE, "--select", "agg_trades,book_ticker")
    assert code == 1
    reason, days, where = said.splitlines()
    assert reason.startswith("2024-03-02 um/btcusdt/agg_trades: file:///")
    assert reason.endswith("Run this day again later.")
    assert days.startswith("Days: 2 made, 1 failed, in ")
    assert where == f"Data: {data}"
    head, *lines = progress.splitlines()
    assert head == "um:BTCUSDT, 2024-03-01 to 2024-03-03, 3 days, 2 assets"
    assert [line.partition(", ")[0] for line in lines[:1]] == ["2024-03-01: 2 made"]
    assert lines[1].startswith("2024-03-02: 1 failed, 1 made, ")
    assert "\x1b" not in progress


def test_json_is_one_document(phoenix, archive, data):
    """Run by run, asset by asset; a second time all is kept."""
    del archive
    for outcome in ("made", "kept"):
        code, said, _ = phoenix("run", "--first", "2024-03-01", "--select", "book_ticker", "--json")
        document = json.loads(said)
        assert code == 0
        assert (document["symbol"], document["first"], document["last"]) == ("um:BTCUSDT", "2024-03-01", "2024-03-01")
        assert (document["data"], document["is_interrupted"]) == (str(data), False)
        (run,) = document["runs"]
        (asset,) = run["assets"]
        assert run["day"] == "2024-03-01"
        assert (asset["asset"], asset["outcome"], asset["reason"]) == ("um/btcusdt/book_ticker", outcome, None)
        assert Path(asset["path"]).is_file()


@pytest.mark.parametrize("arguments", [("--first", "2024-03-01", "--select", "nonsense"), ("--first", "tomorrow")])
def test_a_wrong_call_is_two(phoenix, archive, arguments):
    """Said in one line, before anything runs."""
    del archive
    code, said, wrong = phoenix("run", *arguments)
    assert (code, said, wrong.count("\n")) == (2, "", 1)


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGINT, signal.SIGINT)])
def test_a_signal_ends_it_and_the_next_command_just_works(archive, data, numbers):
    """Promptly, with 130: the history has ended the run, no slot is taken, and nothing is half-written."""
    del archive
    command = [str(Path(sys.executable).parent / "phoenix"), *RANGE, "--select", "raw"]
    process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ, PHOENIX_DATA=str(data)), start_new_session=True)
    until(lambda: any(data.glob("manifest/**/*.json")), process)
    started = time.monotonic()
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.7 * (len(numbers) > 1))
    assert process.wait(30) == 130
    assert time.monotonic() - started < 20
    with dg.DagsterInstance.get() as instance:
        assert all(run.is_finished for run in instance.get_runs())
        assert not list(forsaken(instance))
        assert not any(instance.event_log_storage.get_concurrency_info(pool).claimed_slots for pool in POOLS)
    done = subprocess.run([*command, "--json"], cwd=ROOT, env=dict(os.environ, PHOENIX_DATA=str(data)), check=True,
                          capture_output=True, timeout=120)  # fmt: skip
    outcomes = {one["outcome"] for run in json.loads(done.stdout)["runs"] for one in run["assets"]}
    assert outcomes == {"made", "kept"}


def until(what, process):
    deadline = time.monotonic() + 60
    while not what():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
