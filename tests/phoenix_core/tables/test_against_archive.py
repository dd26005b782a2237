"""Own files held against the archive."""

import pytest
from conftest import LATER
from fakes.trees import extracted
from fakes.zips import UM

from phoenix_core.datasets import AGG_TRADES, FUNDING_RATE, METRICS
from phoenix_core.errors import InputMissing
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage import Lake
from phoenix_core.tables.against_archive import against_archive


@pytest.fixture
def own(market, tmp_path):
    """The market extracted, one price changed and one row left out by hand, and a data folder over it."""
    folder = extracted(market.archive, tmp_path / "own")
    path = folder / "future_data" / "daily_data" / "aggTrades" / f"BTCUSDT-aggTrades-{market.days[0]}.csv"
    lines = path.read_text().splitlines(keepends=True)
    cells = lines[100].split(",")
    lines[100] = ",".join([cells[0], "1.5", *cells[2:]])
    del lines[200]
    path.write_text("".join(lines))
    lake = Lake.at(tmp_path / "data")
    ingest = Ingest(lake, (LocalTree(folder),), LATER)
    for dataset in (AGG_TRADES, METRICS, FUNDING_RATE):
        ingest.day(dataset, UM, market.days[0])
    return lake


def test_rows_that_differ_are_named(market, own):
    """The changed price and the row that is gone; nothing fetched is kept."""
    day = market.days[0]
    found = against_archive(own, Archive(str(market.archive)), AGG_TRADES, UM, day)
    assert (found.only_left, found.only_right, found.changed) == (0, 1, 1)
    (changed,) = [one for one in found.examples if one["what"] == "changed"]
    assert changed["price"][0] == 1.5
    assert not list(own.staging.iterdir())


def test_equal_days_are_equal_also_out_of_a_month(market, own):
    """Metrics by day, funding by month."""
    for dataset in (METRICS, FUNDING_RATE):
        found = against_archive(own, Archive(str(market.archive)), dataset, UM, market.days[0])
        assert found.is_none
        assert found.compared > 0


def test_what_is_not_there_is_said(market, own, tmp_path):
    """No file in the archive is None; no day of ours is refused."""
    (tmp_path / "empty").mkdir()
    assert against_archive(own, Archive(str(tmp_path / "empty")), AGG_TRADES, UM, market.days[0]) is None
    with pytest.raises(InputMissing, match="it was never materialized"):
        against_archive(own, Archive(str(market.archive)), AGG_TRADES, UM, market.days[1])
