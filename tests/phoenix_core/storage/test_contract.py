"""What any store promises, run over all of them: `fakes/stores.py` lists them."""

import errno
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fakes.processes import ROOT
from fakes.s3 import environment
from fakes.stores import IN_PLACE, STORES, Died, aged, dying, raise_died
from hypothesis import given, settings
from hypothesis import strategies as st

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, StorageFailed, Superseded
from phoenix_core.storage.contract import storage_errors
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake

OLD, NEW = b"old " * 5_000, b"new!" * 5_000
NAME = "room/of/file.bin"


def outcomes(kept, folder, first, operation):
    """What a reader finds after dying at each moment of an operation, one after another, until it does not die."""
    for moment in count():
        lake = Lake(kept.make(folder / str(moment)))
        if first is not None:
            lake.write(NAME, first)
        try:
            with dying(kept.steps, moment, raise_died):
                operation(lake)
        except Died:
            yield lake, content(lake)
        else:
            assert moment > 1, "the steps are not those of this store"
            return


def content(lake):
    try:
        return lake.read(NAME)
    except FileNotFoundError:
        return None


@pytest.mark.parametrize("first", [None, OLD])
def test_whoever_dies_while_publishing_leaves_the_old_file_or_the_new_one(kept, tmp_path, first):
    """Before and after each step; nothing else is visible, and publishing again gives the new file."""
    for lake, found in outcomes(kept, tmp_path, first, lambda lake: lake.write(NAME, NEW)):
        assert found in (first, NEW)
        assert lake.names("") == ([NAME] if found is not None else [])
        lake.write(NAME, NEW)
        assert lake.read(NAME) == NEW


def test_whoever_dies_while_putting_leaves_nothing_or_the_whole_file(kept, tmp_path):
    """A reader sees no part, and who comes later is told truly whether it was first."""
    for lake, found in outcomes(kept, tmp_path, None, lambda lake: lake.put_if_absent(NAME, NEW)):
        assert found in (None, NEW)
        assert lake.put_if_absent(NAME, OLD) is (found is None)
        assert lake.read(NAME) == (found or OLD)


