"""What the columns of catalog and signals files mean, for people: a logical type and a sentence.

The files hold NautilusTrader's physical types, such as sixteen bytes for a price. Columns that are kept
as published take their unit from `columns.py`; only names that are not the publisher's stand here.
"""

from collections.abc import Iterable
from functools import cache

from phoenix_core.datasets import DATASETS

_TIME = "timestamp[ns, UTC]"
_OWN = {
    "ts_event": "When it happened.",
    "ts_init": "When it could first be known.",
    "next_funding_ns": "When funding is next charged.",
    "size": "Base units traded.",
    "aggressor_side": "1: the buyer was the aggressor, 2: the seller.",
    "trade_id": "The publisher's number of the trade.",
    "bid_price": "Highest bid, quote units per base unit.",
    "ask_price": "Lowest ask, quote units per base unit.",
    "bid_size": "Base units at the best bid.",
    "ask_size": "Base units at the best ask.",
    "value": "Mark price at the close, quote units per base unit.",
    "rate": "Funding rate of the period, share of notional.",
    "interval": "Minutes between two charges of funding.",
    "instrument_id": "Instrument, in NautilusTrader's notation.",
    "bucket": "Number of the volume bucket within the day.",
    "first_trade": "First aggregate trade of the bucket.",
    "last_trade": "Last aggregate trade of the bucket.",
    "last_price": "Price of the bucket's last trade.",
    "buy_notional": "Quote units bought by aggressors.",
    "sell_notional": "Quote units sold by aggressors.",
    "trades": "Aggregate trades of the bucket.",
    "fsi": "Forced selling intensity: the share of sellers in the bucket's flow.",
    "z_fsi": "Z-score of fsi over its window of buckets.",
    "vpin": "Share of one-sided flow, averaged over its window.",
    "ldr": "Bid depth retained; 1: none lost. Null: not known.",
    "oi_z": "Z-score of open interest. Null: not known.",
    "lpi": "Liquidation pressure index.",
    "rv": "Realized volatility over its window, as a fraction.",
    "fsi_ready": "Whether the z-score of fsi has enough samples.",
}
_PREFIXES = (
    (("decimal", "fixed_size_binary[16]"), "decimal"),
    (("int", "uint"), "integer"),
    (("double", "float"), "float"),
    (("bool",), "boolean"),
    (("string", "large_string", "dictionary"), "text"),
)


def logical_type(name: str, physical: str) -> str:
    """What a column holds, whatever the bytes.

    >>> logical_type("price", "fixed_size_binary[16]"), logical_type("ts_event", "uint64")
    ('decimal', 'timestamp[ns, UTC]')
    """
    if name in {"ts_event", "ts_init"} or name.endswith(("_ns", "_time")):
        return _TIME
    if name == "rate":  # NautilusTrader writes its digits as text
        return "decimal"
    return next((logical for prefixes, logical in _PREFIXES if physical.startswith(prefixes)), physical)


def meaning(name: str) -> str | None:
    """A sentence about a column, or None where its name says it all."""
    return _OWN.get(name) or _published().get(name)


@cache
def _published() -> dict[str, str]:
    return dict(_units())


def _units() -> Iterable[tuple[str, str]]:
    for dataset in reversed(DATASETS):  # of columns of one name the better known dataset's wins
        for columns in dataset.columns.values():
            yield from ((column.name, column.unit) for column in columns)
