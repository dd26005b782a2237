"""Catalog tables as Polars: NautilusTrader's 16-byte numbers become exact decimals, and nothing is copied."""

import polars as pl
import pyarrow as pa

from phoenix_core.columns import DECIMAL_DIGITS, DECIMAL_SCALE


def frame_from_arrow(table: pa.Table) -> pl.DataFrame:
    """A catalog table as Polars: NautilusTrader's 16-byte numbers become Decimal(38, 16)."""
    wide = pa.binary(16)
    return pl.DataFrame(
        [
            decimals(column).alias(name) if column.type == wide else pl.from_arrow(column).alias(name)  # type: ignore[union-attr]
            for name, column in zip(table.column_names, table.columns, strict=True)
        ]
    )


def decimals(values: pa.Array | pa.ChunkedArray) -> pl.Series:
    """Relabel NautilusTrader's 16-byte numbers as Decimal(38, 16); the inverse of `fixed_point`."""
    array = _in_one_piece(values) if isinstance(values, pa.ChunkedArray) else values
    wide = pa.decimal128(DECIMAL_DIGITS, DECIMAL_SCALE)
    # Without naming its type: Polars copies a column that it is told to cast, also to the type that it has.
    return pl.Series(pa.Array.from_buffers(wide, len(array), [None, array.buffers()[1]], offset=array.offset))


def _in_one_piece(values: pa.ChunkedArray) -> pa.Array:
    # `combine_chunks` copies a single chunk too, and batches of a file have just one.
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
