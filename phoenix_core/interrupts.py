"""Interrupts that a library swallows.

Python raises an interrupt (Ctrl-C, or a SIGTERM that is turned into an exception) wherever it may be, also
inside callbacks of C libraries that go on regardless: pydantic then writes a Decimal as
"<unprintable Decimal object>", and the interrupt is lost. Nothing that is computed afterwards can be
trusted, while a process that ends at once leaves nothing half-done.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 130  # what a shell says of a process that was interrupted


@contextmanager
def ended_by_swallowed_interrupts() -> Iterator[None]:
    """End this process at once if a library swallows an interrupt meanwhile."""
    before = sys.unraisablehook

    def ending(unraisable: "sys.UnraisableHookArgs") -> None:
        before(unraisable)
        if not issubclass(unraisable.exc_type, Exception | GeneratorExit):
            os._exit(EXIT_CODE)

    sys.unraisablehook = ending
    try:
        yield
    finally:
        sys.unraisablehook = before
