"""Specifications as NautilusTrader instruments, and tick sizes read off a day's trades."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl
import pyarrow as pa
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import CryptoFuture, CryptoPerpetual, CurrencyPair, Instrument
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.persistence.funcs import class_to_filename
from nautilus_trader.serialization.arrow.serializer import ArrowSerializer

from phoenix_core.instruments.specification import Specification
from phoenix_core.market import Market, day_start_ns

_MAX_QUANTITY = Decimal(1_000_000)
_LARGEST_POSITION = "largest_position"
_CLASSES = {cls.__name__: cls for cls in (CryptoFuture, CryptoPerpetual, CurrencyPair)}


def instrument(specification: Specification, ts_ns: int = 0, *, expires: bool = True) -> Instrument:
    """Build the NautilusTrader instrument of a specification.

    Args:
        specification: The constants.
        ts_ns: `ts_event` and `ts_init`.
        expires: A contract with an end is one for the engine, too; else it never ends there.
    """
    spec = specification
    quote = Currency.from_str(spec.quote)
    common = {
        "instrument_id": InstrumentId.from_str(spec.instrument_id),
        "raw_symbol": Symbol(spec.listing.symbol),
        "price_precision": spec.price_precision,
        "size_precision": spec.size_precision,
        "price_increment": Price(spec.tick, spec.price_precision),
        "size_increment": Quantity(spec.step, spec.size_precision),
        "min_quantity": Quantity(spec.step, spec.size_precision),
        "max_quantity": Quantity(_MAX_QUANTITY, spec.size_precision),
        "min_notional": Money(spec.min_notional, quote),
        "margin_init": spec.margin_init,
        "margin_maint": spec.margin_maint,
        "maker_fee": spec.maker_fee,
        "taker_fee": spec.taker_fee,
        "ts_event": ts_ns,
        "ts_init": ts_ns,
        "info": {"source": spec.source, "inferred": spec.inferred},
    }
    base = Currency.from_str(spec.base)
    if spec.listing.market is Market.SPOT:
        return CurrencyPair(base_currency=base, quote_currency=quote, **common)
    derivative = {
        "quote_currency": quote,
        "settlement_currency": Currency.from_str(spec.settlement),
        "is_inverse": spec.is_inverse,
        "multiplier": Quantity.from_str(str(spec.contract_size)),
        **common,
    }
    if spec.listing.delivery is not None and expires:
        expiry = day_start_ns(spec.listing.delivery) + 8 * 3600 * 1_000_000_000  # contracts settle at 08:00 UTC
        return CryptoFuture(underlying=base, activation_ns=0, expiration_ns=expiry, **derivative)
    if spec.largest_position is not None:
        derivative["info"] = {_LARGEST_POSITION: str(spec.largest_position)}
    return CryptoPerpetual(base_currency=base, **derivative)


def largest_position(traded: Instrument) -> Decimal | None:
    """Notional that a position may have, in quote units; None: any.

    It stands in the instrument's free fields: by `max_notional` NautilusTrader would refuse exits, too.
    """
    found = (traded.info or {}).get(_LARGEST_POSITION)
    return None if found is None else Decimal(found)


def instrument_table(specification: Specification, day: date) -> pa.Table:
    """The instrument of a day as one row, in NautilusTrader's own columns."""
    batch = ArrowSerializer.serialize(instrument(specification, day_start_ns(day)))
    return batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])


def folder(table: pa.Table) -> str:
    """Where NautilusTrader's catalog keeps an instrument of this class: `crypto_perpetual`."""
    return str(class_to_filename(_CLASSES[table.schema.metadata[b"class"].decode()]))


def inferred(specification: Specification, prices: pl.Series, sizes: pl.Series) -> Specification:
    """Read tick and step off a day's trades, for an instrument that isn't listed.

    The coarsest power of ten that divides every price, and every size: an upper bound that a day with
    finer trades would lower.
    """
    if not specification.inferred or prices.is_empty():
        return specification
    return replace(
        specification,
        tick=_coarsest(prices, specification.price_precision),
        step=_coarsest(sizes, specification.size_precision),
    )


def _coarsest(values: pl.Series, finest: int) -> Decimal:
    for decimals in range(finest):
        if (values.cast(pl.Decimal(38, decimals)).cast(values.dtype) == values).all():
            return Decimal(1).scaleb(-decimals)
    return Decimal(1).scaleb(-finest)
