"""Volume buckets: aggressive flow summed until it reaches a notional, exactly.

Notional is accumulated in integers, price times size in their smallest units, so the order of addition
can't matter and ticks and arrays agree to the last digit. A bucket closes with the trade that reaches
its size; that trade belongs to it whole. Buckets restart at 00:00 UTC.

Source: Easley, López de Prado and O'Hara (2012), "Flow Toxicity and Liquidity in a High-Frequency World".
"""

from decimal import ROUND_CEILING, Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.catalog.convert import fixed_point, is_multiple

Ints = NDArray[np.int64]
_SCALE = 16
_BLOCK = 65_536
_SAFE = 2**62

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "ts_event": pl.Int64,
    "ts_init": pl.Int64,
    "opened_ns": pl.Int64,
    "bucket": pl.Int64,
    "first_trade": pl.Int64,
    "last_trade": pl.Int64,
    "trades": pl.Int64,
    "buy_notional": pl.Decimal(38, _SCALE),
    "sell_notional": pl.Decimal(38, _SCALE),
    "last_price": pl.Decimal(38, _SCALE),
}


def volume_buckets(trades: pl.DataFrame, size: Decimal, *, contract_size: Decimal | None = None) -> pl.DataFrame:
    """Cut a day's trades into volume buckets; what is left open at the end is not a bucket.

    Args:
        trades: Rows of one day in published order, with price and size (Decimal), aggressor_side
            (1 buyer, 2 seller), trade_id and ts_event (ns).
        size: Quote units that close a bucket.
        contract_size: Quote units of one contract, for inverse contracts, whose price does not enter.

    Returns:
        One row a bucket, columns as in `SCHEMA`: ts_event when it closed (ns), its trades' first and
        last id, notional bought and sold by aggressors in quote units.
    """
    if trades.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    notional, scale = _notional(trades, contract_size)
    threshold = int((size.scaleb(scale)).to_integral_value(rounding=ROUND_CEILING))
    ends = bucket_ends(notional, threshold)
    if not ends.size:
        return pl.DataFrame(schema=SCHEMA)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1])
    used = slice(0, int(ends[-1]) + 1)
    is_sell = (trades["aggressor_side"] == _SELLER).to_numpy()[used]
    total = np.add.reduceat(notional[used], starts)
    sold = np.add.reduceat(np.where(is_sell, notional[used], 0), starts)
    times = trades["ts_event"].cast(pl.Int64).to_numpy()
    return pl.DataFrame(
        {
            "ts_event": times[ends],
            "ts_init": times[ends],
            "opened_ns": times[starts],
            "bucket": np.arange(ends.size),
            "first_trade": trades["trade_id"].gather(starts).cast(pl.Int64),
            "last_trade": trades["trade_id"].gather(ends).cast(pl.Int64),
            "trades": ends - starts + 1,
            "buy_notional": _decimals(total - sold, scale),
            "sell_notional": _decimals(sold, scale),
            "last_price": trades["price"].gather(ends),
        },
        schema=SCHEMA,
    )


_SELLER = 2


def bucket_ends(notional: NDArray[np.generic], threshold: int) -> Ints:
    """Index of the trade that closes each bucket.

    Args:
        notional: Notional of each trade in smallest units, not negative.
        threshold: Units that close a bucket.
    """
    ends: list[int] = []
    carried = 0
    for begin in range(0, notional.size, _BLOCK):
        running = np.cumsum(notional[begin : begin + _BLOCK]) + carried
        opened_at = 0
        while (index := int(np.searchsorted(running, opened_at + threshold))) < running.size:
            ends.append(begin + index)
            opened_at = running[index]
        carried = running[-1] - opened_at
    return np.array(ends, dtype=np.int64)


def mantissas(values: pl.Series) -> tuple[Ints, int]:
    """Exact integers of a Decimal(38, 16) column and the number of decimals they are scaled by.

    The fewest decimals that hold every value, so that products stay small.
    """
    words = fixed_point(values)
    decimals = next(decimals for decimals in range(_SCALE + 1) if is_multiple(words, _SCALE - decimals))
    return values.cast(pl.Decimal(38, decimals)).to_physical().cast(pl.Int64).to_numpy(), decimals


def _notional(trades: pl.DataFrame, contract_size: Decimal | None) -> tuple[NDArray[np.generic], int]:
    sizes, size_decimals = mantissas(trades["size"])
    if contract_size is None:
        prices, price_decimals = mantissas(trades["price"])
    else:
        prices, price_decimals = np.full(sizes.size, int(contract_size), dtype=np.int64), 0
    largest = int(prices.max()) * int(sizes.max())
    if largest * _BLOCK < _SAFE:
        return prices * sizes, size_decimals + price_decimals
    # Python's integers: slower, and never too small.
    return prices.astype(object) * sizes.astype(object), size_decimals + price_decimals


def _decimals(values: NDArray[np.generic], scale: int) -> pl.Series:
    if scale > _SCALE:
        raise ValueError(f"notional has {scale} decimals: expected at most {_SCALE}")
    return pl.Series([Decimal(int(value)).scaleb(-scale) for value in values], dtype=pl.Decimal(38, _SCALE))
