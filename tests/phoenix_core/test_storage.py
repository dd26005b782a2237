import errno

import pytest

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing, StorageFailed
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage import Lake, canonical_json, sha256_of


def files(lake):
    return [path for path in lake.root.rglob("*") if path.is_file()]


def test_a_file_appears_whole(lake):
    """Under its final name only once it is complete; nothing stays in staging."""
    with lake.publishing("a/b.txt") as staged:
        staged.write_bytes(b"half")
        assert not lake.path("a/b.txt").exists()
        assert staged.suffix == ".part"
    assert lake.path("a/b.txt").read_bytes() == b"half"
    assert files(lake) == [lake.path("a/b.txt")]


def test_an_error_publishes_nothing(lake):
    """The old file stays, the new one is gone."""
    lake.write("a.txt", b"old")
    with pytest.raises(ZeroDivisionError), lake.publishing("a.txt") as staged:
        staged.write_bytes(b"new")
        _ = 1 / 0
    assert lake.path("a.txt").read_bytes() == b"old"
    assert files(lake) == [lake.path("a.txt")]


def test_where_nothing_was_built_nothing_is_published(lake):
    """A caller that takes its file away again leaves everything as it was."""
    with lake.publishing("a.txt") as staged:
        staged.write_bytes(b"x")
        staged.unlink()
    assert files(lake) == []


def test_a_full_disk_is_a_storage_error(lake):
    """Named, with what to do, and without a leftover."""
    with pytest.raises(StorageFailed, match=r"No space left.*free space"), lake.publishing("a.txt") as staged:
        staged.write_bytes(b"x")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert files(lake) == []


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x"])
def test_a_name_that_leads_out_is_refused(lake, name):
    """Every path stays below the data folder."""
    with pytest.raises(ConfigInvalid, match="leads out"):
        lake.path(name)


def test_an_object_store_is_refused_for_now():
    """One clear line instead of a folder called s3:."""
    with pytest.raises(ConfigInvalid, match="not supported yet"):
        Lake.at("s3://bucket/phoenix")


def test_old_leftovers_are_swept(lake):
    """What a killed process left a day ago goes; what is being written stays."""
    lake.staging.mkdir(parents=True)
    old, new = lake.staging / "old.part", lake.staging / "new.part"
    for path in (old, new):
        path.write_bytes(b"x")
    import os  # noqa: PLC0415 - to age a file

    os.utime(old, (0, 0))
    assert lake.sweep() == 1
    assert files(lake) == [new]


def entry(lake, **changes):
    path = lake.write("x.bin", b"content")
    return Entry(**({"asset": "um/btcusdt/x", "day": "2024-03-30", "published": True, "file": "x.bin"} | {
        "sha256": sha256_of(path), "sources": {"a": "1"}, "recipe": "r"} | changes))  # fmt: skip


def test_an_entry_reads_back(lake):
    """Equal, and with the same bytes when written twice."""
    manifest = Manifest(lake)
    manifest.record(entry(lake))
    first = lake.path(manifest.path("um/btcusdt/x", "2024-03-30")).read_bytes()
    assert manifest.find("um/btcusdt/x", "2024-03-30") == entry(lake)
    manifest.record(entry(lake))
    assert lake.path(manifest.path("um/btcusdt/x", "2024-03-30")).read_bytes() == first


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


def test_json_is_canonical():
    """Equal values are equal bytes, in any order."""
    assert canonical_json({"b": 1, "a": [1, 2]}) == canonical_json({"a": [1, 2], "b": 1})


def test_a_sweep_beside_others_at_work_is_no_error(lake):
    """Files come and go under it, as eight workers publish theirs."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - here alone

    def publish(number):
        for turn in range(40):
            lake.write(f"made/{number}-{turn}", b"x")
            lake.sweep()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(8)))
    assert len(list(lake.path("made").iterdir())) == 320


def test_naming_a_folder_makes_nothing(tmp_path):
    """A reader's slip leaves no empty folder behind; who only reads is told what is there instead."""
    (tmp_path / "data").mkdir()
    assert not Lake.at(tmp_path / "dta").root.exists()
    with pytest.raises(InputMissing, match=r"no data folder .*dta \(did you mean data\?\)"):
        Lake.existing(tmp_path / "dta")


def test_a_file_is_no_data_folder(tmp_path):
    """Said when it is named, not when the first day fails."""
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigInvalid, match="is a file: expected a folder"):
        Lake.at(tmp_path / "data")


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
