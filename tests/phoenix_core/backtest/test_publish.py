"""What is published of a result: its identity, and the way back to the archive."""

import csv
import io
import json
import shutil
import zipfile
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pyarrow.parquet as pq
import pytest
from fakes.instruments import folder_with
from fakes.scenario import terms_of

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.recovery import experiment_of
from phoenix_core.backtest.run import run
from phoenix_core.backtest.venue import as_traded
from phoenix_core.catalog.verification import Trouble, verify
from phoenix_core.errors import StrategyFailed
from phoenix_core.instruments import table
from phoenix_core.instruments.table import InstrumentTable, specification
from phoenix_core.manifest import Manifest
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.phoenix.strategy import PhoenixStrategy
from phoenix_core.verification.files import data_of
from phoenix_core.verification.replayer import Replayer, Request


@pytest.fixture
def lake(market, tmp_path):
    """The market on disk, to write results into."""
    shutil.copytree(market.lake.store.root, tmp_path / "data")
    return Lake.at(tmp_path / "data")


def experiment(market, **values):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[1], **values)


def published(lake, chosen):
    entry = publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")
    return entry, json.loads(lake.store.path(entry.file).read_bytes())


def test_every_round_trip_leads_back_to_its_zip(lake, market):
    """The aggregate trades of the bucket that it was entered on are rows of the zip that it names."""
    entry, document = published(lake, experiment(market))
    round_trips = pl.read_parquet(lake.store.path(f"{entry.facts['folder']}/positions.parquet"))
    assert round_trips.height > 3
    for trip in round_trips.iter_rows(named=True):
        path = lake.store.path(trip["entry_zip"])
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
    path = lake.store.path(quotes.file)
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


@pytest.mark.parametrize("event", ["on_start", "on_data"])
def test_a_strategy_that_raises_publishes_nothing(lake, market, monkeypatch, event):
    """The run fails as the strategy's fault, with the day and what was raised."""

    def fail(self, *_):
        raise ZeroDivisionError("by a strategy")

    monkeypatch.setattr(PhoenixStrategy, event, fail)
    with pytest.raises(StrategyFailed, match="ZeroDivisionError: by a strategy"):
        published(lake, experiment(market))
    assert not lake.store.path("backtests").exists()


def test_ruin_is_told_with_its_time(market):
    """When equity, or what is left after a change, was first zero or less."""
    result = run(market.lake, experiment(market))
    assert result.insolvent_ns is None
    broke = result.equity.with_columns(
        pl.when(pl.int_range(pl.len()) >= 700).then(0.0).otherwise("equity").alias("equity")
    )
    assert replace(result, equity=broke).insolvent_ns == broke["ts"][700]


def test_other_fees_of_the_instrument_are_another_identity(lake, market, tmp_path, monkeypatch):
    """5 % in a copy of the data file: of the same experiment on the same data; the entry names another recipe."""
    entry, document = published(lake, experiment(market))
    dearer = InstrumentTable.read(folder_with(tmp_path / "instruments", "um", maker=0.05, taker=0.05))
    monkeypatch.setattr(table, "shipped", lambda: dearer)
    again, changed = published(lake, experiment(market))
    assert float(changed["parts"]["net"]) < float(document["parts"]["net"])
    assert changed["identity"] != document["identity"]
    assert again.recipe != entry.recipe
    assert again.key == entry.key


def test_an_entry_and_its_result_name_the_same_inputs(lake, market):
    """The instrument among them, and every day of the range."""
    entry, document = published(lake, experiment(market))
    assert dict(entry.sources) == document["inputs"]
    for day in market.days:
        names = {name.rpartition("/")[2] for name in document["inputs"] if name.endswith(f"@{day}")}
        assert names == {f"{name}@{day}" for name in (
            "signals", "instrument", "trade_ticks", "quote_ticks", "mark_prices", "funding_updates", "depth")}  # fmt: skip


def test_signals_of_ones_own_name_what_they_were_computed_from(lake, market):
    """With other parameters a run reads buckets and open interest itself, so they are inputs."""
    _, usual = published(lake, experiment(market))
    _, own = published(lake, experiment(market, strategy={"signals": {"vol_bucket_size": "2000000"}}))
    read = {name.partition("@")[0].rpartition("/")[2] for name in own["inputs"].keys() - usual["inputs"].keys()}
    assert {"open_interest", "volume_buckets"} <= read


