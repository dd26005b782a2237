"""A day's tape from its catalog files: prices and sizes as integers, row group by row group.

NautilusTrader keeps values as 128-bit integers of sixteen decimals, of which a file uses few. Dividing by the unused
power of ten is exact, so it is a shift and a multiplication by the inverse of a power of five modulo 2^64.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.model.enums import AggressorSide

from phoenix_core.backtest.arrays.implied import Implied
from phoenix_core.backtest.ticks import TickFile
from phoenix_core.columns import DECIMAL_SCALE
from phoenix_core.errors import ReplayUnsuitable
from phoenix_core.execution.tape import Ints, Quotes, Tape, Trades

_WORD = 2**64
_TRADES = ("ts_init", "price", "size", "aggressor_side")
_QUOTES = ("ts_init", "bid_price", "bid_size", "ask_price", "ask_size")


@dataclass(slots=True)
class TapeReader:
    """Reads days one after another, each behind the last quote of the one before.

    Attributes:
        tick: Price increment in the rule's units.
        is_implied: Quotes are implied from trades, and published ones are not read.
    """

    tick: int
    is_implied: bool = False
    _last: tuple[int, ...] = ()
    _sides: Implied = field(default_factory=Implied)

    def read(self, trades: TickFile, quotes: TickFile | None) -> Tape:
        """A day as columns.

        Raises:
            ReplayUnsuitable: A number that no 64-bit integer of the file's decimals holds.
        """
        price_unit, size_unit = (10 ** (DECIMAL_SCALE - decimals) for decimals in trades.precisions)
        ts, price, size, side = _columns(trades, _TRADES)
        made = Trades(ts, price, size, np.where(side == AggressorSide.BUYER, 1, -1).astype(np.int8))
        implied_by = None
        if self.is_implied:
            columns, implied_by = self._sides.behind(made, self.tick // price_unit, self._last)
        else:
            columns = _columns(quotes, _QUOTES, self._last) if quotes else [_front(self._last, n) for n in range(5)]
        if columns[0].size:
            self._last = tuple(int(column[-1]) for column in columns)
        return Tape(made, Quotes(*columns), price_unit, size_unit, implied_by)


def _columns(file: TickFile, names: Sequence[str], front: Sequence[int] = ()) -> list[Ints]:
    """Columns of a file as integers of its own decimals, behind one row where there is one."""
    with pq.ParquetFile(file.path) as opened:
        ahead = int(bool(front))
        columns = [np.empty(ahead + opened.metadata.num_rows, dtype=np.int64) for _ in names]
        for column, value in zip(columns, front, strict=False):
            column[0] = value
        begin = ahead
        for index in range(opened.num_row_groups):
            group = opened.read_row_group(index, columns=list(names))
            for name, column in zip(names, columns, strict=True):
                decimals = file.precisions["size" in name]
                column[begin : begin + group.num_rows] = _integers(group[name], DECIMAL_SCALE - decimals)
            begin += group.num_rows
    return columns


def _front(row: Sequence[int], column: int) -> Ints:
    return np.array(row[column : column + 1], dtype=np.int64)


def _integers(column: pa.ChunkedArray, unused: int) -> Ints:
    """Whole numbers of a column's last decimal; other integers as they are."""
    if not pa.types.is_fixed_size_binary(column.type):
        return np.asarray(column.to_numpy()).astype(np.int64, copy=False)
    array = column.combine_chunks()
    words = np.frombuffer(array.buffers()[1], dtype=np.uint64)[2 * array.offset : 2 * (array.offset + len(array))]
    low, high = words[0::2], words[1::2]
    shifted = (low >> np.uint64(unused)) | (high << np.uint64(64 - unused)) if unused else low
    whole = shifted * np.uint64(pow(5**unused, -1, _WORD))
    # Below this bound the product is the quotient: whatever it is multiplied by did not wrap.
    bound = np.uint64(_WORD // 5**unused - 1) >> np.uint64(1 if unused == 0 else 0)
    if whole.size and (
        whole.max() > bound or (high >> np.uint64(unused)).any() or (low & np.uint64(2**unused - 1)).any()
    ):
        return _one_by_one(low, high, unused)
    return whole.view(np.int64)


def _one_by_one(low: np.ndarray, high: np.ndarray, unused: int) -> Ints:
    """The same by Python's own integers, for numbers that are too large for the quick way."""
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    divided = [divmod((upper << 64) | lower, 10**unused) for lower, upper in pairs]
    if any(rest or value >= _WORD // 2 for value, rest in divided):
        raise ReplayUnsuitable(
            "A price or size has more digits than replay over arrays has: expected whole numbers below 2^63 of the "
            "last decimal. Replay signals instead."
        )
    return np.array([value for value, _ in divided], dtype=np.int64)
