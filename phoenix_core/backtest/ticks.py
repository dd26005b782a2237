"""A day's ticks in the catalog: all of them as NautilusTrader streams them, or those of a short time.

A query of a few seconds costs NautilusTrader's reader as much as opening the file anew. Here the row group
that was read last stays at hand, and the objects are made from its raw values; tests compare both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.core.nautilus_pyo3 import DataBackendSession, NautilusDataType, drop_cvec_pycapsule
from nautilus_trader.model.data import QuoteTick, TradeTick, capsule_to_list
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId

CHUNK = 50_000  # rows at hand of one stream
_COLUMNS = {
    NautilusDataType.QuoteTick: ("bid_price", "ask_price", "bid_size", "ask_size", "ts_event", "ts_init"),
    NautilusDataType.TradeTick: ("price", "size", "aggressor_side", "trade_id", "ts_event", "ts_init"),
}


@dataclass(slots=True)
class TickFile:
    """Ticks of one kind of one day, in published order.

    Attributes:
        path: A verified catalog file.
        kind: What its rows are.
        groups: First and last `ts_init` of each row group, of the file's own statistics.
        precisions: Decimals of prices and of sizes.
    """

    path: Path
    kind: NautilusDataType
    groups: tuple[tuple[int, int], ...]
    precisions: tuple[int, int]
    _instrument: InstrumentId
    _read: tuple[int, pa.Table] | None = field(default=None, repr=False)

    @classmethod
    def at(cls, path: Path, kind: NautilusDataType) -> Self:
        """Open a file: only its footer is read."""
        footer = pq.read_metadata(path)
        column = footer.schema.names.index("ts_init")
        statistics = (footer.row_group(index).column(column).statistics for index in range(footer.num_row_groups))
        told = footer.schema.to_arrow_schema().metadata
        return cls(
            path,
            kind,
            tuple((int(each.min), int(each.max)) for each in statistics),
            (int(told[b"price_precision"]), int(told[b"size_precision"])),
            InstrumentId.from_str(told[b"instrument_id"].decode()),
        )

    def stream(self, rows: int = CHUNK) -> Iterator[list[QuoteTick] | list[TradeTick]]:
        """Yield all ticks in lists of so many rows."""
        session = DataBackendSession(chunk_size=rows)
        session.add_file(self.kind, "ticks", str(self.path), "SELECT * FROM ticks")
        for chunk in session.to_query_result():
            ticks = capsule_to_list(chunk)
            drop_cvec_pycapsule(chunk)  # nobody else frees the copy of 230 bytes a tick behind the objects
            yield ticks

    def between(self, first_ns: int, last_ns: int) -> list[QuoteTick | TradeTick]:
        """Ticks known in [first, last]; only row groups that hold them are read."""
        ticks: list[QuoteTick | TradeTick] = []
        for index, (low, high) in enumerate(self.groups):
            if low <= last_ns and high >= first_ns:
                group = self._group(index)
                known = _times(group)
                begin, end = known.searchsorted(first_ns), known.searchsorted(last_ns, side="right")
                ticks += self._ticks(group.slice(begin, end - begin))
        return ticks

    def last_known(self, at_ns: int, side: AggressorSide | None = None) -> int | None:
        """When the last tick at or before an instant was known, or the last trade of a side."""
        for index in reversed([index for index, (low, _) in enumerate(self.groups) if low <= at_ns]):
            group = self._group(index)
            known = _times(group)
            if side is not None:
                known = known[group["aggressor_side"].to_numpy() == side]
            before = int(known.searchsorted(at_ns, side="right"))
            if before:
                return int(known[before - 1])
        return None

    def _group(self, index: int) -> pa.Table:
        if self._read is None or self._read[0] != index:
            with pq.ParquetFile(self.path) as file:
                self._read = index, file.read_row_group(index, columns=list(_COLUMNS[self.kind]))
        return self._read[1]

    def _ticks(self, rows: pa.Table) -> Iterator[QuoteTick | TradeTick]:
        price, size = self.precisions
        columns = [_values(rows[name]) for name in _COLUMNS[self.kind]]
        if self.kind == NautilusDataType.QuoteTick:
            for bid, ask, bid_size, ask_size, event, init in zip(*columns, strict=True):
                yield QuoteTick.from_raw(
                    self._instrument, bid, ask, price, price, bid_size, ask_size, size, size, event, init
                )
        else:
            for paid, amount, side, trade, event, init in zip(*columns, strict=True):
                yield TradeTick.from_raw(
                    self._instrument, paid, price, amount, size, AggressorSide(side), TradeId(trade), event, init
                )


def _times(group: pa.Table) -> npt.NDArray[np.int64]:
    """Signed, since NumPy looks a Python integer up among unsigned ones as a float, 256 ns apart."""
    return np.asarray(group["ts_init"].to_numpy()).view(np.int64)


def _values(column: pa.ChunkedArray) -> Sequence[Any]:
    """Values as Python's; 128-bit integers from their sixteen bytes."""
    if not pa.types.is_fixed_size_binary(column.type):
        return list(column.to_pylist())
    array = column.combine_chunks()
    halves = np.frombuffer(array.buffers()[1], "<u8,<i8")[array.offset : array.offset + len(array)]
    return [(high << 64) | low for low, high in zip(halves["f0"].tolist(), halves["f1"].tolist(), strict=True)]
