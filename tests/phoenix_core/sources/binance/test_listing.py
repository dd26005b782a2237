"""The archive's listing page by page, with its strays, and a folder's."""

from datetime import date

import pytest
from fakes.archive_server import Answer
from fakes.object_listing import lists

from phoenix_core.errors import SourceRefused
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.listing import ArchiveListing

ROOT = "data/futures/um/daily/aggTrades"


def day_files(symbol, *days):
    names = [f"{ROOT}/{symbol}/{symbol}-aggTrades-{day}.zip" for day in days]
    return [*names, *(f"{name}.CHECKSUM" for name in names)]


NAMES = [
    *day_files("BTCUSDT", "2023-05-31", "2023-06-01", "2023-06-02"),
    *day_files("LUNAUSDT", "2022-05-12"),
    *day_files("1000PEPEUSDT", "2023-06-01"),
    f"{ROOT}/BTCUSDT/part-00000-0fae7358-c000.zip",
    f"{ROOT}/BTCUSDT/BTCUSDT-aggTrades-2023-6-3.zip",
    f"{ROOT}/币安人生USDT/币安人生USDT-aggTrades-2023-06-01.zip",
    "data/futures/um/daily/klines/ETHUSDT/1m/ETHUSDT-1m-2023-06-01.zip",
]


@pytest.mark.parametrize(("page", "says_next"), [(1000, True), (2, True), (1, False)])
def test_symbols_and_days_are_listed_page_by_page(server, page, says_next):
    """Folders by the next marker, or by the last name where none is told; names behind the day that is known."""
    lists(server, NAMES, page=page, says_next=says_next)
    listing = ArchiveListing(Archive(server.url))
    assert [one.symbol for one in listing.symbols(Market.UM).listings] == ["1000PEPEUSDT", "BTCUSDT", "LUNAUSDT"]
    bitcoin = Listing.parse("um:BTCUSDT")
    days = [date(2023, 5, 31), date(2023, 6, 1), date(2023, 6, 2)]
    assert listing.days(bitcoin) == days
    asked = len(server.requests)
    assert listing.days(bitcoin, date(2023, 6, 1)) == days[2:]
    assert len(server.requests) - asked <= 4  # names are left, the strays among them


def test_a_folder_lists_the_same(tmp_path):
    """Without a request: symbols by their folders, days by their files, strays passed over."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    listing = ArchiveListing(Archive(str(tmp_path)))
    assert [one.symbol for one in listing.symbols(Market.UM).listings] == ["1000PEPEUSDT", "BTCUSDT", "LUNAUSDT"]
    assert listing.days(Listing.parse("um:BTCUSDT"), date(2023, 5, 31)) == [date(2023, 6, 1), date(2023, 6, 2)]
    assert listing.days(Listing.parse("um:SOLUSDT")) == []


@pytest.mark.parametrize("body", [b"<html>hello", b"<p>hello</p>", b""])
def test_what_is_no_listing_is_named(server, body):
    """A page for people, another document, nothing: one line that says what to correct."""
    server.answer = lambda _: Answer(body=body)
    with pytest.raises(SourceRefused, match="Correct PHOENIX_ARCHIVE_URL"):
        ArchiveListing(Archive(server.url)).symbols(Market.UM)


def test_an_archive_without_a_listing_is_named(server):
    """A mirror that serves files alone."""
    with pytest.raises(SourceRefused, match="expected the listing of an object store"):
        ArchiveListing(Archive(server.url)).symbols(Market.UM)


def test_a_listing_that_does_not_go_on_ends(server):
    """The same marker for ever: refused, not asked for ever."""
    body = (
        b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>'
        b"<NextMarker>a</NextMarker></ListBucketResult>"
    )
    server.answer = lambda _: Answer(body=body)
    with pytest.raises(SourceRefused, match="does not go on"):
        ArchiveListing(Archive(server.url)).symbols(Market.UM)
