"""Requests on their way to a venue, those of all its instruments.

Those that arrive at one instant are let in instrument by instrument, in the order of their ranks, and of one instrument
in the order in which they were sent: the engine itself promises no order of two alarms at one instant.
"""

from collections.abc import Callable
from heapq import heappop, heappush

from nautilus_trader.common.component import Clock


class Transit:
    """What was sent and has not arrived.

    Args:
        clock: Of the venue.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: list[tuple[int, int, int, Callable[[], None]]] = []

    def send(self, due: int, rank: int, number: int, action: Callable[[], None]) -> None:
        """Let something happen at an instant.

        Args:
            due: When it arrives, ns.
            rank: Of its instrument.
            number: Rises with each request of that instrument.
            action: What it does there.
        """
        heappush(self._sent, (due, rank, number, action))
        self._clock.set_time_alert_ns(f"arrival-{rank}-{number}", due, self._on_arrival)

    def holds(self, rank: int) -> bool:
        """Whether a request of an instrument is on its way."""
        return any(one[1] == rank for one in self._sent)

    def _on_arrival(self, event: object) -> None:
        """Let in what is due."""
        del event
        while self._sent and self._sent[0][0] <= self._clock.timestamp_ns():
            heappop(self._sent)[3]()
