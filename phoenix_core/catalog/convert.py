"""Rows of the archive as NautilusTrader's columns: one pure function for each catalog type.

A price is 16 bytes, little-endian, scaled by 10^16: the very bytes of a Decimal(38, 16) column, so a
column is relabelled and not computed. Behind NautilusTrader's columns stand the published ones that
have no place in them; its reader goes by position and does not see them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from phoenix_core.catalog.specifications import ARCHIVE_DECIMALS, Specification, instrument_id
from phoenix_core.columns import DECIMAL_DIGITS, DECIMAL_SCALE
from phoenix_core.datasets import CatalogType, Dataset
from phoenix_core.errors import PrecisionMismatch
from phoenix_core.tables.rules import Counts

Words = NDArray[np.uint64]

_WIDE = pa.binary(16)
_STRETCH = 1 << 15  # words
_BUYER, _SELLER = 1, 2  # NautilusTrader's AggressorSide
_BAR_PRICES = ("open", "high", "low", "close")


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
        name = instrument_id(self.specification.listing, self.dataset.feed)
        return f"{name}-{_bar_length(self.dataset)}-LAST-EXTERNAL" if self.is_bar else name

    @property
    def is_bar(self) -> bool:
        """Whether rows become bars."""
        return self.dataset.becomes is CatalogType.BAR

    @property
    def price_precision(self) -> int:
        """Decimals of prices; indices and marks are computed, so they have the archive's width."""
        computed = self.dataset.becomes is CatalogType.MARK_PRICE or self.dataset.feed in {"INDEX", "PREMIUM"}
        return ARCHIVE_DECIMALS if computed else self.specification.price_precision

    @property
    def size_precision(self) -> int:
        """Decimals of quantities."""
        return self.specification.size_precision

    def metadata(self) -> dict[str, str]:
        """Schema metadata by which NautilusTrader rebuilds its objects."""
        metadata = {
            "instrument_id": instrument_id(self.specification.listing, self.dataset.feed),
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
    columns = CONVERTERS[conversion.dataset.becomes](batch, conversion)
    return pa.table(columns).replace_schema_metadata(conversion.metadata())


def fixed_point(values: pl.Series) -> pa.Array:
    """Relabel a Decimal(38, 16) column as NautilusTrader's 16-byte numbers, without copying."""
    array = values.rechunk().to_arrow()
    if array.null_count:
        raise PrecisionMismatch(f"Column {values.name} has an empty cell where a number is required.")
    return pa.Array.from_buffers(_WIDE, len(array), [None, array.buffers()[1]], offset=array.offset)


def _exact(batch: pl.DataFrame, name: str, precision: int, conversion: Conversion) -> pa.Array:
    values = batch[name]
    exact = fixed_point(values)
    if not is_multiple(exact, DECIMAL_SCALE - precision):
        finer = values.cast(pl.Decimal(DECIMAL_DIGITS, precision)).cast(values.dtype) != values
        example = values.filter(finer)[0].normalize()
        spec = conversion.specification
        raise PrecisionMismatch(
            f"{conversion.dataset.name} of {spec.listing} has {name} {example}: expected at most {precision} "
            f"decimals, found more in {int(finer.sum())} rows. Nothing is rounded; raise the precision in "
            "phoenix_core/catalog/specifications.py and materialize the catalog anew, all days."
        )
    return exact


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


def _times(batch: pl.DataFrame, conversion: Conversion, event: str) -> dict[str, pa.Array]:
    """ts_event as published, ts_init when it could be known; ts_init never falls, as Nautilus demands."""
    ts_event = batch[event]
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


def _u64(values: pl.Series) -> pa.Array:
    return values.reinterpret(signed=False).rechunk().to_arrow()


def _plain(batch: pl.DataFrame, *names: str) -> dict[str, pa.Array]:
    arrays = {name: batch[name].rechunk().to_arrow() for name in names if name in batch.columns}
    # Polars' own kind of text is not NautilusTrader's.
    return {
        name: array.cast(pa.string()) if batch[name].dtype == pl.String else array for name, array in arrays.items()
    }


def _trade_ticks(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    identity = conversion.dataset.key[0].name
    size = "quantity" if "quantity" in batch.columns else "qty"
    side = pl.when(pl.col("is_buyer_maker")).then(pl.lit(_SELLER)).otherwise(pl.lit(_BUYER)).cast(pl.UInt8)
    return {
        "price": _exact(batch, "price", conversion.price_precision, conversion),
        "size": _exact(batch, size, conversion.size_precision, conversion),
        "aggressor_side": batch.select(side.alias("side"))["side"].rechunk().to_arrow(),
        "trade_id": batch[identity].rechunk().to_arrow().cast(pa.string()),
        **_times(batch, conversion, conversion.dataset.time.name),
        **_plain(batch, "first_trade_id", "last_trade_id", "quote_qty", "base_qty", "is_best_match"),
    }


def _quote_ticks(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    price, size = conversion.price_precision, conversion.size_precision
    return {
        "bid_price": _exact(batch, "best_bid_price", price, conversion),
        "ask_price": _exact(batch, "best_ask_price", price, conversion),
        "bid_size": _exact(batch, "best_bid_qty", size, conversion),
        "ask_size": _exact(batch, "best_ask_qty", size, conversion),
        **_times(batch, conversion, "transaction_time"),
        **_plain(batch, "update_id", "event_time"),
    }


def _bar_close(batch: pl.DataFrame, conversion: Conversion) -> pl.DataFrame:
    """Stamp klines with their close. Some close before they open (spot 2020-12-21): they get a full length."""
    counts = conversion.counts
    inverted = pl.col("close_time") < pl.col("open_time")
    broken = batch.select(inverted.sum()).item()
    if not broken:
        return batch
    counts["repaired_closes_before_open"] += broken
    full = pl.col("open_time") + conversion.dataset.period_ns - 1_000_000
    return batch.with_columns(pl.when(inverted).then(full).otherwise(pl.col("close_time")).alias("close_time"))


def _bars(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    closed = _bar_close(batch, conversion)
    return {
        **{name: _exact(closed, name, conversion.price_precision, conversion) for name in _BAR_PRICES},
        "volume": _exact(closed, "volume", conversion.size_precision, conversion),
        **_times(closed, conversion, "close_time"),
        **_plain(closed, "open_time", "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume"),
    }


def _mark_prices(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    closed = _bar_close(batch, conversion)
    return {
        "value": _exact(closed, "close", conversion.price_precision, conversion),
        **_times(closed, conversion, "close_time"),
        **_plain(closed, "open_time", "open", "high", "low", "volume", "count"),
    }


def _funding_rates(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    # NautilusTrader reads the rate from JSON text.
    texts = [f'"{rate.normalize():f}"'.encode() for rate in batch["last_funding_rate"]]
    minutes = (batch["funding_interval_hours"] * 60).cast(pl.UInt16)
    return {
        "rate": pa.array(texts, pa.binary()),
        "interval": minutes.rechunk().to_arrow(),
        "next_funding_ns": pa.nulls(batch.height, pa.uint64()),
        **_times(batch, conversion, "calc_time"),
        **_plain(batch, "last_funding_rate"),
    }


def _open_interest(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    return {
        "instrument_id": pa.repeat(pa.scalar(conversion.identifier), batch.height),
        **_plain(
            batch,
            "sum_open_interest",
            "sum_open_interest_value",
            "count_toptrader_long_short_ratio",
            "sum_toptrader_long_short_ratio",
            "count_long_short_ratio",
            "sum_taker_long_short_vol_ratio",
        ),
        **_times(batch, conversion, "create_time"),
    }


def _depth(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    return {
        "instrument_id": pa.repeat(pa.scalar(conversion.identifier), batch.height),
        **_plain(batch, "percentage", "depth", "notional"),
        **_times(batch, conversion, "timestamp"),
    }


def _liquidations(batch: pl.DataFrame, conversion: Conversion) -> dict[str, pa.Array]:
    published = conversion.dataset.columns[conversion.specification.listing.market]
    return {
        "instrument_id": pa.repeat(pa.scalar(conversion.identifier), batch.height),
        **_plain(batch, *(column.name for column in published if column is not conversion.dataset.time)),
        **_times(batch, conversion, "time"),
    }


Converter = Callable[[pl.DataFrame, Conversion], dict[str, pa.Array]]
CONVERTERS: Mapping[CatalogType, Converter] = {
    CatalogType.TRADE_TICK: _trade_ticks,
    CatalogType.QUOTE_TICK: _quote_ticks,
    CatalogType.BAR: _bars,
    CatalogType.MARK_PRICE: _mark_prices,
    CatalogType.FUNDING_RATE: _funding_rates,
    CatalogType.OPEN_INTEREST: _open_interest,
    CatalogType.DEPTH_BAND: _depth,
    CatalogType.LIQUIDATION: _liquidations,
}


def _bar_length(dataset: Dataset) -> str:
    if dataset.interval is None:
        return ""
    text = dataset.interval.value
    unit = text.lstrip("0123456789")
    names = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY", "w": "WEEK", "mo": "MONTH"}
    return f"{text.removesuffix(unit)}-{names[unit]}"
