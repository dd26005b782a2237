"""Trades beside the quotes before them, by the arrays of the comparison and by a plain loop."""

from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.catalog.consistency import _outside, _Timed, _with_quotes_before

DECIMAL = pl.Decimal(38, 16)
SECOND = 10**9
# Tenths of seconds, so that quotes are too old, times are equal and step back.
times = st.lists(st.integers(0, 60).map(lambda tenths: tenths * SECOND // 10), min_size=1, max_size=30)


def frame(times, **prices):
    """Rows with a price of each name that follows from their place."""
    columns = {name: [first + place for place in range(len(times))] for name, first in prices.items()}
    return pl.DataFrame({"ts_event": times, **columns}).with_columns(
        pl.col("ts_event").cast(pl.Int64), pl.col(*prices).cast(DECIMAL)
    )


@given(times, times, st.lists(st.integers(1, 29), max_size=4))
def test_each_trade_stands_beside_the_last_quote_before_it(traded, quoted, cuts):
    """If that is at most a second old, however quotes come in batches, and also where trades step back in time."""
    trades, quotes = frame(traded, price=1000), frame(sorted(quoted), bid_price=1, ask_price=500)
    edges = sorted({0, len(quoted), *(cut for cut in cuts if cut < len(quoted))})
    found, held = [], quotes.head(1)
    for begin, end in pairwise(edges):
        batch = quotes.slice(begin, end - begin)
        found += _with_quotes_before(_Timed.of(trades), batch, held).rows()
        held = batch.tail(1)
    expected = []
    for at, price in trades.rows():
        before = [row for row in quotes.rows() if row[0] < at]
        if before and at <= max(quoted) and at - before[-1][0] <= SECOND:
            expected.append((at, price, *before[-1][1:]))
    assert sorted(found) == sorted(expected)


def test_what_lies_within_the_quotes_or_just_beyond_is_not_outside():
    """The band is 0.3 % around both; what is beyond it is shown as floats, and quotes may be crossed."""
    prices = ["100", "102", "99.8", "102.2", "99.6", "102.4"]
    rows = pl.DataFrame({"price": prices, "bid_price": ["100"] * 6, "ask_price": ["102"] * 6}).cast(DECIMAL)
    assert _outside(rows)["price"].to_list() == [99.6, 102.4]
    crossed = rows.with_columns(pl.col("ask_price").alias("bid_price"), pl.col("bid_price").alias("ask_price"))
    assert _outside(crossed).height == len(prices)  # nothing is between a bid and an ask below it
