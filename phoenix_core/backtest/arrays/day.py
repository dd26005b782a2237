"""A day's signals and marks as all experiments over it look them up: made once for all of them."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.settlement import Mark
from phoenix_core.strategies.signal_tick import SignalTick


class Signals:
    """A day's signals.

    Attributes:
        frame: `signals.table.SIGNAL_COLUMNS` and `entries_blocked`.
        ts: When each was known, ns.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.ts: list[int] = frame["ts_init"].to_list() if frame.width else []
        self._ticks: dict[int, SignalTick] = {}

    def tick(self, row: int) -> SignalTick:
        """A row as the strategy gets it; the same object whenever it is asked for."""
        found = self._ticks.get(row)
        if found is None:
            found = self._ticks[row] = SignalTick(self.frame.row(row, named=True))
        return found


class Marks:
    """A day's marks, rising in time.

    Attributes:
        marks: All of them.
        ts: When each is known, ns.
        lows: Lowest price of each minute.
        lowest: Lowest price from each of them to the end of the day.
    """

    def __init__(self, marks: Sequence[Mark]) -> None:
        self.marks = marks
        self.ts = [one.ts for one in marks]
        self.lows: npt.NDArray[np.float64] = np.array([float(one.low) for one in marks])
        self.lowest: list[float] = np.minimum.accumulate(self.lows[::-1])[::-1].tolist()


class Day:
    """What is shared of a day by experiments with the same signals."""

    def __init__(self, signals: Signals, marks: Marks) -> None:
        self.signals = signals
        self.marks = marks

    @classmethod
    def of(cls, inputs: DayInputs) -> Self:
        """Of what was read."""
        return cls(Signals(inputs.signals), Marks(inputs.marks))
