"""Memory that was freed stays with the process, where the C library can be told so."""

import platform
import subprocess
import sys

from phoenix_dagster.deployment.allocator import keep_freed_memory

SCRIPT = """
import resource, sys
from phoenix_dagster.deployment.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
bytes([1]) * (24 << 20), bytes([1]) * (8 << 20)
before = faults()
for size in (24, 8, 24, 8):
    bytes([1]) * (size << 20)
print(faults() - before)
"""


def faults(how):
    """Pages that a new process is given for blocks of the same sizes as it had before."""
    return int(subprocess.check_output([sys.executable, "-c", SCRIPT, how], text=True))


def test_a_block_of_the_same_size_costs_no_new_pages():
    """Six thousand of four kilobytes, else, each time for the largest; where there is no such setting it says so."""
    if platform.libc_ver()[0] != "glibc":
        assert not keep_freed_memory()
        return
    assert (faults("kept") < 100, faults("left") > 5_000) == (True, True)
