"""Rows of the archive as NautilusTrader's columns: one pure function for each catalog type.

A price is 16 bytes, little-endian, scaled by 10^16: the very bytes of a Decimal(38, 16) column, so a
column is relabelled and not computed. Behind NautilusTrader's columns stand the published ones that
have no place in them; its reader goes by position and does not see them.

Columns stay in the pieces that the parser made: they are copied once, when row groups are cut.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from phoenix_core.columns import DECIMAL_DIGITS, DECIMAL_SCALE, Role
from phoenix_core.datasets import CatalogType, Dataset
from phoenix_core.errors import PrecisionMismatch
from phoenix_core.instruments.specification import ARCHIVE_DECIMALS, Specification
from phoenix_core.tables.rules import Counts

Words = NDArray[np.uint64]
Columns = dict[str, pa.Array | pa.ChunkedArray]

_WIDE = pa.binary(16)
_STRETCH = 1 << 15  # words
_BUYER, _SELLER = 1, 2  # NautilusTrader's AggressorSide
_QUANTITIES = frozenset({Role.SIZE, Role.BID_SIZE, Role.ASK_SIZE, Role.VOLUME})


@dataclass(slots=True)
class Conversion:
    """What a converter needs to know besides its rows, carried from batch to batch.

    Attributes:
        dataset: Registry entry of the rows.
        specification: Constants of the instrument.
        known_after_ns: How long after its time a row can first be known.
        counts: Where repairs are counted.
        latest_known: The last `ts_init` given out.
    """

    dataset: Dataset
    specification: Specification
    known_after_ns: int
    counts: Counts
    latest_known: int = 0

    @property
    def identifier(self) -> str:
        """Folder of the data: instrument id, or bar type."""
        name = self.specification.feed_id(self.dataset.feed)
        return f"{name}-{_bar_length(self.dataset)}-LAST-EXTERNAL" if self.is_bar else name

    @property
    def is_bar(self) -> bool:
        """Whether rows become bars."""
        return self.dataset.catalog_type is CatalogType.BAR

    @property
    def price_precision(self) -> int:
        """Decimals of prices; indices and marks are computed, so they have the archive's width."""
        computed = self.dataset.catalog_type is CatalogType.MARK_PRICE or self.dataset.feed in {"INDEX", "PREMIUM"}
        return ARCHIVE_DECIMALS if computed else self.specification.price_precision

    @property
    def size_precision(self) -> int:
        """Decimals of quantities."""
        return self.specification.size_precision

    def metadata(self) -> dict[str, str]:
        """Schema metadata by which NautilusTrader rebuilds its objects."""
        metadata = {
            "instrument_id": self.specification.feed_id(self.dataset.feed),
            "price_precision": str(self.price_precision),
            "size_precision": str(self.size_precision),
        }
        if self.is_bar:
            metadata["bar_type"] = self.identifier
        return metadata


def to_catalog(batch: pl.DataFrame, conversion: Conversion) -> pa.Table:
    """Convert a batch of rows.

    Raises:
        PrecisionMismatch: A price or quantity is finer than its instrument.
    """
    columns = CONVERTERS[conversion.dataset.catalog_type](batch, conversion)
    return pa.table(columns).replace_schema_metadata(conversion.metadata())


def fixed_point(values: pl.Series) -> pa.Array:
    """Relabel a Decimal(38, 16) column as NautilusTrader's 16-byte numbers, without copying."""
    array = values.rechunk().to_arrow()
    if array.null_count:
        raise PrecisionMismatch(f"Column {values.name} has an empty cell where a number is required.")
    return pa.Array.from_buffers(_WIDE, len(array), [None, array.buffers()[1]], offset=array.offset)


