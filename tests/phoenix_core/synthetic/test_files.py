"""The synthetic market is seeded, and its files look like the publisher's."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from phoenix_core.datasets import dataset_in_folder
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.keys import key_from_path
from phoenix_core.storage.digests import sha256_of
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

UM = Listing.parse("um:BTCUSDT")
SMALL = MarketSize(trades=800, quotes_per_trade=2, cascades=1)


def digests(root):
    return {path.relative_to(root).as_posix(): sha256_of(path) for path in root.rglob("*") if path.is_file()}


def test_a_seed_is_its_bytes(tmp_path):
    """Equal arguments give equal files; another seed gives others."""
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_archive(tmp_path / name, UM, [date(2024, 3, 24)], seed=seed, size=SMALL)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


def test_a_day_does_not_depend_on_its_neighbours(tmp_path):
    """Written alone or in a range, a daily file is the same."""
    write_archive(tmp_path / "one", UM, [date(2024, 3, 25)], size=SMALL)
    write_archive(tmp_path / "two", UM, [date(2024, 3, 24), date(2024, 3, 25)], size=SMALL)
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert one.items() <= two.items()


@pytest.mark.parametrize(("day", "bands"), [(date(2024, 3, 24), 10), (date(2026, 2, 1), 12)])
def test_files_have_the_publishers_columns(tmp_path, day, bands):
    """Header, one member of the zip's name, and a checksum that fits."""
    for path in write_archive(tmp_path, UM, [day], size=SMALL):
        key = key_from_path(path.relative_to(tmp_path).as_posix())
        dataset = dataset_in_folder(key.folder, key.interval)
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == [key.member]
            rows = list(csv.reader(io.TextIOWrapper(archive.open(key.member), "ascii")))
        assert rows[0] == [column.name for column in dataset.columns[UM.market]]
        assert path.with_name(path.name + ".CHECKSUM").read_text() == f"{sha256_of(path)}  {path.name}\n"
        if dataset.name == "book_depth":
            assert len({row[1] for row in rows[1:]}) == bands


def test_datasets_end_when_they_ended(tmp_path):
    """No book_ticker after 2024-03-30, as published."""
    written = write_archive(tmp_path, UM, [date(2024, 3, 30), date(2024, 3, 31)], size=SMALL)
    assert len([path for path in written if "bookTicker" in path.name]) == 1


def test_formats_are_the_publishers(tmp_path):
    """Trades drop trailing zeros but keep one decimal; quotes have eight, open interest sixteen."""
    written = {path.name: path for path in write_archive(tmp_path, UM, [date(2024, 3, 24)], size=SMALL)}

    def second_row(name):
        with zipfile.ZipFile(written[name]) as archive:
            return archive.read(archive.namelist()[0]).decode().splitlines()[1].split(",")

    assert len(second_row("BTCUSDT-aggTrades-2024-03-24.zip")[1].split(".")[1]) == 1
    assert len(second_row("BTCUSDT-bookTicker-2024-03-24.zip")[1].split(".")[1]) == 8
    assert len(second_row("BTCUSDT-metrics-2024-03-24.zip")[2].split(".")[1]) == 16


@pytest.mark.parametrize("name", ["cm:BTCUSD_PERP", "spot:BTCUSDT"])
@pytest.mark.parametrize("day", [date(2024, 3, 24), date(2025, 3, 24)])
def test_other_markets_have_their_own_columns_and_units(tmp_path, name, day):
    """Contracts are whole and turned over in coins; spot has no header, and microseconds since 2025."""
    listing = Listing.parse(name)
    for path in write_archive(tmp_path, listing, [day], size=SMALL):
        key = key_from_path(path.relative_to(tmp_path).as_posix())
        dataset = dataset_in_folder(key.folder, key.interval)
        with zipfile.ZipFile(path) as archive:
            rows = list(csv.reader(io.TextIOWrapper(archive.open(key.member), "ascii")))
        columns = [column.name for column in dataset.columns[listing.market]]
        if listing.market is Market.CM:
            assert rows.pop(0) == columns
        row = dict(zip(columns, rows[-1], strict=True))
        if dataset.name in {"agg_trades", "trades"}:
            quantity = Decimal(row["quantity" if dataset.name == "agg_trades" else "qty"])
            if listing.market is Market.CM:
                assert quantity == int(quantity) > 0
            else:
                assert (row["is_best_match"], len(row[dataset.time.name])) == ("True", 16 if day.year > 2024 else 13)
        if "base_qty" in row:
            assert abs(Decimal(row["base_qty"]) - quantity * 100 / Decimal(row["price"])) < Decimal("0.00000001")
