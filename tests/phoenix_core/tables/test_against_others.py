"""A day that lies in several files, held against each of the others."""

import pytest
from conftest import LATER
from fakes.trees import extracted
from fakes.zips import UM

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import InputMissing
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.tables.against_others import against_others


@pytest.fixture
def tree(market, tmp_path):
    """The first day of trades beside a month that has both days, one price of the first changed and a row left out."""
    folder = extracted(market.archive, tmp_path / "own") / "future_data" / "daily_data" / "aggTrades"
    texts = [(folder / f"BTCUSDT-aggTrades-{day}.csv").read_text().splitlines(keepends=True) for day in market.days]
    cells = texts[0][100].split(",")
    changed = [*texts[0][:100], ",".join([cells[0], "1.5", *cells[2:]]), *texts[0][101:200], *texts[0][201:]]
    (folder / "BTCUSDT-aggTrades-2024-03.csv").write_text("".join([*changed, *texts[1][1:]]))
    return LocalTree(tmp_path / "own")


def test_a_day_and_its_month_that_disagree_are_a_finding_with_rows(market, tree, lake):
    """The day's own file is used; the changed price and the row that the month lacks are named; nothing is kept."""
    day = market.days[0]
    assert Ingest(lake, (tree,), LATER).day(AGG_TRADES, UM, day).file.endswith(f"{day}.csv")
    ((name, found),) = against_others(lake, [tree], AGG_TRADES, UM, day)
    assert name.endswith("BTCUSDT-aggTrades-2024-03.csv")
    assert (found.only_left, found.only_right, found.changed) == (1, 0, 1)
    (changed,) = [one for one in found.examples if one["what"] == "changed"]
    assert changed["price"][1] == 1.5
    assert not list(lake.staging.iterdir())


def test_files_that_agree_are_no_finding(market, tree, lake):
    """The second day is the same in both."""
    Ingest(lake, (tree,), LATER).day(AGG_TRADES, UM, market.days[1])
    ((_, found),) = against_others(lake, [tree], AGG_TRADES, UM, market.days[1])
    assert found.is_none
    assert found.compared > 0


def test_a_month_without_the_day_lacks_all_its_rows(market, tree, lake):
    """Each row of the day is only in its own file."""
    day = market.days[1]
    Ingest(lake, (tree,), LATER).day(AGG_TRADES, UM, day)
    month = next(tree.root.rglob("BTCUSDT-aggTrades-2024-03.csv"))
    own = month.with_name(f"BTCUSDT-aggTrades-{market.days[0]}.csv")
    month.write_bytes(own.read_bytes())
    ((_, found),) = against_others(lake, [tree], AGG_TRADES, UM, day)
    assert found.only_left == len(month.with_name(f"BTCUSDT-aggTrades-{day}.csv").read_text().splitlines()) - 1
    assert found.compared == found.only_right == 0


def test_a_day_that_is_not_here_is_refused(market, tree, lake):
    """There is nothing to compare."""
    with pytest.raises(InputMissing, match="it was never materialized"):
        list(against_others(lake, [tree], AGG_TRADES, UM, market.days[0]))
