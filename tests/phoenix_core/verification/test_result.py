"""A result recomputed: sound as published, and each thing that may be wrong with it found by its check."""

import json
import shutil
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.storage.digests import canonical_json, sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.verification.result import verified

ALL = ("signals", "ledger", "fills")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(market, tmp_path_factory):
    """A result over both days of the synthetic market, traded at a size that leaves parts of orders, with funding."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path_factory.mktemp("verified") / "data"))
    chosen = Experiment.parse(
        listing=str(market.listing), first=market.days[0], last=market.days[1],
        strategy={"lpi_entry_threshold": 0.7, "lpi_exit_threshold": 0.0001}, venue={"starting_balance": 5_000_000},
    )  # fmt: skip
    return lake, publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")


@pytest.fixture
def lake(made, tmp_path):
    """A copy of it to damage."""
    return Lake.at(shutil.copytree(made[0].store.root, tmp_path / "data"))


def folder(made):
    return made[1].facts["folder"]


def altered(lake, location, name, change):
    """Change a table of a result as somebody would who also writes its digest anew."""
    path = lake.store.path(f"{location}/{name}.parquet")
    change(pl.read_parquet(path)).write_parquet(path)
    described = lake.store.path(f"{location}/experiment.json")
    document = json.loads(described.read_bytes())
    document["files"][path.name] = sha256_of(path)
    lake.write(f"{location}/experiment.json", canonical_json(document))


def test_a_sound_result_is_recomputed_without_a_difference(made):
    """Signals of both days to the last bit, every row of the ledger, every fill, each funding, and the balance."""
    lake, entry = made
    found = verified(lake, folder(made), ())
    assert [(one.name, one.differences, one.left_out) for one in found] == [(name, (), ()) for name in ALL]
    tables = {name: pl.read_parquet(lake.store.path(f"{folder(made)}/{name}.parquet")) for name in ("ledger", "fills")}
    signals = [Manifest(lake).find("um/btcusdt/signals", day).rows for day in ("2024-03-24", "2024-03-25")]
    assert [one.rows for one in found] == [sum(signals), tables["ledger"].height, tables["fills"].height]
    assert entry.rows > 10
    assert tables["ledger"].filter(pl.col("kind") == "funding").height > 0


def test_signals_that_were_shifted_are_found(made, lake):
    """Published 20 seconds early and recorded as if they were right; every trade that they led to follows from them."""
    manifest = Manifest(lake)
    entry = manifest.find("um/btcusdt/signals", "2024-03-25")
    path = lake.store.path(entry.file)
    early = pl.col("ts_init") - 20 * 10**9
    pl.read_parquet(path).with_columns(early).write_parquet(path)
    manifest.record(replace(entry, sha256=sha256_of(path), bytes=path.stat().st_size))
    (gone,) = verified(lake, folder(made), ["signals"])
    assert gone.left_out == ("2024-03-25: the signals that the result used were made anew since, or are gone",)
    chosen = Experiment.parse(listing="um:BTCUSDT", first="2024-03-25", last="2024-03-25")
    again = publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")
    (found,) = verified(lake, again.facts["folder"], ["signals"])
    assert len(found.differences) == 1
    assert found.differences[0].startswith(
        f"2024-03-25: ts_init: {found.rows:,} of {found.rows:,} rows differ, first row 0"
    )


@pytest.mark.parametrize(
    ("name", "column", "check", "expected"),
    [
        ("fills", "price", "fills", "price: 1 of"),
        ("fills", "fee", "ledger", "fee: 1 of"),
        ("ledger", "cash", "ledger", "cash: 1 of"),
        ("ledger", "entry_price", "ledger", "entry_price: 1 of"),
        ("positions", "net", "ledger", "net of all round trips: published"),
    ],
)
def test_a_cent_is_found(made, lake, name, column, check, expected):
    """In one row of one column, which is named."""
    cent = (
        pl.when(pl.int_range(pl.len()) == pl.len() - 1).then(pl.col(column) + Decimal("0.01")).otherwise(pl.col(column))
    )
    altered(lake, folder(made), name, lambda table: table.with_columns(cent.cast(table.schema[column])))
    (found,) = verified(lake, folder(made), [check])
    assert any(one.startswith(expected) for one in found.differences), found.differences


def test_a_fill_that_the_market_did_not_give_is_found(made, lake):
    """A request that was sent later than said fills otherwise, or not at all."""
    late = pl.col("sent_ns") + 10**9
    altered(lake, folder(made), "orders", lambda table: table.with_columns(late))
    (found,) = verified(lake, folder(made), ["fills"])
    assert found.differences
    assert any(one.startswith("final balance: published ") for one in found.differences)


def test_funding_is_recomputed_from_rates_and_marks(made, lake):
    """One that was charged double is named by its time, and the balance no longer agrees with the parts."""
    double = pl.when(pl.col("kind") == "funding").then(2 * pl.col("funding")).otherwise(pl.col("funding"))
    altered(
        lake,
        folder(made),
        "ledger",
        lambda table: table.with_columns(double.cast(table.schema["funding"]).alias("funding")),
    )
    found = {one.name: one.differences for one in verified(lake, folder(made), ())}
    assert found["fills"][0].startswith("funding: funding: 4 of 4 rows differ, first row 0 (ts 1711296000008000000)")
    assert any(one.startswith("funding: published") for one in found["ledger"])


def test_what_can_not_be_recomputed_is_said(made, lake, market):
    """Fills drawn by chance, quotes implied from trades, signals of one's own; the other checks go on."""
    for venue, why in (({"prob_slippage": 0.5}, "drawn by chance"), ({"imply_quotes": True}, "implied from trades")):
        chosen = Experiment.parse(listing="um:BTCUSDT", first="2024-03-25", last="2024-03-25", venue=venue)
        entry = publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")
        ledger, fills = verified(lake, entry.facts["folder"], ["fills", "ledger"])
        assert (ledger.differences, ledger.left_out) == ((), ())
        assert (fills.rows, fills.differences) == (0, ())
        assert why in fills.left_out[0]


def test_a_raw_file_that_changed_is_no_witness(made, lake):
    """Its digest is looked at before it is read; nor is one that is gone."""
    entry = Manifest(lake).find("um/btcusdt/agg_trades", "2024-03-25")
    lake.store.path(entry.file).write_bytes(b"x")
    with pytest.raises(CatalogCorrupt, match="aggTrades"):
        verified(lake, folder(made), ["fills"])
    with pytest.raises(CatalogCorrupt, match="aggTrades"):
        verified(lake, folder(made), ["signals"])
    lake.remove(entry.key.path)
    with pytest.raises(InputMissing, match="agg_trades of 2024-03-25"):
        verified(lake, folder(made), ["fills"])