@pytest.mark.slow
def test_a_published_result_can_be_recomputed_from_its_zips(lake, market):
    """`orders` holds every request: with the zips the second implementation gives its fills and final balance."""
    entry, document = published(lake, experiment(market, venue={"starting_balance": 5_000_000}))
    tables = {
        name: pl.read_parquet(lake.store.path(f"{entry.facts['folder']}/{name}.parquet"))
        for name in ("orders", "fills", "ledger")
    }
    requests = [
        Request(
            row["order_id"], row["sent_ns"], row["side"], row["quantity"], row["price"], row["post_only"], row["rests"],
            row["reduce_only"], row["forced"], row["cancel_sent_ns"],
        )
        for row in tables["orders"].iter_rows(named=True)
    ]  # fmt: skip
    folder = market.archive / "data/futures/um/daily"
    zips = [sorted((folder / name).rglob("*.zip")) for name in ("aggTrades", "bookTicker", "bookDepth")]
    venue = Experiment.parse(**document["experiment"]).venue
    terms = terms_of(as_traded(specification(market.listing, market.days[0]), venue), venue)
    second = Replayer(data_of(*zips), requests, terms).run()
    columns = ("ts", "order_id", "side", "quantity", "price", "liquidity")
    assert second.fills == list(tables["fills"].select(columns).iter_rows())
    charged = sum(tables["ledger"]["funding"])
    cash = second.account(venue.starting_balance) + charged
    assert abs(cash - Decimal(document["final_balance"])) < Decimal("0.01")


def test_experiments_over_one_range_have_entries_of_their_own(lake, market):
    """Found by variant; a file that is damaged in the first is found."""
    first, _ = published(lake, experiment(market))
    second, _ = published(lake, experiment(market, venue={"seed": 43}))
    assert first.key[:2] == second.key[:2]
    assert [Manifest(lake).find(*one.key) for one in (first, second)] == [first, second]
    assert not [one for one in verify(lake) if one.trouble is not Trouble.HOLE]
    for name in ("fills", "positions", "ledger", "equity", "orders"):
        path = lake.store.path(f"{first.facts['folder']}/{name}.parquet")
        sound = path.read_bytes()
        path.write_bytes(sound[:-1])
        assert [(one.key, one.path) for one in verify(lake)] == [(first.key, str(path))]
        path.write_bytes(sound)
    assert experiment_of(lake, first.key) == experiment(market)


def test_a_result_of_an_earlier_release_is_superseded(lake, market):
    """Its entry had no variant: kept while its files are as it says, gone once they are written anew."""
    chosen = experiment(market)
    entry, _ = published(lake, chosen)
    lake.remove(entry.key.path)
    former = replace(entry, variant="", recipe="", facts={"experiment": "of old", "folder": entry.facts["folder"]})
    Manifest(lake).record(former)
    assert not [one for one in verify(lake) if one.trouble is not Trouble.HOLE]
    assert experiment_of(lake, former.key) == chosen
    again, _ = published(lake, chosen)
    assert [key for key in Manifest(lake).recorded() if key.asset == entry.asset] == [again.key]


def test_a_result_that_no_entry_names_is_looked_into(lake, market):
    """Earlier releases kept one entry for all experiments over a range."""
    entry, _ = published(lake, experiment(market))
    lake.remove(entry.key.path)
    path = lake.store.path(f"{entry.facts['folder']}/fills.parquet")
    path.write_bytes(b"x")
    assert [(one.trouble, one.path) for one in verify(lake)] == [(Trouble.ALTERED, str(path))]
    lake.store.path(entry.file).write_text("{}")
    assert [(one.trouble, one.path) for one in verify(lake)] == [(Trouble.UNREADABLE, str(lake.store.path(entry.file)))]


def test_an_experiment_is_known_without_its_entry_only_by_its_folder(lake, market):
    """A description that was altered hashes to another folder, and is not believed."""
    entry, document = published(lake, experiment(market))
    lake.write(entry.key.path, b"{")
    assert experiment_of(lake, entry.key) == experiment(market)
    document["experiment"]["venue"]["seed"] = 44
    lake.write(entry.file, json.dumps(document).encode())
    assert experiment_of(lake, entry.key) is None