def _exact(batch: pl.DataFrame, role: Role, conversion: Conversion) -> pa.ChunkedArray:
    """A price or quantity of the instrument's precision.

    Raises:
        PrecisionMismatch: It is finer.
    """
    precision = conversion.size_precision if role in _QUANTITIES else conversion.price_precision
    values = batch[conversion.dataset.column(role).name]
    pieces = [fixed_point(piece) for piece in values.get_chunks()]
    if not all(is_multiple(piece, DECIMAL_SCALE - precision) for piece in pieces):
        finer = values.cast(pl.Decimal(DECIMAL_DIGITS, precision)).cast(values.dtype) != values
        example = values.filter(finer)[0].normalize()
        spec = conversion.specification
        raise PrecisionMismatch(
            f"{conversion.dataset.name} of {spec.listing} has {values.name} {example}: expected at most {precision} "
            f"decimals, found more in {int(finer.sum())} rows. Nothing is rounded; raise its precision in "
            "phoenix_core/instruments and materialize the catalog anew, all days."
        )
    return pa.chunked_array(pieces)


def is_multiple(values: pa.Array, places: int) -> bool:
    """Whether 16-byte numbers are multiples of 10^places.

    10^n = 2^n 5^n: the low n bits are zero, and what is left is a multiple of 5^n. One division by a
    constant costs a tenth of rounding a Decimal column and comparing; stretches that fit the processor's
    cache cost half of whole columns.
    """
    words = np.frombuffer(values.buffers()[1], np.uint64)[2 * values.offset : 2 * (values.offset + len(values))]
    return not places or all(
        _are_multiples(words[start : start + _STRETCH], places) for start in range(0, words.size, _STRETCH)
    )


