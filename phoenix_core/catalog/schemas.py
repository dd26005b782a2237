"""Custom data of the catalog as NautilusTrader objects: open interest, depth within bands, liquidations.

Numbers are exact decimals, None where the publisher had no value. NautilusTrader reads the files by
the decoders registered here; it writes none of them. A class is registered by being a `_Record`.
"""

from decimal import Decimal
from typing import Any

import pyarrow as pa
from nautilus_trader.core.data import Data
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.serialization.arrow.serializer import register_arrow

from phoenix_core.columns import DECIMAL_DIGITS, DECIMAL_SCALE, Column, Kind
from phoenix_core.datasets import BOOK_DEPTH, LIQUIDATION_SNAPSHOT, METRICS
from phoenix_core.market import Market

_DECIMAL = pa.decimal128(DECIMAL_DIGITS, DECIMAL_SCALE)


class _Record(Data):
    """Published values of an instrument at a time, each an attribute of its column's name."""

    columns: tuple[Column, ...] = ()

    def __init__(
        self, instrument_id: InstrumentId, ts_event: int, ts_init: int, **values: Decimal | str | None
    ) -> None:
        self.instrument_id = instrument_id
        self._ts_event = ts_event
        self._ts_init = ts_init
        for column in self.columns:
            setattr(self, column.name, values[column.name])

    @property
    def ts_event(self) -> int:
        """When it happened, in nanoseconds."""
        return self._ts_event

    @property
    def ts_init(self) -> int:
        """When it could be known, in nanoseconds."""
        return self._ts_init

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return {
            "instrument_id": self.instrument_id.value,
            **{column.name: getattr(self, column.name) for column in self.columns},
            "ts_event": self._ts_event,
            "ts_init": self._ts_init,
        }

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.instrument_id.value, self._ts_event, self._ts_init))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({values})"

    @classmethod
    def schema(cls) -> pa.Schema:
        """Arrow columns."""
        return pa.schema(
            [
                ("instrument_id", pa.string()),
                *((one.name, pa.string() if one.kind is Kind.TEXT else _DECIMAL) for one in cls.columns),
                ("ts_event", pa.uint64()),
                ("ts_init", pa.uint64()),
            ]
        )

    def to_arrow(self) -> pa.RecordBatch:
        """One row."""
        return pa.RecordBatch.from_pylist([self.to_dict()], schema=self.schema())

    @classmethod
    def from_arrow(cls, table: pa.Table | pa.RecordBatch) -> "list[_Record]":
        """One object a row."""
        names = cls.schema().names
        return [cls(InstrumentId.from_str(row.pop("instrument_id")), **row) for row in table.select(names).to_pylist()]


class OpenInterest(_Record):
    """Open interest and long/short ratios of five minutes, known at their end."""

    columns = METRICS.kept(Market.UM)


class DepthBand(_Record):
    """Liquidity between the mid and `percentage` percent of it; one row of a snapshot."""

    columns = BOOK_DEPTH.kept(Market.UM)


class Liquidation(_Record):
    """An order by which a position was liquidated: SELL for a long, BUY for a short."""

    columns = LIQUIDATION_SNAPSHOT.kept(Market.UM)


def register() -> None:
    """Tell NautilusTrader how to read our custom types; may be called again."""
    for cls in _Record.__subclasses__():
        register_arrow(cls, cls.schema(), cls.to_arrow, cls.from_arrow)
