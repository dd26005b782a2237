"""A day that lies in several files, held against each of the others."""

import zipfile

import pytest
from conftest import LATER
from fakes.trees import extracted
from fakes.zips import UM, put

from phoenix_core.datasets import AGG_TRADES, TRADES
from phoenix_core.errors import InputMissing
from phoenix_core.raw.copies import copies_at_hand
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day, key_of_month
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.sources.contract import Monthly
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.tables import against_others as compared
from phoenix_core.tables.against_others import against_others, disagreements


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
    assert not list(lake.scratch.iterdir())


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


def held_against(lake, source, dataset, day):
    """What there is beside a raw day, and what of it disagrees."""
    entry = Ingest(lake, (source,), LATER).day(dataset, UM, day)
    return disagreements(lake, [source], dataset, UM, entry)


def test_files_that_disagree_are_told_with_their_first_rows(market, tree, lake):
    """How many rows, and which; rows that are only in one, and both values of a cell that differs."""
    count, (found,) = held_against(lake, tree, AGG_TRADES, market.days[0])
    assert count == 1
    assert found.name.endswith("BTCUSDT-aggTrades-2024-03.csv")
    assert found.message.startswith("1 rows are only in the file that is used, 0 only in this one, 1 of ")
    assert [row["what"] for row in found.rows] == ["only in the day's own file", "changed"]
    assert " → 1.5" in found.rows[1]["row"]


def test_a_month_is_read_once_for_all_its_days_that_agree(market, tree, lake, monkeypatch):
    """Digests of its lines are kept; no row is parsed; a month that changed is read again."""
    day = market.days[1]
    monkeypatch.setattr(compared, "difference", None)
    assert held_against(lake, tree, AGG_TRADES, day) == (1, ())
    (kept,) = [name for name in lake.names("archive") if name.endswith("2024-03.lines.json")]
    before = lake.store.path(kept).stat().st_mtime_ns
    assert held_against(lake, tree, AGG_TRADES, day) == (1, ())
    assert lake.store.path(kept).stat().st_mtime_ns == before
    month = next(tree.root.rglob("BTCUSDT-aggTrades-2024-03.csv"))
    month.write_text("".join(month.read_text().splitlines(keepends=True)[:-1]))
    monkeypatch.undo()
    assert held_against(lake, tree, AGG_TRADES, day)[1][0].message.startswith(
        "1 rows are only in the file that is used"
    )


def test_the_same_rows_in_other_words_agree(market, lake, tmp_path):
    """A copy with Windows line ends, one without a header, one with zeros behind its prices."""
    folder = extracted(market.archive, tmp_path / "own") / "future_data" / "daily_data" / "trades"
    own = folder / f"BTCUSDT-trades-{market.days[0]}.csv"
    text = own.read_text()
    own.with_name(f"{own.stem} (1).csv").write_text(text.replace("\n", "\r\n") + "\r\n", newline="")
    own.with_name(f"{own.stem} (2).csv").write_text(text.partition("\n")[2])
    lines = [line.split(",") for line in text.splitlines()]
    zeros = [[cells[0], f"{cells[1]}0", *cells[2:]] for cells in lines[1:]]
    own.with_name(f"{own.stem} (3).csv").write_text("".join(",".join(cells) + "\n" for cells in [lines[0], *zeros]))
    assert held_against(lake, LocalTree(tmp_path / "own"), TRADES, market.days[0]) == (3, ())


def test_a_copy_that_cannot_be_read_is_told_and_the_day_is_there(market, tree, lake):
    """Half a month is no month that agrees."""
    month = next(tree.root.rglob("BTCUSDT-aggTrades-2024-03.csv"))
    month.write_bytes(month.read_bytes()[:-5])
    _, (found,) = held_against(lake, tree, AGG_TRADES, market.days[1])
    assert "can't be compared" in found.message
    assert "ends in the middle of a line" in found.message


def test_a_copy_of_the_archives_month_counts_and_nothing_is_fetched_for_it(market, server, lake):
    """Where days come from months, and from their own files where these lack them; without the month, no request."""
    first, second = market.days
    texts = {}
    for day in market.days:
        zipped = next(market.archive.rglob(f"BTCUSDT-trades-{day}.zip"))
        put(server.root, key_of_day(TRADES, UM, day), texts.setdefault(day, _text(zipped)))
    source = BinanceArchive(Archive(server.url, sleep=lambda _: None), Monthly.MISSING)
    entry = Ingest(lake, (source,), LATER).day(TRADES, UM, first)
    server.requests.clear()
    assert copies_at_hand(lake, [source], TRADES, UM, entry) == ()
    month = key_of_month(TRADES, UM, first)
    put(
        lake.store.root / "archive",
        month,
        texts[first].replace(b"false", b"true", 1) + texts[second].partition(b"\n")[2],
    )
    _, (found,) = disagreements(lake, [source], TRADES, UM, entry)
    assert found.name == f"{server.url}/{month.path}"
    assert ", 1 of " in found.message
    assert server.requests == []


def _text(zipped):
    with zipfile.ZipFile(zipped) as archive:
        return archive.read(archive.namelist()[0])
