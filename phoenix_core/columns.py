"""The columns of the archive's files, in the publisher's words, and the roles they play, in the field's.

One line a column: name, kind, unit, what a row must satisfy, and its role where code asks for it. Code
asks for roles, so that another publisher's `qty` is a size like any other. Which file holds which columns
in which order is `datasets.py`; how text becomes values is `tables/`.
"""

from dataclasses import dataclass
from enum import StrEnum

from phoenix_core.errors import RowsInvalid

# A price or quantity is a decimal of 38 digits, 16 of them behind the point: the same bytes as
# NautilusTrader's 128-bit fixed-point prices, so nothing on the way is a binary float.
DECIMAL_DIGITS = 38
DECIMAL_SCALE = 16


class Kind(StrEnum):
    """How a cell is read."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLAG = "flag"  # true, True, false, False
    EPOCH = "epoch"  # milliseconds or microseconds since 1970, told by magnitude, one unit a file
    CLOCK = "clock"  # YYYY-MM-DD HH:MM:SS, UTC
    TEXT = "text"


class Bound(StrEnum):
    """What a value must be for its row to count."""

    ANY = "any"
    POSITIVE = "positive"
    NOT_NEGATIVE = "not negative"


class Role(StrEnum):
    """What a column is, whatever its publisher calls it. Columns without one are kept as they are published.

    When a row happened, what identifies it and what orders it are asked of its dataset instead.
    """

    TRADE_ID = "trade_id"
    PRICE = "price"
    SIZE = "size"
    IS_BUYER_MAKER = "is_buyer_maker"
    BID_PRICE = "bid_price"
    BID_SIZE = "bid_size"
    ASK_PRICE = "ask_price"
    ASK_SIZE = "ask_size"
    OPEN_TIME = "open_time"
    CLOSE_TIME = "close_time"
    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"
    TRADE_COUNT = "trade_count"
    OPEN_INTEREST = "open_interest"
    BAND_EDGE = "band_edge"  # in percent of the mid
    BAND_SIZE = "band_size"
    BAND_NOTIONAL = "band_notional"
    FUNDING_RATE = "funding_rate"
    FUNDING_HOURS = "funding_hours"
    REDUNDANT = "redundant"  # says nothing that its file does not, and is not kept


# Spot changed from milliseconds to microseconds on 2025-01-01; no file mixes units
# (https://github.com/binance/binance-public-data#readme). 1e11..1e14 is milliseconds for 1973..5138.
_EPOCH_UNITS = (("ms", 10**11, 10**14, 1_000_000), ("us", 10**14, 10**17, 1_000))


def epoch_unit(first: int, where: str) -> tuple[str, int]:
    """Tell the unit of a file's epochs by its first: (name, nanoseconds in one).

    >>> epoch_unit(1711756800014, "x.csv")
    ('ms', 1000000)

    Raises:
        RowsInvalid: Neither milliseconds nor microseconds of this age.
    """
    for name, low, high, factor in _EPOCH_UNITS:
        if low <= first < high:
            return name, factor
    raise RowsInvalid(
        f"{where} has the time {first}: expected milliseconds or microseconds since 1970 (13 or 16 digits)."
    )


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a published file.

    Attributes:
        name: The publisher's name, as in the file's header where there is one.
        kind: How its text is read.
        unit: What is counted, in words.
        bound: Rows outside it are dropped and counted by a rule of the column's name.
        may_be_blank: An empty cell is an absent value, not a broken row.
        zero_means_missing: The publisher writes 0 where it has no value.
        role: What code asks for it by; None where no code does.
    """

    name: str
    kind: Kind
    unit: str
    bound: Bound = Bound.ANY
    may_be_blank: bool = False
    zero_means_missing: bool = False
    role: Role | None = None


def _price(name: str, what: str, bound: Bound = Bound.POSITIVE, *, role: Role | None = None) -> Column:
    return Column(name, Kind.DECIMAL, f"quote units per base unit, {what}", bound, role=role)


def _quantity(name: str, what: str, bound: Bound = Bound.NOT_NEGATIVE, *, role: Role | None = None) -> Column:
    return Column(name, Kind.DECIMAL, what, bound, role=role)


