"""Sensors switched on, by the real daemon: yesterday is ingested, and what is made of it follows, untouched."""

import shutil
import time
from datetime import timedelta

from fakes.processes import ROOT, running_ui

from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing, utc_today
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.operation.backfill import RunningDagster

RUNS = """query { runsOrError { ... on Runs { results { status assetSelection { path } tags { key value } } } } }"""


def test_yesterday_arrives_and_everything_follows(tmp_path):
    """One run of the raw files by the sensor, then runs of catalog, signals and backtest by their conditions."""
    yesterday = utc_today() - timedelta(1)
    (tmp_path / "dagster").mkdir()
    shutil.copy(ROOT / "dagster.yaml", tmp_path / "dagster" / "dagster.yaml")
    write_archive(tmp_path / "archive", Listing.parse("um:BTCUSDT"), [yesterday], size=MarketSize(trades=3_000))
    with running_ui(tmp_path, PHOENIX_SENSORS="1", PHOENIX_SENSOR_DAYS="1", PHOENIX_DAILY_BACKTEST="1") as url:
        dagster = RunningDagster(url)
        deadline = time.monotonic() + 240
        runs: list = []
        while time.monotonic() < deadline and not any(
            _has(run, "backtest") and run["status"] == "SUCCESS" for run in runs
        ):
            time.sleep(2)
            runs = dagster.ask(RUNS)["runsOrError"]["results"]
    assert {run["status"] for run in runs} == {"SUCCESS"}, runs
    by_sensor = {_tag(run, "dagster/sensor_name") for run in runs}
    assert by_sensor == {"ingest", "follow"}
    assert {_tag(run, "dagster/partition") for run in runs} == {yesterday.isoformat()}
    asked = [tuple(key["path"]) for run in runs for key in run["assetSelection"]]
    assert len(asked) == len(set(asked)), "an asset was requested twice"
    names = {asset.rsplit("/", 1)[-1] for asset, *_ in Manifest(Lake.at(tmp_path / "data")).recorded()}
    assert {"agg_trades", "trade_ticks", "quote_ticks", "consistency", "signals", "backtest"} <= names
    assert len(names) == len(asked)


def _has(run, name):
    return any(key["path"][-1] == name for key in run["assetSelection"] or [])


def _tag(run, name):
    return next((tag["value"] for tag in run["tags"] if tag["key"] == name), None)
