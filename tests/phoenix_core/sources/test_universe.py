"""The symbols of a day, those that are gone among them."""

from datetime import date
from decimal import Decimal

import pytest
from fakes.object_listing import lists

from phoenix_core.instruments.changes import changes_of
from phoenix_core.market import Listing, Market
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.listing import ArchiveListing
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.sources.universe import TreeListing, universe

ROOT = "data/futures/um/daily/aggTrades"
TODAY = date(2023, 6, 20)
NAMES = {
    "BTCUSDT": ["2023-05-31", "2023-06-01", "2023-06-02", "2023-06-05"],
    "GONEUSDT": ["2023-05-31", "2023-06-01"],
    "1000PEPEUSDT": ["2023-06-01", "2023-06-05"],
    "LATEUSDT": ["2023-06-02", "2023-06-05"],
}


def paths(names):
    return [f"{ROOT}/{symbol}/{symbol}-aggTrades-{day}.zip" for symbol, days in names.items() for day in days]


def on(lake, lister, day, **options):
    return universe(lake, lister, Market.UM, date.fromisoformat(day), **({"today": lambda: TODAY} | options))


@pytest.fixture
def lister(server):
    lists(server, paths(NAMES))
    return ArchiveListing(Archive(server.url))


def test_a_delisted_symbol_was_there(lake, lister):
    """On the first of June three had data; one of them ended then, one began, one was not listed yet."""
    found = on(lake, lister, "2023-06-01")
    told = [(one.listing.symbol, str(one.first), str(one.last), one.missing, one.multiplier) for one in found.members]
    assert told == [
        ("1000PEPEUSDT", "2023-06-01", "2023-06-05", 3, 1000),
        ("BTCUSDT", "2023-05-31", "2023-06-05", 2, 1),
        ("GONEUSDT", "2023-05-31", "2023-06-01", 0, 1),
    ]
    assert (found.symbols, found.listed_to, found.is_probed) == (4, date(2023, 6, 5), False)


def test_a_day_without_data_is_without_it(lake, lister):
    """Between a symbol's days there are days that nobody has."""
    assert [one.listing.symbol for one in on(lake, lister, "2023-06-02").members] == ["BTCUSDT", "LATEUSDT"]
    assert on(lake, lister, "2023-06-03").members == ()


def test_a_symbol_whose_file_is_missing_is_named(lake, lister):
    """It was traded before and after; whoever lists the universe of that day is told."""
    found = on(lake, lister, "2023-06-03")
    assert [one.symbol for one in found.without_file] == ["1000PEPEUSDT", "BTCUSDT", "LATEUSDT"]
    assert on(lake, lister, "2023-06-01").without_file == ()


def test_names_in_other_letters_are_told(lake, server):
    """They can't be asked for, and are not passed over in silence; also when nothing is asked again."""
    lists(server, [*paths(NAMES), f"{ROOT}/币安人生USDT/币安人生USDT-aggTrades-2023-06-01.zip"])
    for _ in range(2):
        assert on(lake, ArchiveListing(Archive(server.url)), "2023-06-01").others == ("币安人生USDT",)


def test_what_is_known_is_not_asked_again(lake, lister, server):
    """Nor is what was known before a later day: only names behind it are."""
    on(lake, lister, "2023-06-01")
    asked = len(server.requests)
    on(lake, lister, "2023-06-02")
    assert len(server.requests) == asked
    on(lake, lister, "2023-06-02", refresh=True)
    assert len(server.requests) > asked


def test_later_days_are_added(lake, lister, server):
    """A listing of the third knows nothing of the fifth; asked later it does, and keeps what it knew."""
    lists(server, paths({name: [day for day in days if day < "2023-06-03"] for name, days in NAMES.items()}))
    early = on(lake, lister, "2023-06-02", today=lambda: date(2023, 6, 3))
    assert early.listed_to == date(2023, 6, 2)
    lists(server, paths(NAMES))
    late = on(lake, lister, "2023-06-05")
    assert [one.listing.symbol for one in late.members] == ["1000PEPEUSDT", "BTCUSDT", "LATEUSDT"]
    assert next(one.missing for one in late.members if one.listing.symbol == "BTCUSDT") == 2


def test_behind_the_listings_end_files_are_asked_for(lake, lister, server):
    """A listing may lag behind the files: of the three that go on to its end, one has a file."""
    path = server.root / paths({"BTCUSDT": ["2023-06-09"]})[0]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK")
    found = on(lake, lister, "2023-06-09")
    assert ([one.listing.symbol for one in found.members], found.is_probed) == (["BTCUSDT"], True)


def test_a_folder_in_any_layout_has_a_universe(lake, tmp_path):
    """By its files of aggregate trades."""
    for symbol, days in NAMES.items():
        for day in days:
            path = tmp_path / "tree" / "um" / "mine" / f"{symbol}-aggTrades-{day}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("1,27000.1,0.5,1,1,1685577600000,true\n")
    tree = LocalTree(tmp_path / "tree")
    found = on(lake, TreeListing(tree), "2023-06-01")
    assert [one.listing.symbol for one in found.members] == ["1000PEPEUSDT", "BTCUSDT", "GONEUSDT"]
    other = tmp_path / "other" / "um" / "OLDUSDT-aggTrades-2023-05.csv"
    other.parent.mkdir(parents=True)
    other.write_text("1,27000.1,0.5,1,1,1685577600000,true\n")
    found = on(lake, TreeListing(tree, LocalTree(tmp_path / "other")), "2023-05-31")
    assert [one.listing.symbol for one in found.members] == ["BTCUSDT", "GONEUSDT", "OLDUSDT"]


def test_a_folder_is_looked_at_each_time(lake, tmp_path):
    """Earlier days that were put into it since are there."""

    def put(symbol, day):
        path = tmp_path / "um" / f"{symbol}-aggTrades-{day}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("1,27000.1,0.5,1,1,1685577600000,true\n")

    put("BTCUSDT", "2023-06-02")
    assert on(lake, TreeListing(LocalTree(tmp_path)), "2023-06-01").members == ()
    put("BTCUSDT", "2023-06-01")
    assert [one.listing.symbol for one in on(lake, TreeListing(LocalTree(tmp_path)), "2023-06-01").members] == [
        "BTCUSDT"
    ]


def test_what_became_of_a_symbol_is_told_from_either_side():
    """Of its old name and its new one; of one that is not in the table nothing is known."""
    (old,) = changes_of(Listing.parse("spot:BTTUSDT"))
    assert (str(old.becomes), old.factor) == ("spot:BTTCUSDT", Decimal(1000))
    assert changes_of(Listing.parse("spot:BTTCUSDT")) == (old,)
    assert changes_of(Listing.parse("um:BTCUSDT")) == ()