def _ratio(name: str, what: str) -> Column:
    return Column(name, Kind.DECIMAL, what, may_be_blank=True, zero_means_missing=True)


# Trades, single and aggregated. Aggregated: all fills of one taker order at one price.
AGG_TRADE_ID = Column(
    "agg_trade_id", Kind.INTEGER, "running number of the symbol", Bound.NOT_NEGATIVE, role=Role.TRADE_ID
)
FIRST_TRADE_ID = Column("first_trade_id", Kind.INTEGER, "first single trade of the aggregate")
LAST_TRADE_ID = Column("last_trade_id", Kind.INTEGER, "last single trade of the aggregate")
TRADE_ID = Column("id", Kind.INTEGER, "running number of the symbol", Bound.NOT_NEGATIVE, role=Role.TRADE_ID)
PRICE = _price("price", "of the trade", role=Role.PRICE)
QUANTITY = _quantity("quantity", "base units (cm: contracts)", Bound.POSITIVE, role=Role.SIZE)
QTY = _quantity("qty", "base units (cm: contracts)", Bound.POSITIVE, role=Role.SIZE)
QUOTE_QTY = _quantity("quote_qty", "quote units")
BASE_QTY = _quantity("base_qty", "base units")
TRANSACT_TIME = Column("transact_time", Kind.EPOCH, "when it was matched")
TIME = Column("time", Kind.EPOCH, "when it was matched")
IS_BUYER_MAKER = Column("is_buyer_maker", Kind.FLAG, "true: the seller was the aggressor", role=Role.IS_BUYER_MAKER)
IS_BEST_MATCH = Column("is_best_match", Kind.FLAG, "true: traded at the best price")

# The best bid and ask at each change.
UPDATE_ID = Column("update_id", Kind.INTEGER, "running number of the book", Bound.NOT_NEGATIVE)
BEST_BID_PRICE = _price("best_bid_price", "highest bid", role=Role.BID_PRICE)
BEST_BID_QTY = _quantity("best_bid_qty", "base units (cm: contracts) at the best bid", role=Role.BID_SIZE)
BEST_ASK_PRICE = _price("best_ask_price", "lowest ask", role=Role.ASK_PRICE)
BEST_ASK_QTY = _quantity("best_ask_qty", "base units (cm: contracts) at the best ask", role=Role.ASK_SIZE)
TRANSACTION_TIME = Column("transaction_time", Kind.EPOCH, "when the book changed")
EVENT_TIME = Column("event_time", Kind.EPOCH, "when the change was sent, 4 to 6 ms later")

# Klines. Values of a premium index are rates and signed.
OPEN_TIME = Column("open_time", Kind.EPOCH, "first instant of the kline", role=Role.OPEN_TIME)
OPEN = _price("open", "first trade", role=Role.OPEN)
HIGH = _price("high", "highest trade", role=Role.HIGH)
LOW = _price("low", "lowest trade", role=Role.LOW)
CLOSE = _price("close", "last trade", role=Role.CLOSE)
PREMIUM_OPEN = _price("open", "first premium, as a rate", Bound.ANY, role=Role.OPEN)
PREMIUM_HIGH = _price("high", "highest premium, as a rate", Bound.ANY, role=Role.HIGH)
PREMIUM_LOW = _price("low", "lowest premium, as a rate", Bound.ANY, role=Role.LOW)
PREMIUM_CLOSE = _price("close", "last premium, as a rate", Bound.ANY, role=Role.CLOSE)
VOLUME = _quantity("volume", "base units (cm: contracts)", role=Role.VOLUME)
CLOSE_TIME = Column("close_time", Kind.EPOCH, "last instant of the kline", role=Role.CLOSE_TIME)
QUOTE_VOLUME = _quantity("quote_volume", "quote units (cm: base units)")
COUNT = Column("count", Kind.INTEGER, "trades, or samples of an index", Bound.NOT_NEGATIVE, role=Role.TRADE_COUNT)
TAKER_BUY_VOLUME = _quantity("taker_buy_volume", "base units bought by aggressors")
TAKER_BUY_QUOTE_VOLUME = _quantity("taker_buy_quote_volume", "quote units bought by aggressors")
NO_QUOTE_VOLUME = _quantity("quote_volume", "0, for nothing trades at a mark", role=Role.REDUNDANT)
NO_TAKER_BUY_VOLUME = _quantity("taker_buy_volume", "0, for nothing trades at a mark", role=Role.REDUNDANT)
NO_TAKER_BUY_QUOTE_VOLUME = _quantity("taker_buy_quote_volume", "0, for nothing trades at a mark", role=Role.REDUNDANT)
IGNORE = Column("ignore", Kind.DECIMAL, "nothing since 2017", may_be_blank=True, role=Role.REDUNDANT)

