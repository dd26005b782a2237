"""What the garbage collector need not look at: what Dagster and others left behind by being imported.

They leave some hundreds of thousands of objects that live as long as the process. Python looks through all of them
for cycles now and then, and once more when it winds up: a process that materializes one small asset spent 1.1 of 3.6
CPU seconds on that, most of it after its last word was said. What the last look would free, the system frees anyway.
"""

import atexit
import gc
import io
from contextlib import suppress
from functools import cache

# Text before bytes: what a text file holds goes to a buffer first.
_BUFFERED = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


def spare_imports() -> None:
    """Put what is there out of the collector's reach, and at exit all the rest."""
    gc.freeze()
    skip_last_collection()


@cache
def skip_last_collection() -> None:
    """Put what is left out of the collector's reach at exit, once for a process.

    Open files are flushed before, since a module's own would be closed only by the last look; what `atexit` and
    `weakref.finalize` were promised is done as ever.
    """
    atexit.register(_end)


def _end() -> None:
    left = gc.get_objects()
    for kind in _BUFFERED:
        for file in left:
            if type(file) is kind:
                with suppress(OSError, ValueError):  # as Python itself would: nobody is left to hear of it
                    file.flush()
    del left
    gc.freeze()
