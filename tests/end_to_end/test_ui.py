"""What a newcomer sees in the browser after the demo: its runs, all days green, a picture, a report by click."""

import json
import re
import subprocess
import sys
import time

import pytest
import requests
from fakes.paths import ARTIFACTS
from fakes.processes import ROOT, plain_environment

from phoenix_dagster.settings import demo_environment

JOB = "/locations/phoenix_dagster.definitions/jobs/backtest_um_btcusdt/playground"
SLOWLY = 60_000
EDITOR = "document.querySelector('.CodeMirror').CodeMirror"


@pytest.fixture(autouse=True)
def patient(page):
    page.set_default_timeout(SLOWLY)


def test_the_home_page_shows_the_demos_runs(ui, page):
    """Without a click, and by name on the page of runs: one for each of the two days and the continuous backtest's.

    Their number is no fact: another test's backfill may have gone before on the same instance.
    """
    page.goto(ui, wait_until="domcontentloaded")
    page.get_by_text("phoenix_dagster.definitions").first.wait_for()
    page.get_by_text("Jobless asset materializations").first.wait_for()
    assert not page.get_by_text("No runs").count()
    page.goto(f"{ui}/runs", wait_until="domcontentloaded")
    for target in ("2024-03-24", "2024-03-25", "continuous_backtest"):
        page.get_by_text(target).first.wait_for()


def test_all_days_of_the_demo_are_green(ui, page):
    """Its partitions are its days, none is missing."""
    page.goto(f"{ui}/assets/um/btcusdt/signals?view=partitions", wait_until="domcontentloaded")
    page.get_by_text("2 Partitions Selected").wait_for()
    page.get_by_text("Materialized (2)").wait_for()
    page.get_by_text("Missing (0)").wait_for()


@pytest.mark.parametrize("asset", ["continuous_backtest", "backtest"])
def test_a_backtests_page_begins_with_its_result_and_picture(ui, page, asset):
    """Drawn where it stands, without a click: a sentence with its unit, equity, fills and drawdown."""
    page.goto(f"{ui}/assets/um/btcusdt/{asset}?view=overview", wait_until="domcontentloaded")
    page.get_by_text(re.compile(r"^net [+-][\d,.]+ USDT \([+-][\d.]+%\), \d+ fills, drawdown [\d.]+%$")).wait_for()
    picture = page.locator("img[alt='equity, fills and drawdown']")
    picture.wait_for()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 540
    page.screenshot(path=ARTIFACTS / f"{asset}.png")


def test_the_launchpad_refuses_a_wrong_name_and_names_the_right_ones(ui, page):
    """While it is typed; what stands there at first can be launched as it is."""
    page.goto(f"{ui}{JOB}", wait_until="domcontentloaded")
    page.locator(".CodeMirror").first.wait_for()
    page.get_by_text("No errors").wait_for()
    page.evaluate(f"{EDITOR}.setValue({EDITOR}.getValue().replace('lpi_entry_threshold', 'lpi_entry_treshold'))")
    page.get_by_text('Received unexpected config entry "lpi_entry_treshold"').wait_for()
    page.get_by_text("View all").click()
    page.get_by_text(re.compile(r"Expected: .*lpi_entry_threshold\?", re.DOTALL)).first.wait_for()


def test_a_click_on_the_report_opens_it(demo, ui, page):
    """Over http on loopback, from the page of its asset, with its charts drawn."""
    page.goto(f"{ui}/assets/um/btcusdt/report?view=overview", wait_until="domcontentloaded")
    link = page.get_by_text(f"http://127.0.0.1:{demo.reports_port}/backtests/").first
    address = link.inner_text()
    until_it_is_served(address)
    with page.expect_popup() as opened:
        link.click()
    opened.value.locator("html[data-drawn=all]").wait_for(timeout=SLOWLY)
    assert opened.value.url == address


def test_a_sweeps_points_are_green_and_its_page_is_a_click_away(demo, ui, page):
    """Swept from the shell through Dagster: variants by name, each done, and on the page of their table its best."""
    grid = {"grid": ["strategy.lpi_entry_threshold=0.6,0.8"], "first": "2024-03-24"}
    config = json.dumps({"ops": {"sweeps__um__btcusdt__sweep": {"config": grid}}})
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "phoenix_dagster.definitions",
               "--select", "sweeps/um/btcusdt/sweep", "--config-json", config]  # fmt: skip
    settings = demo_environment(demo.folder) | {"PHOENIX_REPORTS_PORT": demo.reports_port}
    subprocess.run(command, cwd=ROOT, env=plain_environment() | settings, check=True, capture_output=True, timeout=300)
    page.goto(f"{ui}/assets/sweeps/um/btcusdt/variant?view=partitions", wait_until="domcontentloaded")
    page.get_by_text("Materialized (2)").wait_for()
    page.get_by_text("Missing (0)").wait_for()
    page.goto(f"{ui}/assets/sweeps/um/btcusdt/sweep?view=overview", wait_until="domcontentloaded")
    link = page.get_by_text(f"http://127.0.0.1:{demo.reports_port}/sweeps/").first
    address = link.inner_text()
    page.screenshot(path=ARTIFACTS / "sweep_asset.png")
    until_it_is_served(address)
    with page.expect_popup() as opened:
        link.click()
    opened.value.locator("html[data-drawn=all]").wait_for(timeout=SLOWLY)
    assert opened.value.url == address


def until_it_is_served(address):
    """Its sensor's first tick is within half a minute."""
    deadline = time.monotonic() + 60
    while not is_served(address):
        assert time.monotonic() < deadline, address
        time.sleep(0.5)


def is_served(address):
    try:
        return requests.head(address, timeout=5).ok
    except requests.ConnectionError:
        return False