# Five-minute statistics of a futures symbol.
CREATE_TIME = Column("create_time", Kind.CLOCK, "label of the five minutes, see datasets.py")
SYMBOL = Column("symbol", Kind.TEXT, "the symbol", role=Role.REDUNDANT)
SUM_OPEN_INTEREST = Column(
    "sum_open_interest",
    Kind.DECIMAL,
    "base units (cm: contracts)",
    Bound.NOT_NEGATIVE,
    may_be_blank=True,
    zero_means_missing=True,
    role=Role.OPEN_INTEREST,
)
SUM_OPEN_INTEREST_VALUE = Column(
    "sum_open_interest_value",
    Kind.DECIMAL,
    "quote units (cm: base units)",
    Bound.NOT_NEGATIVE,
    may_be_blank=True,
    zero_means_missing=True,
)
COUNT_TOPTRADER_RATIO = _ratio("count_toptrader_long_short_ratio", "top traders' accounts, long by short")
SUM_TOPTRADER_RATIO = _ratio("sum_toptrader_long_short_ratio", "top traders' positions, long by short")
COUNT_RATIO = _ratio("count_long_short_ratio", "all accounts, long by short")
TAKER_VOLUME_RATIO = _ratio("sum_taker_long_short_vol_ratio", "taker volume, bought by sold")

# Liquidity within bands around the mid, cumulative from the mid outward.
TIMESTAMP = Column("timestamp", Kind.CLOCK, "the snapshot, cut to whole seconds")
PERCENTAGE = Column(
    "percentage", Kind.DECIMAL, "edge of the band in percent of the mid; bids are negative", role=Role.BAND_EDGE
)
DEPTH = _quantity("depth", "base units (cm: contracts) within the band", role=Role.BAND_SIZE)
NOTIONAL = _quantity("notional", "quote units within the band", role=Role.BAND_NOTIONAL)

# Orders by which positions were liquidated, in the words of the stream that the files record. A SELL closes a long.
LIQUIDATION_TIME = Column("time", Kind.EPOCH, "when the order traded")
SIDE = Column("side", Kind.TEXT, "SELL: a long was liquidated, BUY: a short")
ORDER_TYPE = Column("order_type", Kind.TEXT, "LIMIT")
TIME_IN_FORCE = Column("time_in_force", Kind.TEXT, "IOC: what does not fill at once is cancelled")
ORIGINAL_QUANTITY = _quantity("original_quantity", "base units (cm: contracts) of the order", Bound.POSITIVE)
LIMIT_PRICE = _price("price", "limit of the order")
AVERAGE_PRICE = _price("average_price", "average of the order's fills, 0 before the first", Bound.NOT_NEGATIVE)
ORDER_STATUS = Column("order_status", Kind.TEXT, "FILLED, or how far the order had come")
LAST_FILL_QUANTITY = _quantity("last_fill_quantity", "base units (cm: contracts) of the last fill")
ACCUMULATED_FILL_QUANTITY = _quantity("accumulated_fill_quantity", "base units (cm: contracts) filled so far")

# Funding, paid from longs to shorts while positive.
CALC_TIME = Column("calc_time", Kind.EPOCH, "when it was charged, up to 10 ms past the hour")
FUNDING_INTERVAL_HOURS = Column(
    "funding_interval_hours", Kind.INTEGER, "hours since the last", Bound.POSITIVE, role=Role.FUNDING_HOURS
)
LAST_FUNDING_RATE = Column("last_funding_rate", Kind.DECIMAL, "share of the position's value", role=Role.FUNDING_RATE)
