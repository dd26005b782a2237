"""What the C library does with memory that was freed: keep some of it for the next block of rows.

Days are worked through in blocks of some megabytes. glibc gives each back to the system when it is freed, and is given
it again a moment later, page by page and zeroed: a tenth of the CPU seconds of a day's path. Polars and pyarrow have
allocators of their own, which this does not touch.
"""

import ctypes

# Of malloc.h; no other C library has this call with other meanings.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_BLOCK = 32 << 20  # the most that glibc takes for it
_KEPT = 128 << 20


def keep_freed_memory() -> bool:
    """Keep what was freed, up to some hundred megabytes; False where the C library has no such setting."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # musl, macOS, Windows
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK) and mallopt(_M_TRIM_THRESHOLD, _KEPT))
