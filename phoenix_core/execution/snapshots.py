"""Days of `book_depth` as they are read. Apart from `depth`, so that the rule and its settings bring no Polars."""

from dataclasses import dataclass

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

    def last_known(self, at_ns: int) -> Depth | None:
        """The last snapshot known at an instant, its lots with `DECIMAL_SCALE` decimals."""
        times = self.rows["ts"]
        end = int(times.search_sorted(at_ns, side="right"))
        if not end:
            return None
        ts = int(times[end - 1])
        begin = int(times.search_sorted(ts, side="left"))
        known = self.rows[begin:end].select(Role.BAND_EDGE, Role.BAND_SIZE).rows()
        bands = sorted((abs(int(edge * 100)), edge > 0, int(lots.scaleb(DECIMAL_SCALE))) for edge, lots in known)
        bids, asks = (tuple((edge, lots) for edge, above, lots in bands if above is side) for side in (False, True))
        return Depth(ts, bids, asks)
