"""Trades of a time, and what they prove: between which prices the best quotes were, what would have come to an order.

A sale printed at the bid of its instant, a purchase at the ask. Between two prints nobody knows; the *hull* of the last
and the next print of each side is where the quotes are taken to be. That is a rule of thumb, so its violations are
counted where quotes are published (`calibration`). What trades bring to an order needs no such rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.catalog.convert import fixed_point, is_multiple
from phoenix_core.columns import DECIMAL_SCALE
from phoenix_core.market import NS_PER_SECOND

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SCALE = 10**8  # prices are integers of this fraction
_FINER = DECIMAL_SCALE - 8  # decimals of a column beyond those of `SCALE`
_INVERSE = pow(5**_FINER, -1, 1 << 64)
MARGIN_NS = NS_PER_SECOND // 4  # by which the hull reaches further than the very next prints
_EDGE_NS = 60 * NS_PER_SECOND  # where a neighbour is missing, prints of this time stand for it
BUYER, SELLER = 1, 2  # NautilusTrader's AggressorSide, which this need not import
COLUMNS = ("ts_init", "price", "size", "aggressor_side")


def scaled(prices: pl.Series) -> Ints:
    """Decimal(38, 16) prices as integers of 1 / `SCALE`; what is finer is cut off.

    Of whole multiples a division is a multiplication modulo 2^64, a sixth of the time of dividing decimals.
    """
    if not len(prices) or not is_multiple(words := fixed_point(prices), _FINER):
        return np.asarray((prices * SCALE).cast(pl.Int64).to_numpy())
    low, high = np.frombuffer(words.buffers()[1], np.uint64)[2 * words.offset :][: 2 * len(words)].reshape(-1, 2).T
    twos = (low >> np.uint64(_FINER)) | (high << np.uint64(64 - _FINER))
    return (twos * np.uint64(_INVERSE)).view(np.int64)


@dataclass(frozen=True, slots=True)
class Side:
    """Trades of one side in published order: times in nanoseconds, prices as integers of 1 / `SCALE`, sizes."""

    ts: Ints
    price: Ints
    size: Floats

    @classmethod
    def of(cls, trades: pl.DataFrame, side: int) -> Self:
        """Trades (`COLUMNS`) in which this side was the aggressor."""
        rows = trades.filter(pl.col("aggressor_side") == side)
        return cls(
            rows["ts_init"].cast(pl.Int64).to_numpy(),
            scaled(rows["price"]),
            rows["size"].cast(pl.Float64).to_numpy(),
        )

    def between(self, after_ns: int, until_ns: int) -> slice:
        """Trades of (after, until]."""
        begin, end = np.searchsorted(self.ts, (after_ns, until_ns), side="right")
        return slice(int(begin), int(end))

    def around(self, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """Lowest and highest price from the last print at or before `first` to the next after `last`, for each pair.

        Raises:
            ValueError: There is no print at all.
        """
        begin = np.searchsorted(self.ts, first, side="right") - 1
        end = np.searchsorted(self.ts, last, side="right") + 1
        count = self.ts.size
        # Without a print before (after) the next minute's (the last minute's) prints stand for it, at least one.
        if (lone := begin < 0).any():
            early = np.searchsorted(self.ts, first[lone] + _EDGE_NS, side="right")
            end[lone] = np.maximum(end[lone], early)
        if (lone := end > count).any():
            begin[lone] = np.minimum(begin[lone], np.searchsorted(self.ts, last[lone] - _EDGE_NS))
        begin, end = np.clip(begin, 0, count - 1), np.clip(end, 1, count)
        places = np.ravel(np.column_stack([begin, np.maximum(end, begin + 1)]))
        # An end at the very end is still an index.
        prices = np.append(self.price, self.price[-1:]) if (end >= count).any() else self.price
        return np.minimum.reduceat(prices, places)[::2], np.maximum.reduceat(prices, places)[::2]


@dataclass(frozen=True, slots=True)
class Prints:
    """Trades by the side of the aggressor.

    Attributes:
        sales: The aggressor sold.
        purchases: The aggressor bought.
        tick: Least difference of ask and bid, an integer of 1 / `SCALE`.
        margin_ns: How much further than the next prints the hull reaches.
    """

    sales: Side
    purchases: Side
    tick: int
    margin_ns: int = MARGIN_NS

    @classmethod
    def of(cls, days: Sequence[pl.DataFrame], tick: int, margin_ns: int = MARGIN_NS) -> Self:
        """Trades of days that follow one another, each with `COLUMNS`."""
        trades = pl.concat(days)
        return cls(Side.of(trades, SELLER), Side.of(trades, BUYER), tick, margin_ns)

    @property
    def is_two_sided(self) -> bool:
        """Whether both sides traded; without that there is no hull."""
        return bool(self.sales.ts.size and self.purchases.ts.size)

    def bids(self, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """Lowest and highest best bid that the evidence leaves open anywhere in [first, last], for each pair.

        The ask is a tick above these two, or more. A purchase bounds the bid from above, and where the price ran on
        between two sales it is the better witness: the bid alone is outside the hull of sales ten times as often.
        """
        before, after = first - self.margin_ns, last + self.margin_ns
        lowest_sale, highest_sale = self.sales.around(before, after)
        lowest_purchase, highest_purchase = self.purchases.around(before, after)
        return (
            np.minimum(lowest_sale, lowest_purchase - self.tick),
            np.maximum(highest_sale, highest_purchase - self.tick),
        )

    def bid(self, first_ns: int, last_ns: int | None = None) -> tuple[int, int]:
        """The same of one time."""
        last = first_ns if last_ns is None else last_ns
        low, high = self.bids(np.array([first_ns]), np.array([last]))
        return int(low[0]), int(high[0])

    def last_sale(self, at_ns: int) -> int | None:
        """Price of the last sale at or before an instant."""
        index = int(np.searchsorted(self.sales.ts, at_ns, side="right"))
        return int(self.sales.price[index - 1]) if index else None

    def last_trade_ns(self, at_ns: int) -> int:
        """Time of the last trade of either side at or before an instant; 0 before the first."""
        ends = ((side, int(np.searchsorted(side.ts, at_ns, side="right"))) for side in (self.sales, self.purchases))
        return max(int(side.ts[end - 1]) if end else 0 for side, end in ends)

    def sold(self, after_ns: int, until_ns: int, limits: tuple[int, int]) -> tuple[float, float]:
        """Lots sold in (after, until] below the lower of two prices, and at the higher or below."""
        rows = self.sales.between(after_ns, until_ns)
        price, size = self.sales.price[rows], self.sales.size[rows]
        return float(size[price < limits[0]].sum()), float(size[price <= limits[1]].sum())
