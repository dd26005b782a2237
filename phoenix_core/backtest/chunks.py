"""Streams of events in time order, cut at common instants so that whoever merges them holds a little of each."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any


def merged_chunks(
    sources: Sequence[Iterator[Sequence[Any]]], whole: Sequence[Sequence[Any]] = ()
) -> Iterator[list[list[Any]]]:
    """Cut sources of events at common instants: one list a source, none of which holds what another still lacks.

    Args:
        sources: Events in lists, in time order.
        whole: Further events that are all at hand; they are cut with the others and do not say where.
    """
    streams = [_Stream(source) for source in sources]
    rest = [_Stream(iter([events])) for events in whole]
    while (cut := min(stream.known_until() for stream in streams)) < _Stream.END:
        yield [stream.before(cut) for stream in (*streams, *rest)]
    yield [stream.before(_Stream.END) for stream in (*streams, *rest)]


class _Stream:
    """Lists of events in time order, taken up to an instant."""

    END = 2**63

    def __init__(self, chunks: Iterator[Sequence[Any]]) -> None:
        self._chunks = chunks
        self._pending: list[Any] = []
        self._ended = False

    def known_until(self) -> int:
        """Events before this instant are all at hand; END when nothing is left to load."""
        while not self._ended and (not self._pending or self._pending[0].ts_init == self._pending[-1].ts_init):
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
            else:
                self._pending += chunk
        return self.END if self._ended else int(self._pending[-1].ts_init)

    def before(self, cut: int) -> list[Any]:
        """Take the events before an instant."""
        if not self._pending and not self._ended:
            self.known_until()
        index = bisect_left(self._pending, cut, key=lambda event: event.ts_init)
        taken, self._pending = self._pending[:index], self._pending[index:]
        return taken
