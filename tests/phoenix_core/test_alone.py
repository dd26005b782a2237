"""Of several writers of one day one publishes, and those who come later begin again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.stores import STORES

from phoenix_core.alone import made_alone
from phoenix_core.errors import Superseded
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake

KEY, SOURCE = Key("um/x/made", "2024-03-30"), "source.txt"


@pytest.fixture(params=STORES)
def lake(request, tmp_path):
    return Lake(STORES[request.param].make(tmp_path))


def make(lake, *, before=lambda: None, between=lambda: None, first=lambda: None):
    """As a stage does: read the source, ask whether the day is current, build, publish, record."""
    first()
    source = lake.read(SOURCE).decode()
    manifest = Manifest(lake)
    if current := manifest.is_current(KEY.asset, KEY.day, {"source": source}, ""):
        return current
    before()
    content = f"made from {source}".encode()
    with lake.publishing("made.txt") as staged:
        staged.write_bytes(content)
        between()
    return manifest.record(
        Entry(KEY.asset, KEY.day, True, file="made.txt", sha256=sha256_of(content), bytes=1, sources={"source": source})
    )


def once(action):
    """An action that happens at its first call alone."""
    left = [action]
    return lambda: left.pop()() if left else None


@pytest.mark.parametrize("moment", ["first", "before", "between"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_writer_that_slept_does_not_bring_back_what_was(lake, moment, existing):
    """Whenever it slept while its source was replaced and the day made by another: it wakes, and begins again."""
    lake.write(SOURCE, b"0")
    if existing:
        made_alone(lake, KEY, make)
    lake.write(SOURCE, b"1")

    def others():
        lake.write(SOURCE, b"2")
        made_alone(lake, KEY, make)

    hooks = {moment: once(others)}
    entry = made_alone(lake, KEY, lambda watched: make(watched, **hooks))
    assert entry.sources == {"source": "2"}
    assert lake.read("made.txt") == b"made from 2"
    assert Manifest(lake).verify(Manifest(lake).find(*KEY)) == entry


def test_what_a_killed_writer_left_is_replaced(lake):
    """A file without its entry stops nobody."""
    lake.write(SOURCE, b"1")
    lake.write("made.txt", b"half a day's work of another")
    assert made_alone(lake, KEY, make).sha256 == sha256_of(b"made from 1")


def test_who_is_always_late_says_so(lake):
    """After eight times it is no coincidence."""
    lake.write(SOURCE, b"0")
    turns = iter(range(1, 100))

    def renewed():
        lake.write(SOURCE, str(next(turns)).encode())

    def overtaken():
        renewed()
        make(lake)

    with pytest.raises(Superseded):
        made_alone(lake, KEY, lambda watched: make(watched, first=renewed, between=overtaken))
    assert next(turns) == 17


@pytest.mark.parametrize("name", [name for name, kept in STORES.items() if kept.in_one_step])
def test_of_sixteen_writers_one_publishes(name, tmp_path):
    """Each read another source, and all publish at once: one is first, and the others begin again with the last one.

    Who read the last one himself may find just what he made, published by one who began again: that is what he wanted.
    """
    lake, writers = Lake(STORES[name].make(tmp_path)), 16
    lake.write(SOURCE, b"as before")
    made_alone(lake, KEY, make)
    reading, barrier = threading.Lock(), threading.Barrier(writers)
    overtaken = []

    def write(number):
        def own_source():
            reading.acquire()
            lake.write(SOURCE, str(number).encode())

        first, before, between = once(own_source), once(reading.release), once(barrier.wait)

        def work(watched):
            try:
                return make(watched, first=first, before=before, between=between)
            except Superseded:
                overtaken.append(number)
                raise

        made_alone(lake, KEY, work)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    source = lake.read(SOURCE).decode()
    assert len(set(range(writers)) - set(overtaken) - {int(source)}) <= 1
    assert lake.read("made.txt").decode() == f"made from {source}"
    assert Manifest(lake).verify(Manifest(lake).find(*KEY)).sources == {"source": source}
