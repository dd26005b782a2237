"""People's own files as raw days: the same catalog and signals as from the archive, and nothing touched."""

import gzip
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from conftest import LATER, materialize
from fakes.trees import WAYS, extracted, mangled
from fakes.zips import DAY, UM, put

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.run import run
from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, KLINES, METRICS, TRADES
from phoenix_core.errors import ArchiveCorrupt, ChecksumMismatch, SourceVanished
from phoenix_core.manifest import Manifest
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day, key_of_month
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.sources.contract import Monthly
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage.lake import Lake


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for room in ("catalog", "signals")
        for path in sorted((folder / room).rglob("*.parquet"))
    }


def state(folder):
    return {
        path: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for path in folder.rglob("*")
    }


@pytest.fixture(scope="module")
def own_folder(market, tmp_path_factory):
    """The synthetic market, extracted as a user keeps it."""
    return extracted(market.archive, tmp_path_factory.mktemp("own") / "binance.vision")


@pytest.fixture(scope="module")
def result(market):
    """A backtest over both days, from the archive's zips."""
    return run(market.lake, experiment(market.days))


def from_tree(folder, lake, days):
    ingest = Ingest(lake, (LocalTree(folder),), LATER)
    for day in days:
        materialize(ingest, UM, day)
    return lake


@pytest.mark.slow
def test_a_users_folder_gives_the_bytes_of_the_archive(market, own_folder, result, lake):
    """Catalog and signals of each day, file by file, and the fills of a backtest; the folder is as it was, and nothing of it was copied."""
    before = state(own_folder)
    from_tree(own_folder, lake, market.days)
    assert digests(lake.store.root) == digests(market.lake.store.root)
    assert state(own_folder) == before
    assert not (lake.store.root / "archive").exists()
    found = run(lake, experiment(market.days))
    assert found.fills.height > 0
    assert found.fills.equals(result.fills)
    assert found.ledger.rows.equals(result.ledger.rows)


def experiment(days):
    return Experiment(listing=str(UM), first=days[0], last=days[-1])


def test_an_entry_says_from_which_file_and_bytes(market, own_folder, lake):
    """Path, digest and size; extracted, nobody vouches for it."""
    day = market.days[0]
    entry = Ingest(lake, (LocalTree(own_folder),), LATER).day(AGG_TRADES, UM, day)
    path = own_folder / "future_data" / "daily_data" / "aggTrades" / f"BTCUSDT-aggTrades-{day}.csv"
    assert entry.file == str(path)
    assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry.bytes == path.stat().st_size
    assert entry.facts["verified"] is False
    assert entry.facts["key"] == f"data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-{day}.zip"


# One of the spot market, of 2024-03-24, as it comes without a header.
SPOT_KLINE = (
    b"1711238400000,64037.99000000,64037.99000000,64008.01000000,64008.01000000,13.96313000,1711238459999,"
    b"893965.32146240,1011,3.85413000,246757.10286330,0\n"
)


def kept_in_every_way(own_folder, folder, days):
    """Each file another way, below folders of other names, and beside them what may be taken for one of them."""
    for number, path in enumerate(sorted(own_folder.rglob("*.csv"))):
        mangled(path.name, path.read_bytes(), folder / "USD-M stuff" / path.parent.name, list(WAYS)[number % len(WAYS)])
    # Another symbol in the same folder, with the same rows.
    (source,) = own_folder.rglob(f"trades/BTCUSDT-trades-{days[0]}.csv")
    (folder / "USD-M stuff" / "trades" / source.name.replace("BTC", "ETH")).write_bytes(source.read_bytes())
    # Klines of spot and of futures with equal names, with nothing above them that tells which is which.
    (source,) = own_folder.rglob(f"klines/BTCUSDT-1m-{days[0]}.csv")
    (folder / "spot").mkdir()
    for path in (folder / source.name, folder / "spot" / source.name):
        path.write_bytes(SPOT_KLINE)
    # A month's file beside those of its days, which says something else.
    (source,) = own_folder.rglob(f"aggTrades/BTCUSDT-aggTrades-{days[0]}.csv")
    month = folder / "USD-M stuff" / "months" / "BTCUSDT-aggTrades-2024-03.csv"
    month.parent.mkdir()
    month.write_bytes(b"".join(source.read_bytes().splitlines(keepends=True)[:50]))
    return folder