def test_a_store_that_writes_in_place_is_found_out(tmp_path):
    """The harness can fail: half a file is seen where a store has one."""
    found = [seen for _, seen in outcomes(IN_PLACE, tmp_path, OLD, lambda lake: lake.write(NAME, NEW))]
    assert NEW[: len(NEW) // 2] in found


_KILLED = """
import sys
from pathlib import Path
from fakes.stores import STORES, dying, kill_self
from phoenix_core.storage.lake import Lake
kept = STORES[sys.argv[1]]
lake = Lake(kept.make(Path(sys.argv[2])))
with dying(kept.steps, int(sys.argv[3]), kill_self):
    lake.write(sys.argv[4], b"new!" * 5_000)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, kept in STORES.items() if kept.outlives])
def test_a_process_killed_while_publishing_leaves_the_old_file_or_the_new_one(name, tmp_path):
    """A real one, by SIGKILL at each moment; what it leaves beside is swept, and seen by nobody before."""
    left = 0
    env = {"PYTHONPATH": str(ROOT)} | (environment() if name == "bucket" else {})
    for moment in count():
        folder = tmp_path / str(moment)
        lake = Lake(STORES[name].make(folder))
        lake.write(NAME, OLD)
        command = [sys.executable, "-c", _KILLED, name, str(folder), str(moment), NAME]
        ended = subprocess.run(command, check=False, cwd=ROOT / "tests", env=env).returncode
        if ended == 0:
            break
        assert ended == -9
        assert lake.read(NAME) in (OLD, NEW)
        assert lake.names("") == [NAME]
        left += bool(lake.leftovers())
        aged(lake)
        lake.sweep()
        assert lake.leftovers() == []
    assert lake.read(NAME) == NEW
    assert moment > 4
    assert left, "no kill fell between building and publishing"


def test_a_reader_never_sees_a_part_while_files_are_replaced(lake):
    """Ten thousand bytes of one kind or of the other."""
    lake.write(NAME, OLD)
    done = threading.Event()
    seen = set()

    def read():
        while not done.is_set():
            seen.add(lake.read(NAME))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(60):
        lake.write(NAME, (NEW, OLD)[turn % 2])
    done.set()
    for reader in readers:
        reader.join()
    assert seen <= {OLD, NEW}


def test_of_many_who_put_at_once_one_wins(store):
    """Exactly one is told so, and the file is that one's."""
    writers = 12
    for turn in range(10):
        name, barrier = f"turn/{turn}.bin", threading.Barrier(writers)

        def put(number, name=name, barrier=barrier):
            barrier.wait()
            return store.put_if_absent(name, bytes([number]) * 1_000)

        with ThreadPoolExecutor(writers) as pool:
            told = list(pool.map(put, range(writers)))
        assert told.count(True) == 1
        assert store.read(name) == bytes([told.index(True)]) * 1_000


def built(folder, content):
    path = folder / f"{uuid.uuid4().hex}.built"
    path.write_bytes(content)
    return path


def test_a_version_is_replaced_only_while_it_is_there(store, tmp_path):
    """Whoever saw another one, or none, is told so, and what stands there stays; `publish` tells the new version."""
    with pytest.raises(Superseded, match=r"file\.bin was published by another writer"):
        store.publish(built(tmp_path, NEW), NAME, over=store.publish(built(tmp_path, OLD), "other.bin"))
    assert store.version(NAME) is None
    first = store.publish(built(tmp_path, OLD), NAME, over=None)
    assert store.version(NAME) == first
    second = store.publish(built(tmp_path, NEW), NAME, over=first)
    assert store.version(NAME) == second != first
    for over in (first, None):
        with pytest.raises(Superseded):
            store.publish(built(tmp_path, OLD), NAME, over=over)
        assert store.read(NAME) == NEW
    store.remove(NAME)
    with pytest.raises(Superseded):
        store.publish(built(tmp_path, OLD), NAME, over=second)
    assert store.version(NAME) is None
    store.publish(built(tmp_path, OLD), NAME)
    assert store.read(NAME) == OLD


@pytest.mark.parametrize("name", [name for name, kept in STORES.items() if kept.in_one_step])
def test_of_many_who_replace_one_version_one_wins(name, tmp_path):
    """And all others are told."""
    store, writers = STORES[name].make(tmp_path), 16
    for seen in (None, store.publish(built(tmp_path, OLD), "seen.bin")):
        barrier = threading.Barrier(writers)

        def put(number, seen=seen, barrier=barrier):
            own = built(tmp_path, bytes([number]) * 1_000)
            barrier.wait()
            try:
                store.publish(own, "seen.bin" if seen else "new.bin", over=seen)
            except Superseded:
                return False
            return True

        with ThreadPoolExecutor(writers) as pool:
            told = list(pool.map(put, range(writers)))
        assert told.count(True) == 1
        assert store.read("seen.bin" if seen else "new.bin") == bytes([told.index(True)]) * 1_000


OPERATIONS = {
    "publish": lambda store, name, built: store.publish(built, name),
    "put_if_absent": lambda store, name, _: store.put_if_absent(name, b"x"),
    "read": lambda store, name, _: store.read(name),
    "fetch": lambda store, name, _: store.fetch(name, "0" * 64),
    "sha256": lambda store, name, _: store.sha256(name),
    "stat": lambda store, name, _: store.stat(name),
    "version": lambda store, name, _: store.version(name),
    "names": lambda store, name, _: store.names(name),
    "remove": lambda store, name, _: store.remove(name),
}


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..", "a/\0"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_name_that_leads_out_is_refused(store, tmp_path, operation, name):
    """By every method, and nothing appears outside."""
    file = tmp_path / "built"
    file.write_bytes(b"x")
    with pytest.raises(ConfigInvalid, match="leads out"):
        OPERATIONS[operation](store, name, file)
    assert {path.name for path in tmp_path.iterdir()} <= {"built", "data", "local"}


NAMES = st.sampled_from(["a.x", "b.x", "a/b.x", "a/c.x", "a/b/c.x", "ab/c.x", "a-b/c.x", "Z/a.x", "ü/ö.x"])


@settings(max_examples=30)
@given(st.lists(st.tuples(NAMES, st.one_of(st.none(), st.binary(max_size=20)))), st.sampled_from(list(STORES)))
def test_a_store_is_a_dictionary(changes, name):
    """Whatever is published and removed in whatever order: names, bytes, sizes and digests are a dictionary's."""
    with TemporaryDirectory() as folder:
        lake, model = Lake(STORES[name].make(Path(folder))), {}
        for file, new in changes:
            if new is None:
                lake.remove(file)
                lake.remove(file)
                model.pop(file, None)
            else:
                lake.write(file, new)
                model[file] = new
        for below in ("", "a", "a/b", "ab", "nothing"):
            assert lake.names(below) == sorted(one for one in model if not below or one.startswith(f"{below}/"))
        assert lake.read_many(["none.x", *model]) == model
        for file, held in model.items():
            assert lake.stat(file).bytes == len(held)
            assert lake.sha256(file) == sha256_of(held)
            assert lake.fetch(file, sha256_of(held)).read_bytes() == held


def test_what_is_not_there_is_said(store):
    """By an error where bytes are asked for, by None or nothing where it is only asked whether."""
    with pytest.raises(FileNotFoundError):
        store.read("a.x")
    with pytest.raises(CatalogCorrupt, match=r"a\.x is not what was published: .* found no file"):
        store.fetch("a.x", "0" * 64)
    assert (store.stat("a.x"), store.sha256("a.x"), store.names("")) == (None, None, [])
    store.remove("a.x")


def test_bytes_that_changed_are_found_by_their_digest(lake):
    """Asked anew, a store gives no file for a digest that its bytes no longer have; nor ever a file of other bytes."""
    lake.write(NAME, OLD)
    first = lake.fetch(NAME, sha256_of(OLD))
    assert first.name == "file.bin"
    assert first.read_bytes() == OLD
    lake.write(NAME, NEW)
    with pytest.raises(CatalogCorrupt, match=f"expected SHA-256 {sha256_of(OLD)}, found {sha256_of(NEW)}"):
        lake.fetch(NAME, sha256_of(OLD), fresh=True)
    try:
        assert lake.fetch(NAME, sha256_of(OLD)).read_bytes() == OLD
    except CatalogCorrupt:
        assert lake.store.at_once == 1, "only a store without a cache has lost the old bytes"
    assert lake.fetch(NAME, sha256_of(NEW)).read_bytes() == NEW
    assert lake.sha256(NAME) == sha256_of(NEW)


def test_later_files_have_later_times(store, tmp_path):
    """By which people are shown the newest; nothing else is decided by them."""
    times = []
    for name in ("a.x", "b.x", "c.x"):
        assert store.put_if_absent(name, b"x")
        times.append(store.stat(name).modified_ns)
    assert times == sorted(times)


def test_an_error_of_the_system_names_the_file_and_what_to_do():
    """And one that merely inherits OSError, as clients' own do, is left alone."""
    with pytest.raises(StorageFailed, match=r"here can't be written: No space.*free space"), storage_errors("here"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="a client's own"), storage_errors("here"):
        raise OSError("a client's own")