def _are_multiples(words: Words, places: int) -> bool:
    low, high = words[::2], words[1::2]
    top = int(high.max())
    if top >> places:  # negative, or beyond 64 bits without its low zeros
        factor = 10**places
        return all(int.from_bytes(pair.tobytes(), "little", signed=True) % factor == 0 for pair in words.reshape(-1, 2))
    up, five = np.uint64(64 - places), np.uint64(5**places)
    rest = (low >> np.uint64(places)) | (high << up) if top else low >> np.uint64(places)
    return not (low << up).any() and bool(((rest // five) * five == rest).all())


def _times(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    """ts_event as published, ts_init when it could be known; ts_init never falls, as Nautilus demands."""
    ts_event = batch[conversion.dataset.event.name]
    known = ts_event + conversion.known_after_ns
    if known.len() and known[0] >= conversion.latest_known and known.is_sorted():
        conversion.latest_known = known[-1]
        return {"ts_event": _u64(ts_event), "ts_init": _u64(known)}
    ts_init = known.clip(lower_bound=conversion.latest_known).cum_max()
    conversion.latest_known = ts_init[-1] if ts_init.len() else conversion.latest_known
    late = int((known != ts_init).sum())
    if late:
        conversion.counts["repaired_known_with_predecessor"] += late
    return {"ts_event": _u64(ts_event), "ts_init": _u64(ts_init)}


def _u64(values: pl.Series) -> pa.ChunkedArray:
    return _arrow(values.reinterpret(signed=False))


def _arrow(values: pl.Series) -> pa.ChunkedArray:
    return pa.chunked_array([piece.to_arrow() for piece in values.get_chunks()])


def _kept(batch: pl.DataFrame, conversion: Conversion, *taken: Role) -> Columns:
    """Columns as published, but for those whose roles NautilusTrader has columns for."""
    market = conversion.specification.listing.market
    names = [column.name for column in conversion.dataset.kept(market, taken)]
    arrays = {name: _arrow(batch[name]) for name in names}
    # Polars' own kind of text is not NautilusTrader's.
    return {
        name: array.cast(pa.string()) if batch[name].dtype == pl.String else array for name, array in arrays.items()
    }


def _trade_ticks(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    column = conversion.dataset.column
    buyer_maker = pl.col(column(Role.IS_BUYER_MAKER).name)
    side = pl.when(buyer_maker).then(pl.lit(_SELLER)).otherwise(pl.lit(_BUYER)).cast(pl.UInt8)
    return {
        "price": _exact(batch, Role.PRICE, conversion),
        "size": _exact(batch, Role.SIZE, conversion),
        "aggressor_side": _arrow(batch.select(side.alias("side"))["side"]),
        "trade_id": _arrow(batch[column(Role.TRADE_ID).name]).cast(pa.string()),
        **_times(batch, conversion),
        **_kept(batch, conversion, Role.TRADE_ID, Role.PRICE, Role.SIZE, Role.IS_BUYER_MAKER),
    }


def _quote_ticks(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    sides = (Role.BID_PRICE, Role.ASK_PRICE, Role.BID_SIZE, Role.ASK_SIZE)
    return {
        **{role.value: _exact(batch, role, conversion) for role in sides},
        **_times(batch, conversion),
        **_kept(batch, conversion, *sides),
    }


def _bar_close(batch: pl.DataFrame, conversion: Conversion) -> pl.DataFrame:
    """Stamp klines with their close. Some close before they open (spot 2020-12-21): they get a full length."""
    opens, closes = (pl.col(conversion.dataset.column(role).name) for role in (Role.OPEN_TIME, Role.CLOSE_TIME))
    inverted = closes < opens
    broken = batch.select(inverted.sum()).item()
    if not broken:
        return batch
    conversion.counts["repaired_closes_before_open"] += broken
    full = opens + conversion.dataset.period_ns - 1_000_000
    return batch.with_columns(pl.when(inverted).then(full).otherwise(closes).alias(conversion.dataset.event.name))


def _bars(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    closed = _bar_close(batch, conversion)
    values = (Role.OPEN, Role.HIGH, Role.LOW, Role.CLOSE, Role.VOLUME)
    return {
        **{role.value: _exact(closed, role, conversion) for role in values},
        **_times(closed, conversion),
        **_kept(closed, conversion, *values),
    }


def _mark_prices(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    closed = _bar_close(batch, conversion)
    return {
        "value": _exact(closed, Role.CLOSE, conversion),
        **_times(closed, conversion),
        **_kept(closed, conversion, Role.CLOSE),
    }


def _funding_rates(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    column = conversion.dataset.column
    # NautilusTrader reads the rate from JSON text.
    texts = [f'"{rate.normalize():f}"'.encode() for rate in batch[column(Role.FUNDING_RATE).name]]
    minutes = (batch[column(Role.FUNDING_HOURS).name] * 60).cast(pl.UInt16)
    return {
        "rate": pa.array(texts, pa.binary()),
        "interval": _arrow(minutes),
        "next_funding_ns": pa.nulls(batch.height, pa.uint64()),
        **_times(batch, conversion),
        **_kept(batch, conversion, Role.FUNDING_HOURS),  # the rate is kept, as a number that others read too
    }


def _as_published(batch: pl.DataFrame, conversion: Conversion) -> Columns:
    """Custom data: NautilusTrader has no type for it, so all is kept."""
    return {
        "instrument_id": pa.repeat(pa.scalar(conversion.identifier), batch.height),
        **_kept(batch, conversion),
        **_times(batch, conversion),
    }


Converter = Callable[[pl.DataFrame, Conversion], Columns]
CONVERTERS: Mapping[CatalogType, Converter] = {
    CatalogType.TRADE_TICK: _trade_ticks,
    CatalogType.QUOTE_TICK: _quote_ticks,
    CatalogType.BAR: _bars,
    CatalogType.MARK_PRICE: _mark_prices,
    CatalogType.FUNDING_RATE: _funding_rates,
    CatalogType.OPEN_INTEREST: _as_published,
    CatalogType.DEPTH_BAND: _as_published,
    CatalogType.LIQUIDATION: _as_published,
}


def _bar_length(dataset: Dataset) -> str:
    if dataset.interval is None:
        return ""
    text = dataset.interval.value
    unit = text.lstrip("0123456789")
    names = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY", "w": "WEEK", "mo": "MONTH"}
    return f"{text.removesuffix(unit)}-{names[unit]}"
