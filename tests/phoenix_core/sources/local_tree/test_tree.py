"""Which of several files of a day is taken, and when a folder is looked through again."""

from datetime import date

import pytest
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_sidecar

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ChecksumMismatch
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.contract import Monthly
from phoenix_core.sources.local_tree.tree import LocalTree

TEXT = AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true"))


def put(folder, name):
    path = folder / "um" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(TEXT)
    return path


def test_a_days_file_comes_before_a_months_and_zips_before_what_was_unpacked(tmp_path):
    """The publisher's own first; the rest in a stated order."""
    names = ["BTCUSDT-aggTrades-2024-03-30.csv", "BTCUSDT-aggTrades-2024-03.zip", "BTCUSDT-aggTrades-2024-03-30.zip",
             "BTCUSDT-aggTrades-2024-03-30.csv.gz"]  # fmt: skip
    for name in names:
        put(tmp_path, name)
    found = LocalTree(tmp_path).find(AGG_TRADES, UM, DAY)
    assert [file.lies_at.name for file in found] == [names[2], names[3], names[0], names[1]]
    assert found[0].key == key_of_day(AGG_TRADES, UM, DAY).path
    assert (found[-1].first, found[-1].last) == (date(2024, 3, 1), date(2024, 3, 31))


def test_a_folder_is_looked_through_again_when_a_file_is_gone(tmp_path):
    """Renamed meanwhile, it is found under its new name."""
    path = put(tmp_path, "BTCUSDT-aggTrades-2024-03-30.csv")
    tree = LocalTree(tmp_path)
    assert tree.find(AGG_TRADES, UM, DAY)[0].lies_at == path
    renamed = path.rename(path.with_name("btcusdt_aggtrades_20240330.csv"))
    assert tree.find(AGG_TRADES, UM, DAY)[0].lies_at == renamed
    assert tree.find(AGG_TRADES, UM, date(2024, 4, 1)) == []


def test_months_come_first_where_they_are_preferred(tmp_path):
    """The same files, the month's before the day's."""
    names = ["BTCUSDT-aggTrades-2024-03.csv", "BTCUSDT-aggTrades-2024-03-30.csv"]
    for name in names:
        put(tmp_path, name)
    found = LocalTree(tmp_path, monthly=Monthly.FIRST).find(AGG_TRADES, UM, DAY)
    assert [file.lies_at.name for file in found] == names


def test_a_checksum_is_that_of_its_own_file_alone(tmp_path):
    """None, its own, another's."""
    path = put(tmp_path, "BTCUSDT-aggTrades-2024-03-30.zip")
    tree = LocalTree(tmp_path)
    (file,) = tree.find(AGG_TRADES, UM, DAY)
    assert tree.published_sha256(file) is None
    put_sidecar(path, "1" * 64)
    assert tree.published_sha256(file) == "1" * 64
    path.with_name(f"{path.name}.CHECKSUM").write_text(f"{'1' * 64}  another.zip\n")
    with pytest.raises(ChecksumMismatch, match="can't be used"):
        tree.published_sha256(file)
