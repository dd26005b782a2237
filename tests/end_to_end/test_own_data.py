"""A folder of extracted files, by clicks and from the shell: the bytes that the archive gives, and nothing of it touched."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from fakes.clicks import materialize_all
from fakes.processes import QUICKER, ROOT, free_port, running, until_it_answers
from fakes.trees import extracted

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.run import run


def digests(folder, *rooms):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for room in rooms
        for path in sorted((folder / room).rglob("*.parquet"))
    }


def state(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def assert_made_as_from_zips(market, data):
    """Catalog and signals file by file, the fills of each day, and nothing copied."""
    expected = digests(market.lake.store.root, "catalog", "signals")
    assert expected
    assert expected.items() <= digests(data, "catalog", "signals").items()
    for day in market.days:
        (published,) = (data / "backtests").glob(f"*/{day}/fills.parquet")
        fills = run(market.lake, Experiment(listing=str(market.listing), first=day, last=day)).fills
        assert fills.height
        assert pl.read_parquet(published).equals(fills)
    assert not list(data.rglob("*.zip"))


@pytest.fixture
def own_folder(market, tmp_path):
    """The synthetic market, extracted as a user keeps it."""
    return extracted(market.archive, tmp_path / "binance.vision")


def test_own_files_are_materialized_by_clicks(market, own_folder, tmp_path, page):
    """Materialize all over both days: catalog and signals file by file, and the fills of each day's backtest."""
    home, (first, last), before = tmp_path / "home", market.days, state(own_folder)
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    settings = {"DAGSTER_HOME": str(home), "PHOENIX_SOURCES": str(own_folder), "PHOENIX_START": str(first)}
    dagster, port = Path(sys.executable).with_name("dagster"), free_port()
    command = [str(dagster), "dev", "-m", "phoenix_dagster.definitions", "-p", str(port)]
    url, log = f"http://127.0.0.1:{port}", tmp_path / "dagster.log"
    with running(command, home, log, **QUICKER, **settings) as process:
        until_it_answers(url, process, log)
        status, counts, reasons = materialize_all(page, url, first, last)
    assert (status, reasons) == ("COMPLETED_SUCCESS", {})
    assert set(counts.values()) == {(2, 0)}
    assert_made_as_from_zips(market, home / "data")
    assert state(own_folder) == before


def test_own_files_are_materialized_from_the_shell(market, own_folder, tmp_path):
    """`phoenix adopt`, then `phoenix run` over both days; without an address in PHOENIX_SOURCES no network is asked."""
    home, (first, last), before = tmp_path / "home", market.days, state(own_folder)
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    settings = {"DAGSTER_HOME": str(home), "PHOENIX_START": str(first), "PHOENIX_SOURCES": str(own_folder)}
    phoenix = str(Path(sys.executable).with_name("phoenix"))
    for words in (["adopt", str(own_folder)], ["run", "--first", str(first), "--last", str(last)]):
        subprocess.run([phoenix, *words], cwd=home, env=os.environ | settings, check=True, timeout=120)
    assert_made_as_from_zips(market, home / "data")
    assert state(own_folder) == before
