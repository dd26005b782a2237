"""What holds of every source: one suite over the archive, as server and as folder, and over people's own folders."""

import gzip
import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put, put_sidecar

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, FUNDING_RATE
from phoenix_core.errors import ChecksumMismatch, SourceRefused
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day, key_of_month
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.sources.containers import Container
from phoenix_core.sources.contract import Monthly, Source
from phoenix_core.sources.local_tree.tree import LocalTree

TEXT = (AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true"))).encode()
LIMIT = 1 << 20


@dataclass
class Kept:
    """A source over a folder, and how a file is put there."""

    source: Source
    put: Callable[[str], Path]
    container: Container
    lies_here: bool


def in_archive(root):
    keys = {"day": key_of_day(AGG_TRADES, UM, DAY), "month": key_of_month(AGG_TRADES, UM, DAY)}
    return lambda kind: put(root, keys[kind], TEXT)


def in_tree(root, container):
    def put_file(kind):
        path = root / "um" / f"BTCUSDT-aggTrades-{DAY if kind == 'day' else f'{DAY:%Y-%m}'}.{container.value}"
        path.parent.mkdir(exist_ok=True)
        if container is Container.ZIP:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(f"{path.stem}.csv", TEXT)
            put_sidecar(path)
        else:
            path.write_bytes(gzip.compress(TEXT) if container is Container.GZIP else TEXT)
        return path

    return put_file


@pytest.fixture(params=["served", "archive folder", *Container])
def kept(request, server):
    root = server.root
    if request.param == "served":
        archive = Archive(server.url, sleep=lambda _: None)
        return Kept(BinanceArchive(archive, Monthly.MISSING), in_archive(root), Container.ZIP, lies_here=False)
    if request.param == "archive folder":
        archive = BinanceArchive(Archive(str(root)), Monthly.MISSING)
        return Kept(archive, in_archive(root), Container.ZIP, lies_here=False)
    return Kept(LocalTree(root), in_tree(root, request.param), request.param, lies_here=True)


def found(kept, day=DAY):
    """Files of a day that are out, the preferred first."""
    files = kept.source.find(AGG_TRADES, UM, day)
    return [file for file in files if kept.source.size(file) is not None]


@pytest.mark.parametrize("kind", ["day", "month"])
def test_a_file_that_is_out_is_found_with_its_size_days_and_container(kept, kind):
    """Daily or monthly; where it is used without a copy, it says where it lies."""
    path = kept.put(kind)
    (file,) = found(kept)
    assert kept.source.size(file) == path.stat().st_size
    assert (file.first, file.last) == ((DAY, DAY) if kind == "day" else (date(2024, 3, 1), date(2024, 3, 31)))
    assert file.is_of_a_day is (kind == "day")
    assert file.container is kept.container
    assert file.lies_at == (path if kept.lies_here else None)
    assert file.name.endswith(path.name)


@pytest.mark.parametrize("kind", ["day", "month"])
def test_a_file_has_the_path_of_the_archive_whatever_it_is_called(kept, kind):
    """By it a copy is named, and its days are known."""
    kept.put(kind)
    (file,) = found(kept)
    expected = {
        "day": "data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03-30.zip",
        "month": "data/futures/um/monthly/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03.zip",
    }
    assert file.key == expected[kind]
    assert kept.source.key_of_day(AGG_TRADES, UM, DAY) == expected["day"]


def test_a_months_file_is_equal_for_each_of_its_days(kept):
    """So that it is fetched and cut once."""
    kept.put("month")
    assert found(kept, date(2024, 3, 1)) == found(kept, date(2024, 3, 31)) != []
    assert found(kept, date(2024, 4, 1)) == []


def test_a_day_comes_before_its_month(kept):
    """Unless it is told otherwise."""
    kept.put("month")
    kept.put("day")
    assert [file.is_of_a_day for file in found(kept)] == [True, False]


def test_what_is_not_out_has_no_size_and_no_checksum_and_is_not_fetched(kept, tmp_path):
    """Three ways to ask, one answer; nothing raises."""
    path = kept.put("day")
    files = list(kept.source.find(AGG_TRADES, UM, DAY))
    path.unlink()
    Path(f"{path}.CHECKSUM").unlink(missing_ok=True)
    for file in files:
        assert kept.source.size(file) is None
        assert kept.source.published_sha256(file) is None
        assert kept.source.fetch(file, tmp_path / "copy", expected=None, max_bytes=LIMIT) is None


@pytest.mark.parametrize("kind", ["day", "month"])
def test_the_bytes_are_those_that_the_checksum_vouches_for(kept, kind, tmp_path):
    """Fetched whole, with progress; of what was unpacked there is no checksum."""
    path = kept.put(kind)
    (file,) = found(kept)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = kept.source.published_sha256(file)
    assert expected == (digest if kept.container is Container.ZIP else None)
    told = []
    arrived = kept.source.fetch(
        file, tmp_path / "copy", expected=expected, max_bytes=LIMIT, progress=lambda *one: told.append(one)
    )
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()
    assert (arrived.sha256, arrived.bytes) == (digest, path.stat().st_size)
    assert arrived.verified is (kept.container is Container.ZIP)
    assert told[-1][1] == path.stat().st_size


def test_other_bytes_than_the_checksums_are_refused(kept, tmp_path):
    """Whoever expects them is told which file has others."""
    path = kept.put("day")
    if kept.container is Container.ZIP:
        put_sidecar(path, "0" * 64)
    (file,) = found(kept)
    with pytest.raises(ChecksumMismatch, match="does not have its published checksum"):
        kept.source.fetch(file, tmp_path / "copy", expected="0" * 64, max_bytes=LIMIT)


def test_a_file_above_the_limit_is_refused(kept, tmp_path):
    """Before a disk is full of it."""
    kept.put("day")
    (file,) = found(kept)
    with pytest.raises(SourceRefused, match="larger than any such file"):
        kept.source.fetch(file, tmp_path / "copy", expected=None, max_bytes=10)


def test_finding_asks_the_archive_nothing(server):
    """A plan of years costs no request until sizes are asked."""
    source = BinanceArchive(Archive(server.url), Monthly.FIRST)
    day, month = key_of_day(AGG_TRADES, UM, DAY).path, key_of_month(AGG_TRADES, UM, DAY).path
    assert [file.key for file in source.find(AGG_TRADES, UM, DAY)] == [month, day]
    assert server.requests == []


@pytest.mark.parametrize("monthly", Monthly)
def test_months_are_asked_for_only_where_there_are_any(server, monthly):
    """Depth comes out by days alone, funding by months alone; neither has a choice."""
    source = BinanceArchive(Archive(server.url), monthly)
    assert [file.key for file in source.find(BOOK_DEPTH, UM, DAY)] == [key_of_day(BOOK_DEPTH, UM, DAY).path]
    assert [file.key for file in source.find(FUNDING_RATE, UM, DAY)] == [key_of_month(FUNDING_RATE, UM, DAY).path]
