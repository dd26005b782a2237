import dataclasses
import shutil

import polars as pl
import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.catalog.store import read_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.report.folder import page_of, result_in
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.storage import Lake
from phoenix_core.synthetic.files import write_zip


def test_what_was_published_is_read(lake):
    """All tables, and the folder's name as that of the experiment."""
    written = made_up_result(nets=[4, 5])
    found = result_in(lake, write_result(lake, written))
    assert found.round_trips.equals(written.round_trips)
    assert found.equity.equals(written.equity)
    assert found.name == "0123456789ab"
    assert page_of(lake, found.folder) == page_of(lake, str(lake.path(found.folder)))


def test_a_table_that_changed_is_not_shown(lake):
    """The digest in experiment.json is held against it."""
    folder = write_result(lake, made_up_result(nets=[4]))
    made_up_result(nets=[400]).round_trips.write_parquet(lake.path(f"{folder}/positions.parquet"))
    with pytest.raises(CatalogCorrupt, match=r"positions\.parquet"):
        result_in(lake, folder)
    with pytest.raises(InputMissing, match="holds no backtest"):
        result_in(lake, "backtests/none/2024-03-24")


def test_signals_that_are_not_those_used_are_left_out_with_the_reason(lake):
    """Of other parameters, or no longer there."""
    gone = result_in(lake, write_result(lake, made_up_result(nets=[4])))
    assert gone.signals is None
    assert gone.signals_absent == "No longer the signals that were used, and left out: 2024-03-24."
    own = made_up_result(nets=[4], strategy={"signals": {"vpin_window": 5}})
    assert "chose its own signal parameters" in result_in(lake, write_result(lake, own)).signals_absent


def test_signals_around_fills_are_those_of_the_result(market, tmp_path):
    """Ten minutes to both sides, by the data version that the result names; of another version none are shown."""
    lake = Lake.at(shutil.copytree(market.lake.root, tmp_path / "copy"))  # the market is everybody's
    day = market.days[0]
    entry = Manifest(lake).find(f"{market.listing.path}/signals", day)
    times = read_day(lake, entry.asset, day)["ts_init"].cast(pl.Int64)
    at = times[times.len() // 2]
    written = made_up_result(nets=[4])
    document = dict(written.document) | {"inputs": {f"{entry.asset}@{day}": entry.data_version}}
    fills = written.fills.with_columns(ts=pl.lit(at))
    name = "ffffffffffff"
    folder = write_result(lake, dataclasses.replace(written, document=document, fills=fills), name)
    found = result_in(lake, folder)
    assert found.signals_absent == ""
    assert found.signals["ts_init"].to_list() == [ts for ts in times if abs(ts - at) <= 600 * 10**9]
    document["inputs"] = {f"{entry.asset}@{day}": "0" * 64}
    write_result(lake, dataclasses.replace(written, document=document, fills=fills), name)
    assert result_in(lake, folder).signals is None


def test_a_synthetic_zip_makes_a_synthetic_result(lake, market):
    """What it was written with goes with it; a zip of another origin, or none, claims nothing."""
    folder = write_result(lake, made_up_result())
    zipped = lake.path("archive/BTCUSDT-aggTrades-2024-03-24.zip")
    assert not result_in(lake, folder).is_synthetic
    zipped.parent.mkdir(parents=True)
    made = write_zip(lake.root / "elsewhere", key_of_day(AGG_TRADES, market.listing, market.days[0]), [b"1\n"])
    zipped.write_bytes(made.read_bytes())
    assert result_in(lake, folder).is_synthetic
    zipped.write_bytes(b"no zip")
    assert not result_in(lake, folder).is_synthetic
