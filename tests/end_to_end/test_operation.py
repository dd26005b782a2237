"""Some days as their user operates them: clicked in a real browser, run by the real daemon, mended, and wiped."""

import hashlib
import os
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from fakes import warm
from fakes.paths import ARTIFACTS
from fakes.processes import ROOT, plain_environment, running_ui

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.market import Listing
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize
from phoenix_dagster.operation.backfill import RunningDagster
from phoenix_dagster.settings import demo_environment

LISTING = Listing.parse("um:BTCUSDT")
FIRST = date(2024, 3, 18)
DAYS = [FIRST + timedelta(n) for n in range(4)]
DAMAGED = DAYS[2]
FAILED = "query { runsOrError(filter: {statuses: [FAILURE]}) { ... on Runs { results { runId } } } }"
SPAN = f"[{DAYS[0]}...{DAYS[-1]}]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A data folder before its first run, and an archive of four days of trades; one day's checksum is another's."""
    root = tmp_path_factory.mktemp("days")
    (root / "dagster").mkdir()
    shutil.copy(ROOT / "dagster.yaml", root / "dagster" / "dagster.yaml")
    for day in DAYS:
        write_dataset(root / "archive", LISTING, AGG_TRADES, MarketDay(day, 7, MarketSize(trades=2_000)))
    sidecar(root, DAMAGED).write_text(f"{'0' * 64}  {sidecar(root, DAMAGED).name.removesuffix('.CHECKSUM')}\n")
    return root


def sidecar(root, day):
    return next((root / "archive").rglob(f"*aggTrades-{day}.zip.CHECKSUM"))


@pytest.fixture(scope="module")
def days_ui(folder):
    with running_ui(folder) as url:
        yield url


def phoenix(folder, *arguments):
    environment = plain_environment() | demo_environment(folder)
    command = [warm.programs() / "phoenix", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)


def dagster(folder, *arguments):
    environment = plain_environment() | demo_environment(folder)
    command = [warm.programs() / "dagster", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)


def test_days_clicked_mended_and_wiped(folder, days_ui, browser, page):
    """Three of four days turn green and the bad one says why; mended, only it is run again; then it is wiped."""
    # Launched by clicking.
    page.goto(f"{days_ui}/assets/um/btcusdt/agg_trades?view=partitions", wait_until="domcontentloaded")
    page.get_by_text("Materialize…").first.click(timeout=60_000)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Show all partitions").first.click(timeout=30_000)
    box = dialog.get_by_role("textbox").first
    box.fill(SPAN)
    box.press("Enter")
    page.screenshot(path=ARTIFACTS / "backfill-dialog.png")
    dialog.get_by_text("Launch backfill").first.click(timeout=30_000)

    # It runs, and the partitions turn green but for the bad one.
    page.get_by_text("Materialized (3)").wait_for(timeout=240_000)
    page.get_by_text("Failed (1)").wait_for(timeout=60_000)
    page.screenshot(path=ARTIFACTS / "partitions.png")
    page.goto(f"{days_ui}/runs?view=backfills", wait_until="domcontentloaded")
    page.get_by_text("4 partitions").first.wait_for(timeout=60_000)
    page.screenshot(path=ARTIFACTS / "backfill.png")
    assert re.search(r"um/btcusdt/agg_trades +3 ", phoenix(folder, "inventory").stdout)

    # The failing day shows its one line.
    failed = RunningDagster(days_ui).ask(FAILED)["runsOrError"]["results"]
    page.goto(f"{days_ui}/runs/{failed[0]['runId']}", wait_until="domcontentloaded")
    page.get_by_text("does not have its published checksum").first.wait_for(timeout=60_000)
    page.screenshot(path=ARTIFACTS / "failing-day.png")
    page.goto("about:blank")  # an open page asks for all of it again and again

    # Mended by the publisher; the same command runs it and names no failure.
    zipped = Path(str(sidecar(folder, DAMAGED)).removesuffix(".CHECKSUM"))
    digest = hashlib.sha256(zipped.read_bytes()).hexdigest()
    sidecar(folder, DAMAGED).write_text(f"{digest}  {zipped.name}\n")
    again = phoenix(folder, "backfill", "--first", str(DAMAGED), "--select", "agg_trades,trade_ticks", "--url", days_ui)
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(rf"^{DAMAGED} +2 +0 +0$", again.stdout, re.MULTILINE), again.stdout
    assert re.search(r"um/btcusdt/agg_trades +4 ", phoenix(folder, "inventory").stdout)

    # History wiped: the disk is untouched, and the doctor tells the history what lies there.
    wiped = dagster(
        folder, "asset", "wipe", "um/btcusdt/trade_ticks", "--noprompt",
    )  # fmt: skip
    assert wiped.returncode == 0, wiped.stderr[-2000:]
    seen = phoenix(folder, "doctor")
    assert seen.returncode == 1
    assert f"um/btcusdt/trade_ticks of {DAMAGED}: the disk has it, the history does not" in seen.stdout
    assert phoenix(folder, "doctor", "--repair").returncode == 0
    assert "0 problems" in phoenix(folder, "doctor").stdout


def test_a_failed_backfill_names_day_and_reason(folder, days_ui):
    """`phoenix backfill` ends with 1 and one line for each bad day; a name that is no asset is refused."""
    missing = FIRST - timedelta(1)
    failed = phoenix(folder, "backfill", "--first", str(missing), "--select", "volume_buckets", "--url", days_ui)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert re.search(rf"^{missing} +0 +1 +0$", failed.stdout, re.MULTILINE), failed.stdout
    assert re.search(rf"  {missing} um/btcusdt/volume_buckets: .*never materialized", failed.stdout), failed.stdout
    refused = phoenix(folder, "backfill", "--first", str(missing), "--select", "tirades", "--url", days_ui)
    assert refused.returncode == 2
    assert "has no asset or stage 'tirades' (did you mean trades?): expected some of" in refused.stderr


def test_without_a_server_the_command_says_how_to_start_one(folder):
    """One line."""
    refused = phoenix(folder, "backfill", "--first", str(FIRST), "--url", "http://127.0.0.1:9")
    assert refused.returncode == 2
    assert "No Dagster answers at http://127.0.0.1:9" in refused.stderr
    assert os.linesep.join(refused.stderr.splitlines()) == refused.stderr.strip()
