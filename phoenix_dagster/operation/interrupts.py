"""Signals that end a command: the first lets it end in order, the second ends it at once.

A handler alone can't promise that. Python runs it between two bytecodes, so never inside a long call of a library;
Dagster puts its own in its place while a run is at work, and forgets a signal that came after the last step; and a
library may swallow the exception. So a thread reads the signals themselves, and ends the process if nothing
else does. That is safe at any point, since files are published whole or not at all.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from phoenix_core.interrupts import EXIT_CODE

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE_SECONDS = 10.0
_LAST_WORDS_SECONDS = 5.0
# A terminal that closes sends its signal twice, once by the kernel and once by the shell, as does a wrapper
# that passes on what its whole process group got anyway.
_SAME_SECONDS = 0.5


@contextmanager
def ended_at_once() -> Iterator[None]:
    """End the process by a signal without a word, while nothing is under way that could be left half-done."""
    before = _handle(lambda _signal, _frame: os._exit(EXIT_CODE))
    try:
        yield
    finally:
        _restore(before)


class Interrupts:
    """Turns signals into KeyboardInterrupt, and remembers that there was one.

    Args:
        last_words: Called before the process is ended at once; given five seconds.
    """

    def __init__(self, last_words: Callable[[], None]) -> None:
        self._last_words = last_words
        self._received = 0.0
        self._left = threading.Event()

    @property
    def received(self) -> bool:
        """Whether somebody asked the command to end."""
        return bool(self._received)

    def again(self) -> None:
        """Interrupt what is under way once more, where an exception may have been swallowed."""
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(handler):
            handler(signal.SIGINT, None)

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before = _handle(self._raise)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._swallowed
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._watch = threading.Thread(target=self._watched, daemon=True)
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        signal.set_wakeup_fd(self._wakeup)
        sys.unraisablehook = self._hook
        _restore(self._before)
        os.close(self._writer)
        self._watch.join(1)
        os.close(self._reader)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self._received = self._received or time.monotonic()  # the thread may come to know of it later
        # Dagster minds SIGINT and SIGTERM alone, and may have put its handler in our place.
        handler = signal.getsignal(signal.SIGINT)
        if number == signal.SIGHUP and callable(handler) and handler != self._raise:
            handler(number, frame)
            return
        raise KeyboardInterrupt

    def _watched(self) -> None:
        patience = threading.Thread(target=self._lose_patience, daemon=True)
        while arrived := os.read(self._reader, 64):
            if not set(_SIGNALS).intersection(arrived):
                continue
            self._received = self._received or time.monotonic()
            if not patience.ident:
                patience.start()
            elif time.monotonic() - self._received > _SAME_SECONDS:
                self._end()

    def _lose_patience(self) -> None:
        if not self._left.wait(_PATIENCE_SECONDS):
            self._end()

    def _swallowed(self, unraisable: "sys.UnraisableHookArgs") -> None:
        if not issubclass(unraisable.exc_type, Exception | GeneratorExit):
            self._end()
        self._hook(unraisable)

    def _end(self) -> None:
        # In a thread of its own: what is to be said may need a lock that the interrupted code holds.
        words = threading.Thread(target=self._last_words, daemon=True)
        words.start()
        words.join(_LAST_WORDS_SECONDS)
        os._exit(EXIT_CODE)


def _handle(handler: Callable[[int, FrameType | None], None]) -> dict[signal.Signals, object]:
    """Set a handler; what was ignored, as SIGHUP below nohup, stays so, but for SIGINT, which Dagster takes anyway."""
    before: dict[signal.Signals, object] = {}
    for number in _SIGNALS:
        was = signal.getsignal(number)
        if number is signal.SIGINT or was is not signal.SIG_IGN:
            before[number] = was
            signal.signal(number, handler)
    return before


def _restore(before: dict[signal.Signals, object]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]
