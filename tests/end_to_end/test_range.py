"""The days clicked are the days run: Materialize all over a range, in a real browser, by the real daemon."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from fakes.clicks import materialize_all
from fakes.processes import ROOT, running_ui

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.market import Listing
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize

LISTING = Listing.parse("um:BTCUSDT")
FIRST = date(2024, 3, 18)
INTACT = [FIRST, FIRST + timedelta(1)]
DAMAGED = FIRST + timedelta(3)
AROUND = [DAMAGED - timedelta(1), DAMAGED, DAMAGED + timedelta(1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Five days of what signals read; the trades of one have another file's checksum."""
    root = tmp_path_factory.mktemp("range")
    (root / "dagster").mkdir()
    shutil.copy(ROOT / "dagster.yaml", root / "dagster" / "dagster.yaml")
    for day in (*INTACT, *AROUND):
        for dataset in (AGG_TRADES, BOOK_DEPTH, METRICS):
            write_dataset(root / "archive", LISTING, dataset, MarketDay(day, 7, MarketSize(trades=2_000)))
    sidecar = next((root / "archive").rglob(f"*aggTrades-{DAMAGED}.zip.CHECKSUM"))
    sidecar.write_text(f"{'0' * 64}  {sidecar.name.removesuffix('.CHECKSUM')}\n")
    return root


@pytest.fixture(scope="module")
def range_ui(folder):
    with running_ui(folder) as url:
        yield url


def test_a_range_over_intact_days_ends_green(range_ui, page):
    """Two days of every daily asset, no more, and none of them fails."""
    status, counts, reasons = materialize_all(page, range_ui, INTACT[0], INTACT[-1])
    assert not reasons
    assert status == "COMPLETED_SUCCESS", counts
    assert {"agg_trades", "trade_ticks", "signals", "backtest"} <= counts.keys()
    assert set(counts.values()) == {(2, 0)}


def test_a_corrupted_zip_is_its_own_days_failure(range_ui, page):
    """Of three days the middle one's trades are bad: that day alone is red, from its trades on."""
    status, counts, reasons = materialize_all(page, range_ui, AROUND[0], AROUND[-1])
    assert status == "COMPLETED_FAILED"
    assert reasons.keys() == {("um/btcusdt/agg_trades", str(DAMAGED))}
    assert "does not have its published checksum" in reasons.popitem()[1]
    stages = {
        "agg_trades", "trade_ticks", "quote_hull", "instrument", "consistency", "volume_buckets", "signals", "backtest",
    }  # fmt: skip
    assert {name for name, (_, failed) in counts.items() if failed} == stages
    assert set(counts.values()) == {(3, 0), (3, 1)}
