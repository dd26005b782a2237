"""What holding a position costs or may cost, whoever chooses when it began and ended: funding, and liquidation."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from phoenix_core.instruments.brackets import Brackets
from phoenix_core.intervals.prints import Floats, Ints


@dataclass
class Carry:
    """Funding times and marks of all days, in order."""

    _funding: list[tuple[int, float]] = field(default_factory=list)
    _lows: list[tuple[int, float]] = field(default_factory=list)
    _brackets: list[Brackets | None] = field(default_factory=list)
    _funding_ts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _paid: Floats = field(default_factory=lambda: np.zeros(0))
    _low_ts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _low: Floats = field(default_factory=lambda: np.zeros(0))

    def add(
        self, funding: Sequence[tuple[int, float]], lows: Sequence[tuple[int, float]], brackets: Brackets | None
    ) -> None:
        """Add a day, see `intervals.terms.Known`."""
        self._funding += funding
        self._lows += lows
        if brackets not in self._brackets:
            self._brackets.append(brackets)

    def close(self) -> None:
        """Put the days together: no more are added."""
        self._funding_ts = np.array([ts for ts, _ in self._funding], np.int64)
        self._paid = np.array([amount for _, amount in self._funding])
        self._low_ts = np.array([ts for ts, _ in self._lows], np.int64)
        self._low = np.array([low for _, low in self._lows])

    def funding(self, first_ns: int, sure_ns: int, last_ns: int) -> tuple[float, float]:
        """Least and most of one unit that was opened in [first, sure] and closed at the last instant."""
        at, paid = self._funding_ts, self._paid
        perhaps = paid[(at >= first_ns) & (at <= min(sure_ns, last_ns))]
        sure = float(paid[(at > sure_ns) & (at <= last_ns)].sum())
        return sure + float(np.minimum(perhaps, 0).sum()), sure + float(np.maximum(perhaps, 0).sum())

    def margin(self, worth: float, share: float) -> float:
        """The most that a position must keep on any of the days, quote units.

        Args:
            worth: Of the position, quote units.
            share: Of the worth, on days without brackets.
        """
        lines = [(share, 0.0)] if None in self._brackets else []
        lines += [(float(rate), float(amount)) for one in self._brackets if one for rate, amount in one.lines]
        return max((rate * worth - amount for rate, amount in lines), default=share * worth)

    def lowest(self, first_ns: int, last_ns: int) -> float | None:
        """Lowest mark of the minutes that end in [first, last]; None: there is none, and nothing is liquidated."""
        begin, end = np.searchsorted(self._low_ts, (first_ns, last_ns), side="left")
        found = self._low[begin : end + 1]  # one minute more: it may have ended at that very instant
        return float(found.min()) if found.size else None
