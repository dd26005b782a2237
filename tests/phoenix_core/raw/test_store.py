from datetime import date, timedelta

import pytest
from fakes.archive_server import Answer
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day, put_sidecar

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, FUNDING_RATE
from phoenix_core.errors import ChecksumMismatch, SourceNotYet
from phoenix_core.manifest import Manifest
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage import sha256_of

TEXT = AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true"))
LATER = date(2026, 11, 1)


@pytest.fixture
def ingest(lake, server):
    return Ingest(lake, (BinanceArchive(Archive(server.url, sleep=lambda _: None)),), LATER)


def test_a_day_lies_at_the_archives_own_path(ingest, server, lake):
    """The zip, its checksum and the manifest entry, whose data version is the SHA-256."""
    published = put_day(server.root, AGG_TRADES, TEXT)
    entry = ingest.day(AGG_TRADES, UM, DAY)
    path = lake.root / "archive/data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03-30.zip"
    assert path.read_bytes() == published.read_bytes()
    assert path.with_name(path.name + ".CHECKSUM").read_text().split()[0] == entry.data_version == sha256_of(path)
    assert Manifest(lake).find("um/btcusdt/agg_trades", DAY) == entry


def test_a_verified_file_costs_one_small_request(ingest, server):
    """The second time only the checksum is asked for."""
    put_day(server.root, AGG_TRADES, TEXT)
    first = ingest.day(AGG_TRADES, UM, DAY)
    server.requests.clear()
    assert ingest.day(AGG_TRADES, UM, DAY) == first
    assert [path.endswith(".CHECKSUM") for path in server.requests] == [True]


def test_a_replaced_file_is_fetched_again(ingest, server):
    """A changed hash is not corruption: the new bytes replace the old."""
    put_day(server.root, AGG_TRADES, TEXT)
    old = ingest.day(AGG_TRADES, UM, DAY)
    put_day(server.root, AGG_TRADES, TEXT + agg_rows((2, "69903.5", "1", 15, "true")))
    assert ingest.day(AGG_TRADES, UM, DAY).data_version != old.data_version


def test_a_damaged_file_of_ours_is_fetched_again(ingest, server, lake):
    """What lies here is hashed, not believed."""
    put_day(server.root, AGG_TRADES, TEXT)
    entry = ingest.day(AGG_TRADES, UM, DAY)
    lake.path(entry.file).write_bytes(b"PK rubbish")
    assert ingest.day(AGG_TRADES, UM, DAY) == entry
    assert sha256_of(lake.path(entry.file)) == entry.sha256


def test_a_day_outside_the_life_costs_no_request(ingest, server):
    """Known without asking, and recorded with the reason."""
    entry = ingest.day(BOOK_TICKER, UM, date(2024, 8, 8))
    assert not entry.published
    assert entry.reason == "never: book_ticker of um:BTCUSDT ended 2024-03-30"
    assert server.requests == []


def test_a_folder_is_looked_into_whatever_the_life(lake, server):
    """Looking costs nothing there, so a file that is there counts."""
    put_day(server.root, BOOK_TICKER, "x", day=date(2024, 8, 8))
    assert (
        Ingest(lake, (BinanceArchive(Archive(str(server.root))),), LATER)
        .day(BOOK_TICKER, UM, date(2024, 8, 8))
        .published
    )


def test_an_old_day_that_is_missing_is_recorded(ingest):
    """Materialized as unpublished, so that a backfill goes on."""
    entry = ingest.day(AGG_TRADES, UM, DAY)
    assert (entry.published, entry.facts["absence"]) == (False, "missing")


def test_a_recent_day_is_not_yet(lake, server):
    """An error that is not retried, and nothing is recorded: ask again."""
    ingest = Ingest(lake, (BinanceArchive(Archive(server.url, sleep=lambda _: None)),), DAY + timedelta(1))
    with pytest.raises(SourceNotYet, match=r"usually out by 08:00 UTC of 2024-03-31"):
        ingest.day(AGG_TRADES, UM, DAY)
    assert Manifest(lake).find("um/btcusdt/agg_trades", DAY) is None


def test_this_months_funding_does_not_hold_up_its_days(lake, server):
    """Monthly files come out after the month: their days are recorded as unpublished, with the date."""
    ingest = Ingest(lake, (BinanceArchive(Archive(server.url, sleep=lambda _: None)),), DAY + timedelta(1))
    entry = ingest.day(FUNDING_RATE, UM, DAY)
    assert entry.facts["absence"] == "not yet"


def test_a_withdrawn_file_is_kept(ingest, server, lake):
    """What was verified once stays, though the archive has it no more."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    entry = ingest.day(AGG_TRADES, UM, DAY)
    path.unlink()
    path.with_name(path.name + ".CHECKSUM").unlink()
    assert ingest.day(AGG_TRADES, UM, DAY) == entry
    assert lake.path(entry.file).is_file()


def test_a_failed_download_leaves_nothing(ingest, server, lake):
    """No zip under its final name, nothing in staging, no entry."""
    put_sidecar(put_day(server.root, AGG_TRADES, TEXT), "a" * 64)
    with pytest.raises(ChecksumMismatch):
        ingest.day(AGG_TRADES, UM, DAY)
    assert [path for path in lake.root.rglob("*") if path.is_file()] == []


def test_a_broken_replacement_keeps_the_old_file(ingest, server, lake):
    """A mismatch after a good download changes nothing that was published."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    entry = ingest.day(AGG_TRADES, UM, DAY)
    put_sidecar(path, "a" * 64)
    server.script(str(path.relative_to(server.root)), Answer(body=b"PKxx"), Answer(body=b"PKxx"))
    with pytest.raises(ChecksumMismatch):
        ingest.day(AGG_TRADES, UM, DAY)
    assert sha256_of(lake.path(entry.file)) == entry.sha256
