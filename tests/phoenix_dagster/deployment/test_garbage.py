"""A process of ours ends without a last look for garbage, and loses nothing by it."""

import subprocess
import sys

import pytest

from phoenix_dagster.deployment.garbage import spare_imports

ENDING = """
import atexit, sys, weakref
from phoenix_dagster.deployment.garbage import spare_imports
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
        ("spare_imports()", {"said at exit", "finalized"}),
    ],
)
def test_what_was_promised_is_done(tmp_path, skip, said):
    """Files that a module left open are flushed, finalizers and `atexit` run; cycles alone are left to the system."""
    files = [tmp_path / "text", tmp_path / "data"]
    done = subprocess.run([sys.executable, "-c", ENDING.format(skip=skip), *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr, set(done.stdout.splitlines())) == (0, "", said)
    assert [file.read_text() for file in files] == ["flushed", "flushed"]


def test_whoever_loads_the_code_location_ends_so():
    """A run's process, a step's and the code server's; and once, however often it is asked for."""
    import phoenix_dagster.definitions  # noqa: F401, PLC0415 - what is loaded

    spare_imports()
    assert (spare_imports.cache_info().currsize, spare_imports.cache_info().misses) == (1, 1)
