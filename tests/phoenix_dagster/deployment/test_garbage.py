"""A process of ours ends without a last look for garbage, and loses nothing by it."""

import subprocess
import sys

import pytest

ENDING = """
import atexit, sys, weakref
from phoenix_dagster.deployment.garbage import skip_last_collection
{skip}

class Node:
    def __del__(self):
        print("a cycle was looked for")

node = Node()
node.itself = node
text, data = (open(path, mode) for path, mode in zip(sys.argv[1:], ("w", "wb")))
text.write("flushed")
data.write(b"flushed")
closed = open(sys.argv[1])
closed.close()
weakref.finalize(kept := Node, print, "finalized")
atexit.register(print, "said at exit")
"""


@pytest.mark.parametrize(
    ("skip", "said"),
    [
        ("", {"said at exit", "finalized", "a cycle was looked for"}),
        ("skip_last_collection()", {"said at exit", "finalized"}),
    ],
)
def test_what_was_promised_is_done(tmp_path, skip, said):
    """Files that a module left open are flushed, finalizers and `atexit` run; cycles alone are left to the system."""
    files = [tmp_path / "text", tmp_path / "data"]
    done = subprocess.run([sys.executable, "-c", ENDING.format(skip=skip), *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr, set(done.stdout.splitlines())) == (0, "", said)
    assert [file.read_text() for file in files] == ["flushed", "flushed"]


LOADED = """
import gc, sys
from phoenix_dagster.deployment import garbage
exec(sys.argv[1])
print(gc.get_freeze_count() > 100_000, garbage.skip_last_collection.cache_info().currsize, gc.isenabled())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "load", ["import phoenix_dagster.definitions", "from phoenix_dagster.locations import symbols_1"]
)
def test_whoever_loads_the_code_location_is_spared(load):
    """A run's process, a step's and the code server's: hundreds of thousands of objects. What comes later is looked at."""
    done = subprocess.run([sys.executable, "-c", LOADED, load], capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", "True 1 True\n")
