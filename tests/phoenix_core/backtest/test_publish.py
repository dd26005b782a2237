"""What is published of a result: its identity, and the way back to the archive."""

import csv
import io
import json
import shutil
import zipfile
from dataclasses import replace

import polars as pl
import pyarrow.parquet as pq
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.errors import InputMissing, StrategyFailed
from phoenix_core.manifest import Manifest
from phoenix_core.report.comparison import comparison
from phoenix_core.storage import Lake, sha256_of
from phoenix_core.strategies.phoenix import PhoenixStrategy


@pytest.fixture
def lake(market, tmp_path):
    """The market on disk, to write results into."""
    shutil.copytree(market.lake.root, tmp_path / "data")
    return Lake.at(tmp_path / "data")


def experiment(market, **values):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[1], **values)


def published(lake, chosen):
    entry = publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")
    return entry, json.loads(lake.path(entry.file).read_bytes())


def test_every_round_trip_leads_back_to_its_zip(lake, market):
    """The aggregate trades of the bucket that it was entered on are rows of the zip that it names."""
    entry, document = published(lake, experiment(market))
    trips = pl.read_parquet(lake.path(f"{entry.facts['folder']}/positions.parquet"))
    assert trips.height > 3
    for trip in trips.iter_rows(named=True):
        path = lake.path(trip["entry_zip"])
        assert document["zips"][trip["entry_zip"]] == sha256_of(path)
        with zipfile.ZipFile(path) as archive:
            rows = csv.DictReader(io.TextIOWrapper(archive.open(archive.namelist()[0])))
            found = {int(row["agg_trade_id"]): int(row["transact_time"]) for row in rows}
        bucket = [found[number] for number in range(trip["entry_first_trade"], trip["entry_last_trade"] + 1)]
        assert max(bucket) <= trip["entry_decided_ns"] // 1_000_000 <= trip["opened_ns"] // 1_000_000


def test_the_same_inputs_give_the_same_identity_and_bytes(lake, market):
    """Twice, from nothing."""
    first, second = published(lake, experiment(market)), published(lake, experiment(market))
    assert first == second


def test_an_input_that_changed_changes_the_identity(lake, market):
    """The same quotes in other bytes: every figure is as before, the identity and the data version are not."""
    entry, document = published(lake, experiment(market))
    quotes = Manifest(lake).find("um/btcusdt/quote_ticks", market.days[1])
    path = lake.path(quotes.file)
    pq.write_table(pq.read_table(path), path, compression="zstd", row_group_size=100_000)
    Manifest(lake).record(replace(quotes, sha256=sha256_of(path), bytes=path.stat().st_size))
    again, changed = published(lake, experiment(market))
    assert changed["parts"] == document["parts"]
    assert changed["files"] == document["files"]
    assert changed["identity"] != document["identity"]
    assert again.data_version != entry.data_version


def test_a_setting_that_changed_changes_the_identity(lake, market):
    """And the folder."""
    first, _ = published(lake, experiment(market))
    second, _ = published(lake, experiment(market, venue={"seed": 43}))
    assert first.facts["identity"] != second.facts["identity"]
    assert first.facts["folder"] != second.facts["folder"]


def test_experiments_of_one_range_are_compared(lake, market):
    """Each with its figures; the best is deflated by the number of those that were tried."""
    first, last = market.days
    for threshold in (0.7, 0.75, 0.8):
        published(lake, experiment(market, strategy={"lpi_entry_threshold": threshold}))
    found = comparison(lake, "um:BTCUSDT", f"{first}_{last}")
    assert found.rows.height == 3
    assert found.rows["sharpe"].is_sorted(descending=True)
    assert found.deflated is not None
    assert found.deflated <= (found.rows["probabilistic"][0] or 0)
    with pytest.raises(InputMissing, match="ETHUSDT"):
        comparison(lake, "um:ETHUSDT", f"{first}_{last}")


@pytest.mark.parametrize("event", ["on_start", "on_data"])
def test_a_strategy_that_raises_publishes_nothing(lake, market, monkeypatch, event):
    """The run fails as the strategy's fault, with the day and what was raised."""

    def fail(self, *_):
        raise ZeroDivisionError("by a strategy")

    monkeypatch.setattr(PhoenixStrategy, event, fail)
    with pytest.raises(StrategyFailed, match="ZeroDivisionError: by a strategy"):
        published(lake, experiment(market))
    assert not lake.path("backtests").exists()


def test_ruin_is_told_with_its_time(market):
    """When equity, or what is left after a change, was first zero or less."""
    result = run(market.lake, experiment(market))
    assert result.ruined_ns is None
    broke = result.equity.with_columns(
        pl.when(pl.int_range(pl.len()) >= 700).then(0.0).otherwise("equity").alias("equity")
    )
    assert replace(result, equity=broke).ruined_ns == broke["ts"][700]
