"""What holds over every store: files are built beside and published whole, and leftovers are swept."""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from phoenix_core.errors import ConfigInvalid, InputMissing, StorageFailed, Superseded
from phoenix_core.storage.lake import Lake


def test_a_file_appears_whole(lake):
    """Under its final name only once it is complete; nothing stays in scratch."""
    with lake.publishing("a/b.txt") as staged:
        staged.write_bytes(b"half")
        assert lake.stat("a/b.txt") is None
        assert staged.suffix == ".part"
        assert lake.leftovers() == [staged]
    assert lake.read("a/b.txt") == b"half"
    assert (lake.names(""), lake.leftovers()) == (["a/b.txt"], [])


def test_an_error_publishes_nothing(lake):
    """The old file stays, the new one is gone."""
    lake.write("a.txt", b"old")
    with pytest.raises(ZeroDivisionError), lake.publishing("a.txt") as staged:
        staged.write_bytes(b"new")
        _ = 1 / 0
    assert lake.read("a.txt") == b"old"
    assert lake.leftovers() == []


def test_where_nothing_was_built_nothing_is_published(lake):
    """A caller that takes its file away again leaves everything as it was."""
    with lake.publishing("a.txt") as staged:
        staged.write_bytes(b"x")
        staged.unlink()
    assert (lake.names(""), lake.leftovers()) == ([], [])


def test_a_full_disk_is_a_storage_error(lake):
    """Named, with what to do, and without a leftover."""
    with pytest.raises(StorageFailed, match=r"a\.txt can't be written: No space left.*free space"):  # noqa: SIM117
        with lake.publishing("a.txt") as staged:
            staged.write_bytes(b"x")
            raise OSError(errno.ENOSPC, "No space left on device")
    assert (lake.names(""), lake.leftovers()) == ([], [])


def test_a_name_that_leads_out_is_refused_before_anything_is_built(lake):
    """A stage learns it before its work, not after."""
    with pytest.raises(ConfigInvalid, match="leads out"), lake.publishing("../x"):
        pytest.fail("it was begun")


def test_what_people_give_becomes_a_name(lake):
    """A name, one that the shell completed, or a full address."""
    for given in ("backtests/x/2024-03-24", "backtests/x/2024-03-24/", lake.address("backtests/x/2024-03-24")):
        assert lake.name(given) == "backtests/x/2024-03-24"
    with pytest.raises(ConfigInvalid, match="leads out"):
        lake.name("/etc/passwd")


def test_browsers_are_given_an_address_of_theirs(tmp_path):
    """A file of this machine by its scheme, with what a path may hold and an address may not."""
    assert Lake.at(tmp_path).uri("a b.html") == f"file://{tmp_path}/a%20b.html"


def test_answers_come_in_the_order_of_the_questions(lake):
    """As many at once as the store likes, and no more."""
    running, most, lock = 0, 0, threading.Lock()

    def ask(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        lake.read(f"{number}.x")
        with lock:
            running -= 1
        return number

    for number in range(50):
        lake.put_if_absent(f"{number}.x", b"x")
    assert lake.each(ask, range(50)) == list(range(50))
    assert lake.each(ask, []) == []
    assert most <= lake.store.at_once


def test_what_was_replaced_while_another_was_built_is_not_overwritten(lake):
    """Unless it is the same: then both have what they wanted."""
    with pytest.raises(Superseded), lake.publishing("a.txt") as staged:
        lake.write("a.txt", b"newer")
        staged.write_bytes(b"older")
    assert (lake.read("a.txt"), lake.leftovers()) == (b"newer", [])
    with lake.publishing("a.txt") as staged:
        lake.write("a.txt", b"same")
        staged.write_bytes(b"same")
    assert lake.read("a.txt") == b"same"


def test_a_writer_who_watches_replaces_what_it_saw(lake):
    """Its own files it may replace again; of what somebody else published meanwhile it leaves everything."""
    lake.write("last.json", b"0")
    writer = lake.watching("last.json", ["data.bin"])
    for content in (b"1", b"2"):
        with writer.publishing("data.bin") as staged:
            staged.write_bytes(content)
        writer.write("last.json", content)
    late, first = lake.watching("last.json", ["data.bin"]), lake.watching("last.json", ["data.bin"])
    first.remove("data.bin")
    first.write("other.bin", b"3")
    lake.write("data.bin", b"3")
    first.remove("data.bin")
    with pytest.raises(Superseded), late.publishing("data.bin") as staged:
        staged.write_bytes(b"late")
    first.write("last.json", b"3")
    with pytest.raises(Superseded):
        late.write("last.json", b"late")
    assert [lake.read(name) for name in ("data.bin", "last.json")] == [b"3", b"3"]


def test_who_was_overtaken_builds_nothing(lake):
    """What is published last changed: that is told before the work, not after."""
    late = lake.watching("last.json")
    lake.write("last.json", b"newer")
    with pytest.raises(Superseded, match=r"last\.json"), late.publishing("data.bin"):
        pytest.fail("it was begun")
    assert lake.names("") == ["last.json"]


def test_old_leftovers_are_swept(lake):
    """What a killed process left a day ago goes; what is being written stays."""
    lake.scratch.mkdir(parents=True)
    old, new, folder = lake.scratch / "old.part", lake.scratch / "new.part", lake.scratch / "folder"
    for path in (old, new):
        path.write_bytes(b"x")
    folder.mkdir()
    for path in (old, folder):
        os.utime(path, (0, 0))
    assert lake.sweep() == 2
    assert lake.leftovers() == [new]


def test_a_sweep_beside_others_at_work_is_no_error(lake):
    """Files come and go under it, as eight workers publish theirs."""

    def publish(number):
        for turn in range(40):
            lake.write(f"made/{number}-{turn}", b"x")
            lake.sweep()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(8)))
    assert len(lake.names("made")) == 320


def test_naming_a_folder_makes_nothing(tmp_path):
    """A reader's slip leaves no empty folder behind; who only reads is told what is there instead."""
    (tmp_path / "data").mkdir()
    Lake.at(tmp_path / "dta")
    assert not (tmp_path / "dta").exists()
    with pytest.raises(InputMissing, match=r"no data folder .*dta \(did you mean data\?\)"):
        Lake.existing(tmp_path / "dta")


def test_a_file_is_no_data_folder(tmp_path):
    """Said when it is named, not when the first day fails."""
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigInvalid, match="is a file: expected a folder"):
        Lake.at(tmp_path / "data")
