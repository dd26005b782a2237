"""Days of `book_depth` as they are read. Apart from `depth`, so that the rule and its settings bring no Polars."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from phoenix_core.columns import DECIMAL_SCALE, Role
from phoenix_core.execution.depth import Depth


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The depth of a day; snapshots are made of its rows only where they are asked for, as few orders ask.

    Attributes:
        rows: ts (ns, rising), band_edge (in percent of the mid, bids negative) and band_size, both as decimals.
    """

    rows: pl.DataFrame
    _times: npt.NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _made: dict[int, Depth] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_times", self.rows["ts"].to_numpy())

    def last_known(self, at_ns: int) -> Depth | None:
        """The last snapshot known at an instant, its lots with `DECIMAL_SCALE` decimals."""
        end = int(self._times.searchsorted(at_ns, side="right"))
        if end and end not in self._made:
            self._made[end] = self._ending_with(end)
        return self._made[end] if end else None

    def _ending_with(self, end: int) -> Depth:
        """The snapshot whose last row is before a row."""
        ts = int(self._times[end - 1])
        begin = int(self._times.searchsorted(ts))
        known = self.rows[begin:end].select(Role.BAND_EDGE, Role.BAND_SIZE).rows()
        bands = sorted((abs(int(edge * 100)), edge > 0, int(lots.scaleb(DECIMAL_SCALE))) for edge, lots in known)
        bids, asks = (tuple((edge, lots) for edge, above, lots in bands if above is side) for side in (False, True))
        return Depth(ts, bids, asks)
