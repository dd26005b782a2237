"""When the strategy may have sent what, told from its signals alone: entries, their lives, and the exits that follow.

Nothing here depends on a fill. An entry may be sent at any signal that qualifies; it lives until its timeout or the
first exit signal after it; a position is closed by that exit, and what is filled while the cancellation is on its way
by the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from phoenix_core.execution.arrival import arrival_ns
from phoenix_core.intervals.prints import Ints
from phoenix_core.intervals.terms import Known, Terms
from phoenix_core.strategies.phoenix.decisions import entry_rows, exit_rows
from phoenix_core.strategies.phoenix.parameters import StrategyParameters


@dataclass(frozen=True, slots=True)
class Entry:
    """A signal on which an entry is sent if the strategy is flat.

    Attributes:
        ts: When.
        number: Its place among all events; odd numbers are closings.
        fraction: Notional by equity.
    """

    ts: int
    number: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Exit:
    """An instant at which what is held is sold.

    Attributes:
        ts: When the order is sent.
        arrival: When it reaches the exchange.
        is_forced: The end of the session demands it.
        session: Number of the session.
    """

    ts: int
    arrival: int
    is_forced: bool
    session: int


@dataclass(frozen=True, slots=True)
class Life:
    """An entry's life.

    Attributes:
        arrival: When it reaches the exchange.
        cancelled: When its cancellation does.
        exit: Place of the first exit after it.
        later: Places of the exits that can sell what is filled after that one: while its cancellation is on its way.
    """

    arrival: int
    cancelled: int
    exit: int
    later: tuple[int, ...]


@dataclass
class Schedule:
    """Entries and exits of all days, in the order of time.

    Attributes:
        parameters: Of the strategy.
        terms: Of the exchange.
        entries: Signals that qualify while a session is open.
        session_ends: For each session, when its last closing reaches the exchange.
    """

    parameters: StrategyParameters
    terms: Terms
    entries: list[Entry] = field(default_factory=list)
    session_ends: list[int] = field(default_factory=list)
    _times: list[Ints] = field(default_factory=list)
    _numbers: list[Ints] = field(default_factory=list)
    _sessions: list[Ints] = field(default_factory=list)
    _count: int = 0

    def add(self, day: Known) -> None:
        """Add a day, after those before it."""
        signals, base = day.signals, self._count
        times = signals["ts_init"].cast(pl.Int64).to_numpy()
        self._count += times.size + 1
        last = min(day.closings, default=None)
        self.entries += [one for one in self._entries(signals, base) if last is None or one.ts < last]
        leaves = np.array(exit_rows(self.parameters, signals), np.int64)
        closings = np.array(day.closings, np.int64)
        exits = np.concatenate([times[leaves], closings])
        # Between two signals: a closing is no signal, and never shares an instant with one.
        numbers = np.concatenate([2 * (base + leaves), 2 * (base + np.searchsorted(times, closings)) - 1])
        order = np.argsort(exits, kind="stable")
        self._times.append(exits[order])
        self._numbers.append(numbers[order])
        self._sessions.append(np.full(exits.size, len(self.session_ends)))
        if day.closings:
            self.session_ends.append(self._arrival(max(day.closings)))

    def _entries(self, signals: pl.DataFrame, base: int) -> Iterator[Entry]:
        rows = entry_rows(self.parameters, signals)
        for row, ts, volatility in zip(rows, signals["ts_init"][rows], signals["rv"][rows], strict=True):
            kelly = self.parameters.kelly_fraction(volatility or 0.0)
            yield Entry(ts, 2 * (base + row), min(kelly, float(self.terms.largest_leverage)))

    def close(self) -> None:
        """Put the days together: no more are added."""
        self._times, self._numbers, self._sessions = (
            [np.concatenate(parts)] if parts else [np.zeros(0, np.int64)]
            for parts in (self._times, self._numbers, self._sessions)
        )

    def exit(self, place: int) -> Exit:
        """The exit at a place."""
        ts = int(self._times[0][place])
        is_forced = bool(self._numbers[0][place] % 2)
        return Exit(ts, self._arrival(ts), is_forced, int(self._sessions[0][place]))

    def life(self, entry: Entry) -> Life:
        """What becomes of an entry at the latest."""
        times, numbers = self._times[0], self._numbers[0]
        place = int(np.searchsorted(numbers, entry.number, side="right"))
        first = self.exit(place)
        cancel = min(first.ts, entry.ts + int(self.parameters.entry_timeout_secs * 1e9))
        cancelled = self._arrival(cancel)
        later: list[int] = []
        if first.ts < cancelled:
            # Whatever is sold before the cancellation arrives keeps other exits from being sent until it has arrived.
            last = int(times[np.searchsorted(times, cancelled, side="right") - 1])
            end = int(np.searchsorted(times, self._arrival(last), side="right"))
            later = list(range(place + 1, min(end + 1, times.size)))
        return Life(self._arrival(entry.ts), cancelled, place, tuple(later))

    def _arrival(self, sent_ns: int) -> int:
        return arrival_ns(sent_ns, self.terms.latency_ns)