@pytest.mark.slow
def test_however_the_files_are_kept_the_bytes_are_the_same(market, own_folder, result, lake, tmp_path):
    """Each file in another of twelve ways: catalog, signals and fills are those of the zips, and the folder is untouched."""
    folder = kept_in_every_way(own_folder, tmp_path / "mangled", market.days)
    before = state(folder)
    from_tree(folder, lake, market.days)
    assert digests(lake.store.root) == digests(market.lake.store.root)
    found = run(lake, experiment(market.days))
    assert found.fills.height > 0
    assert found.fills.equals(result.fills)
    assert found.ledger.rows.equals(result.ledger.rows)
    assert state(folder) == before


def month_of_days(own_folder, dataset, target, suffix="csv"):
    """One file of a month out of the files of its days."""
    sources = sorted((own_folder / "future_data" / "daily_data" / dataset.folder).glob("*.csv"))
    header = sources[0].read_bytes().split(b"\n", 1)[0] + b"\n"
    content = header + b"".join(path.read_bytes().split(b"\n", 1)[1] for path in sources)
    path = target / "um" / dataset.folder / f"BTCUSDT-{dataset.interval or dataset.folder}-2024-03.{suffix}"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(content) if suffix == "csv.gz" else content)
    return path


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
@pytest.mark.parametrize("dataset", [AGG_TRADES, TRADES, BOOK_TICKER, KLINES], ids=lambda one: one.name)
def test_a_months_file_serves_its_days(market, own_folder, lake, tmp_path, dataset, suffix):
    """The catalog of each day is that of its own file, with the same counts; days without rows are missing."""
    month = month_of_days(own_folder, dataset, tmp_path, suffix)
    before = state(tmp_path / "um")
    ingest = Ingest(lake, (LocalTree(tmp_path / "um"),), LATER)
    for day in market.days:
        raw = ingest.day(dataset, UM, day)
        assert raw.file == f"archive/days/um/btcusdt/{dataset.name}/{day}.csv.gz"
        assert raw.facts["cut_from"]["path"] == str(month)
        made = convert_day(lake, dataset, UM, day)
        expected = Manifest(market.lake).find(f"um/btcusdt/{dataset.catalog_name}", day)
        assert (made.sha256, made.counts) == (expected.sha256, expected.counts)
    empty = ingest.day(dataset, UM, date(2024, 3, 2))
    assert empty.reason == f"missing: {month} has no row of 2024-03-02"
    assert state(tmp_path / "um") == before


@pytest.mark.parametrize("way", WAYS)
def test_a_month_serves_its_days_however_it_is_kept(market, own_folder, lake, tmp_path, way):
    """Wrapped, renamed, with other line ends or with blank ones behind the last."""
    month = month_of_days(own_folder, KLINES, tmp_path)
    mangled(month.name, month.read_bytes(), tmp_path / "kept" / "um" / "klines", way)
    ingest = Ingest(lake, (LocalTree(tmp_path / "kept"),), LATER)
    for day in market.days:
        ingest.day(KLINES, UM, day)
        expected = Manifest(market.lake).find("um/btcusdt/bars_1m", day)
        assert convert_day(lake, KLINES, UM, day).sha256 == expected.sha256


def test_a_month_is_cut_once_and_again_when_it_changes(market, own_folder, lake, tmp_path):
    """The second day finds itself cut; touched, the month is read again; a damaged day is cut anew."""
    first, second = market.days
    month = month_of_days(own_folder, TRADES, tmp_path)
    ingest = Ingest(lake, (LocalTree(tmp_path / "um"),), LATER)
    made = ingest.day(TRADES, UM, first)
    cut = lake.store.path(made.file)
    stamp = cut.stat().st_mtime_ns
    assert ingest.day(TRADES, UM, second).published
    assert cut.stat().st_mtime_ns == stamp
    cut.write_bytes(b"damaged")
    assert ingest.day(TRADES, UM, first) == made
    lines = month.read_bytes().splitlines(keepends=True)
    month.write_bytes(b"".join(lines[:-1]))
    changed = ingest.day(TRADES, UM, second)
    assert changed.facts["cut_from"]["sha256"] == hashlib.sha256(month.read_bytes()).hexdigest()


@pytest.fixture
def published(market, own_folder, server):
    """The archive's months of trades beside, or instead of, its days; of the days' zips the second is not out."""

    def publish(*, days=(), rows_of=market.days):
        source = own_folder / "future_data" / "daily_data" / "trades"
        texts = [(source / f"BTCUSDT-trades-{day}.csv").read_bytes().partition(b"\n") for day in rows_of]
        put(server.root, key_of_month(TRADES, UM, DAY), texts[0][0] + b"\n" + b"".join(text[2] for text in texts))
        for day in days:
            put(server.root, key_of_day(TRADES, UM, day), (source / f"BTCUSDT-trades-{day}.csv").read_bytes())
        return server

    return publish


