"""Entries: read back as they were recorded, many at once, and what is said of those that are not there."""

import pytest

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Key, Manifest, Remembered
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake


def test_a_mistyped_asset_is_told_what_exists(tmp_path):
    """The nearest name; or all of them; or that the folder is not there, which is not made by asking."""
    manifest = Manifest(Lake.at(tmp_path / "data"))
    assert "there is no data folder" in manifest.hint("um/btcusdt/trade_tick")
    assert not (tmp_path / "data").exists()
    manifest.record(Entry("um/btcusdt/trade_ticks", "2024-03-28", published=False, reason="never: x"))
    assert manifest.hint("um/btcusdt/trade_tick") == " (did you mean um/btcusdt/trade_ticks?)"
    assert manifest.hint("zzz") == " (there are um/btcusdt/trade_ticks)"
    assert manifest.hint("um/btcusdt/trade_ticks") == ""


def entry(lake, **changes):
    lake.write("x.bin", b"content")
    return Entry(**({"asset": "um/btcusdt/x", "day": "2024-03-30", "published": True, "file": "x.bin"} | {
        "sha256": sha256_of(b"content"), "sources": {"a": "1"}, "recipe": "r"} | changes))  # fmt: skip


def test_an_entry_reads_back(lake):
    """Equal, and with the same bytes when written twice."""
    manifest = Manifest(lake)
    manifest.record(entry(lake))
    first = lake.read(manifest.path("um/btcusdt/x", "2024-03-30"))
    assert manifest.find("um/btcusdt/x", "2024-03-30") == entry(lake)
    manifest.record(entry(lake))
    assert lake.read(manifest.path("um/btcusdt/x", "2024-03-30")) == first


@pytest.mark.parametrize(
    "change", [{"sources": {"a": "2"}}, {"recipe": "another"}, {"recipe": ""}, {"sha256": "0" * 64}]
)
def test_a_day_is_current_only_if_nothing_changed(lake, change):
    """Other sources, another recipe, none, or another file make it anew."""
    manifest = Manifest(lake)
    manifest.record(entry(lake))
    assert manifest.is_current("um/btcusdt/x", "2024-03-30", {"a": "1"}, "r") is not None
    manifest.record(entry(lake, **change))
    assert manifest.is_current("um/btcusdt/x", "2024-03-30", {"a": "1"}, "r") is None


def test_a_broken_entry_is_named(lake, caplog):
    """Never read as an absent day; built anew, the log says why."""
    lake.write(Manifest.path("um/btcusdt/x", "2024-03-30"), b"{")
    with pytest.raises(CatalogCorrupt, match="can't be read"):
        Manifest(lake).find("um/btcusdt/x", "2024-03-30")
    assert Manifest(lake).is_current("um/btcusdt/x", "2024-03-30", {}, "r") is None
    (record,) = caplog.records
    assert record.getMessage().startswith("um/btcusdt/x of 2024-03-30 is built anew: The manifest entry ")


def test_absent_days_have_a_version_of_their_own():
    """By their reason, so that a day that appears later makes what follows stale."""
    absent = Entry("a", "2024-03-30", published=False, reason="missing")
    assert absent.data_version != Entry("a", "2024-03-30", published=False, reason="never").data_version


def test_variants_of_a_day_are_entries_of_their_own(lake):
    """Each is found by its key, and an entry of old is withdrawn only where it speaks of the same file."""
    manifest = Manifest(lake)
    lake.write("y.bin", b"content")
    for one in (entry(lake), entry(lake, variant="v", file="y.bin"), entry(lake, variant="w", file="y.bin")):
        manifest.record(one)
        assert manifest.find(*one.key) == one
    assert [key.variant for key in manifest.recorded()] == ["", "v", "w"]
    manifest.record(entry(lake, variant="v"))
    assert [key.variant for key in manifest.recorded()] == ["v", "w"]
    assert next(str(key) for key in manifest.recorded()) == "um/btcusdt/x of 2024-03-30, variant v"


def test_many_entries_are_found_at_once(lake):
    """Those that are there, in the order in which they were asked for."""
    manifest = Manifest(lake)
    for day in ("2024-03-30", "2024-03-31"):
        manifest.record(entry(lake, day=day))
    asked = [Key("um/btcusdt/x", day) for day in ("2024-03-31", "2024-03-29", "2024-03-30")]
    assert list(manifest.find_many(asked).items()) == [(key, entry(lake, day=key.day)) for key in asked[::2]]
    assert manifest.find_many([]) == {}


def test_one_unreadable_entry_of_many_is_named(lake):
    """By an error where entries are needed, and beside the others where all are examined."""
    manifest = Manifest(lake)
    manifest.record(entry(lake))
    lake.write(Manifest.path("um/btcusdt/x", "2024-03-31"), b"{")
    keys = list(manifest.recorded("um/btcusdt/x"))
    with pytest.raises(CatalogCorrupt, match="2024-03-31"):
        manifest.find_many(keys)
    assert [isinstance(found, CatalogCorrupt) for _, found in manifest.examined(keys)] == [False, True]


def test_keys_are_read_off_where_entries_lie():
    """The other way round, whatever the day and the variant."""
    for key in (Key("um/btcusdt/x", "2024-03-30"), Key("um/btcusdt/backtest", "2024-03-30_2024-04-01", "b290a8")):
        assert Key.of_path(key.path) == key


def test_what_is_remembered_is_asked_for_once(lake):
    """Also that there is none: a manifest of one look at the folder."""
    manifest, remembered = Manifest(lake), Remembered(lake)
    manifest.record(entry(lake))
    keys = [Key("um/btcusdt/x", day) for day in ("2024-03-30", "2024-03-31")]
    first = remembered.find_many(keys)
    manifest.record(entry(lake, day="2024-03-31"))
    manifest.record(entry(lake, sources={"a": "2"}))
    assert remembered.find_many(keys) == first == {keys[0]: entry(lake)}
    assert remembered.find("um/btcusdt/x", "2024-03-31") is None


def test_somebodys_own_file_is_read_where_it_lies(lake, tmp_path):
    """Compared with its entry like one of ours, and never looked for in the data folder."""
    own = tmp_path / "own.zip"
    own.write_bytes(b"content")
    manifest, found = Manifest(lake), entry(lake, file=str(own))
    assert (manifest.address(found), manifest.has_file(found)) == (str(own), True)
    assert manifest.fetch(found) == own
    own.write_bytes(b"changed")
    for ask in (manifest.verify, manifest.fetch):
        with pytest.raises(CatalogCorrupt, match=r"own\.zip is not what was published.*Materialize um/btcusdt/x of"):
            ask(found)
    own.unlink()
    assert not manifest.has_file(found)