def from_server(lake, server, monthly):
    source = BinanceArchive(Archive(server.url, sleep=lambda _: None), monthly)
    return Ingest(lake, (source,), LATER)


def test_a_month_of_the_archive_costs_two_requests(market, published, lake):
    """Its checksum and its zip, whichever of its days are asked for, all at once and again; each is published once."""
    server = published()
    ingest = from_server(lake, server, Monthly.FIRST)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda day: ingest.day(TRADES, UM, day), market.days))
    path = f"/{key_of_month(TRADES, UM, DAY).path}"
    assert server.requests == [f"{path}.CHECKSUM", path]
    stamps = [lake.store.path(entry.file).stat().st_mtime_ns for entry in made]
    assert [ingest.day(TRADES, UM, day) for day in market.days] == made
    assert [lake.store.path(entry.file).stat().st_mtime_ns for entry in made] == stamps
    assert server.requests == [f"{path}.CHECKSUM", path]
    for day, entry in zip(market.days, made, strict=True):
        assert entry.facts["verified"] is True
        assert entry.facts["cut_from"]["path"] == f"{server.url}{path}"
        expected = Manifest(market.lake).find("um/btcusdt/individual_trades", day)
        assert convert_day(lake, TRADES, UM, day).sha256 == expected.sha256


def test_a_month_is_asked_for_where_a_day_has_no_file(market, published, lake):
    """The first day has one; the second is cut out of the month, and the first is left as it is."""
    first, second = market.days
    server = published(days=[first])
    ingest = from_server(lake, server, Monthly.MISSING)
    cut = ingest.day(TRADES, UM, second)
    assert cut.file == f"archive/days/um/btcusdt/trades/{second}.csv.gz"
    assert Manifest(lake).find("um/btcusdt/trades", first) is None
    assert ingest.day(TRADES, UM, first).file == f"archive/{key_of_day(TRADES, UM, first).path}"


def test_without_the_setting_no_month_is_asked_for(market, published, lake):
    """A day without a file is missing."""
    server = published()
    entry = from_server(lake, server, Monthly.NEVER).day(TRADES, UM, market.days[0])
    assert entry.reason.startswith("missing: the archive has no trades")
    assert not any("monthly" in path for path in server.requests)


def test_a_day_that_its_month_lacks_comes_from_its_own_file(market, published, lake):
    """And the month is not read again to see that it still lacks it."""
    first, second = market.days
    server = published(days=[second], rows_of=[first])
    ingest = from_server(lake, server, Monthly.FIRST)
    made = ingest.day(TRADES, UM, second)
    assert made.file == f"archive/{key_of_day(TRADES, UM, second).path}"
    cut = lake.store.path(f"archive/days/um/btcusdt/trades/{first}.csv.gz")
    stamp = cut.stat().st_mtime_ns
    assert ingest.day(TRADES, UM, second) == made
    assert cut.stat().st_mtime_ns == stamp
    assert ingest.day(TRADES, UM, first).published


def test_a_month_that_was_replaced_is_cut_anew(market, published, lake):
    """A later run sees its other checksum."""
    server = published()
    before = from_server(lake, server, Monthly.FIRST).day(TRADES, UM, market.days[0])
    published(rows_of=market.days[:1])
    after = from_server(lake, server, Monthly.FIRST).day(TRADES, UM, market.days[0])
    assert after.facts["cut_from"]["sha256"] != before.facts["cut_from"]["sha256"]
    assert after.sha256 == before.sha256


def test_a_recent_day_of_a_month_that_is_not_out_comes_from_its_own_file(market, published, lake):
    """Months come out late; the days of the current one are taken by themselves."""
    first = market.days[0]
    server = published(days=[first])
    (server.root / key_of_month(TRADES, UM, DAY).path).unlink()
    (server.root / key_of_month(TRADES, UM, DAY).checksum_path).unlink()
    entry = from_server(lake, server, Monthly.FIRST).day(TRADES, UM, first)
    assert entry.file == f"archive/{key_of_day(TRADES, UM, first).path}"


def test_a_days_own_file_is_preferred_to_the_months(market, own_folder, lake, tmp_path):
    """And the other is named beside it."""
    day = market.days[0]
    source = own_folder / "future_data" / "daily_data" / "aggTrades" / f"BTCUSDT-aggTrades-{day}.csv"
    folder = tmp_path / "um"
    folder.mkdir()
    shutil.copy(source, folder)
    shutil.copy(source, folder / "BTCUSDT-aggTrades-2024-03.csv")
    entry = Ingest(lake, (LocalTree(tmp_path),), LATER).day(AGG_TRADES, UM, day)
    assert entry.file == str(folder / source.name)
    assert entry.facts["also_in"] == [str(folder / "BTCUSDT-aggTrades-2024-03.csv")]


def test_the_publishers_zip_with_its_checksum_is_verified_where_it_lies(market, lake, tmp_path):
    """Its sidecar vouches for it; another file's sidecar refuses it."""
    day = market.days[0]
    zipped = next(market.archive.rglob(f"BTCUSDT-aggTrades-{day}.zip"))
    (tmp_path / "um").mkdir()
    shutil.copy(zipped, tmp_path / "um")
    shutil.copy(f"{zipped}.CHECKSUM", tmp_path / "um")
    ingest = Ingest(lake, (LocalTree(tmp_path),), LATER)
    assert ingest.day(AGG_TRADES, UM, day).facts["verified"] is True
    sidecar = tmp_path / "um" / f"{zipped.name}.CHECKSUM"
    sidecar.write_text(f"{'0' * 64}  {zipped.name}\n")
    with pytest.raises(ChecksumMismatch, match="does not have its published checksum"):
        ingest.day(AGG_TRADES, UM, day)


def test_what_the_folder_lacks_comes_from_the_archive_behind_it(market, own_folder, lake, tmp_path):
    """Trades from the folder, the rest from the archive; without one it is missing, and says so."""
    day = market.days[0]
    shutil.copytree(own_folder / "future_data" / "daily_data" / "trades", tmp_path / "um" / "trades")
    ingest = Ingest(lake, (LocalTree(tmp_path), BinanceArchive(Archive(str(market.archive)))), LATER)
    assert ingest.day(TRADES, UM, day).file.startswith(str(tmp_path))
    assert ingest.day(METRICS, UM, day).file.startswith("archive/")
    alone = Ingest(Lake.at(tmp_path / "other"), (LocalTree(tmp_path / "um"),), LATER)
    assert alone.day(METRICS, UM, day).reason.startswith("missing: ")


def test_a_file_that_vanished_is_named_and_what_was_made_of_it_stays(market, own_folder, lake, tmp_path):
    """The raw day fails with the path; the catalog keeps its day; back again, all is well."""
    day = market.days[0]
    path = tmp_path / "um" / f"BTCUSDT-aggTrades-{day}.csv"
    path.parent.mkdir()
    shutil.copy(own_folder / "future_data" / "daily_data" / "aggTrades" / path.name, path)
    ingest = Ingest(lake, (LocalTree(tmp_path / "um"),), LATER)
    ingest.day(AGG_TRADES, UM, day)
    made = convert_day(lake, AGG_TRADES, UM, day)
    path.rename(tmp_path / "elsewhere.csv")
    with pytest.raises(SourceVanished, match=f"{path}, which is gone"):
        ingest.day(AGG_TRADES, UM, day)
    assert convert_day(lake, AGG_TRADES, UM, day) == made
    (tmp_path / "elsewhere.csv").rename(path)
    assert ingest.day(AGG_TRADES, UM, day).published


def test_half_a_file_is_refused_and_the_catalog_keeps_what_it_had(market, own_folder, lake, tmp_path):
    """Cut in the middle of a row, the day is not converted anew."""
    day = market.days[0]
    path = tmp_path / "um" / f"BTCUSDT-aggTrades-{day}.csv"
    path.parent.mkdir()
    shutil.copy(own_folder / "future_data" / "daily_data" / "aggTrades" / path.name, path)
    ingest = Ingest(lake, (LocalTree(tmp_path / "um"),), LATER)
    ingest.day(AGG_TRADES, UM, day)
    convert_day(lake, AGG_TRADES, UM, day)
    before = digests(lake.store.root)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 - 3])
    ingest.day(AGG_TRADES, UM, day)
    with pytest.raises(ArchiveCorrupt, match="ends in the middle of a line"):
        convert_day(lake, AGG_TRADES, UM, day)
    assert digests(lake.store.root) == before
