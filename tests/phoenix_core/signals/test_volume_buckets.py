from decimal import Decimal

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.signals.volume_buckets import bucket_ends, mantissas, volume_buckets

BUYER, SELLER = 1, 2


def trades(*rows):
    """Rows of (price, size, side), one a millisecond."""
    return pl.DataFrame(
        {
            "price": pl.Series([Decimal(price) for price, _, _ in rows], dtype=pl.Decimal(38, 16)),
            "size": pl.Series([Decimal(size) for _, size, _ in rows], dtype=pl.Decimal(38, 16)),
            "aggressor_side": pl.Series([side for _, _, side in rows], dtype=pl.UInt8),
            "trade_id": [str(100 + n) for n in range(len(rows))],
            "ts_event": pl.Series([n * 1_000_000 for n in range(len(rows))], dtype=pl.UInt64),
        }
    )


def test_a_bucket_closes_with_the_trade_that_reaches_its_size():
    """Worked by hand: 60 + 50 ≥ 100 closes the first, 30 + 70 = 100 the second, 40 stays open."""
    flow = trades(("10", "6", BUYER), ("10", "5", SELLER), ("10", "3", SELLER), ("10", "7", BUYER), ("10", "4", BUYER))
    buckets = volume_buckets(flow, Decimal(100))
    assert buckets.select("bucket", "first_trade", "last_trade", "trades").rows() == [
        (0, 100, 101, 2),
        (1, 102, 103, 2),
    ]
    assert buckets["buy_notional"].to_list() == [Decimal(60), Decimal(70)]
    assert buckets["sell_notional"].to_list() == [Decimal(50), Decimal(30)]
    assert buckets["ts_event"].to_list() == [1_000_000, 3_000_000]


def test_one_trade_may_be_a_bucket():
    """And a trade of three bucket sizes is one bucket, not three."""
    buckets = volume_buckets(trades(("10", "30", SELLER), ("10", "10", BUYER)), Decimal(100))
    assert buckets["sell_notional"].to_list() == [Decimal(300), Decimal(0)]


def test_no_trades_no_buckets():
    """Empty in, empty out, with the same columns."""
    full = volume_buckets(trades(("10", "30", SELLER)), Decimal(100))
    assert volume_buckets(trades().cast({}), Decimal(100)).schema == full.schema


def test_inverse_contracts_count_their_own_notional():
    """A contract of 100 USD is 100 USD at any price."""
    flow = trades(("70000", "6", SELLER), ("10", "4", BUYER))
    buckets = volume_buckets(flow, Decimal(1000), contract_size=Decimal(100))
    assert buckets.select("sell_notional", "buy_notional").rows() == [(Decimal(600), Decimal(400))]


PRICES = st.decimals("0.01", "99999.99", places=2)
SIZES = st.decimals("0.001", "999.999", places=3)
ROWS = st.lists(st.tuples(PRICES, SIZES, st.sampled_from([BUYER, SELLER])), min_size=1, max_size=60)


@given(ROWS, st.integers(1, 10**6))
def test_buckets_are_what_adding_one_by_one_gives(rows, size):
    """Edges and sums equal a plain loop over exact decimals."""
    expected, bought, sold = [], Decimal(0), Decimal(0)
    for n, (price, quantity, side) in enumerate(rows):
        bought += price * quantity if side == BUYER else 0
        sold += price * quantity if side == SELLER else 0
        if bought + sold >= size:
            expected.append((100 + n, bought, sold))
            bought = sold = Decimal(0)
    found = volume_buckets(trades(*rows), Decimal(size))
    assert found.select("last_trade", "buy_notional", "sell_notional").rows() == expected


@given(st.lists(st.integers(0, 10**5), min_size=1, max_size=300), st.integers(1, 10**6), st.integers(1, 7))
def test_blocks_do_not_move_edges(notional, threshold, block):
    """Sums are carried from block to block exactly."""
    from phoenix_core.signals import volume_buckets as module  # noqa: PLC0415 - to change the block for this test

    values = np.array(notional, dtype=np.int64)
    whole = bucket_ends(values, threshold)
    original, module._BLOCK = module._BLOCK, block
    try:
        assert bucket_ends(values, threshold).tolist() == whole.tolist()
    finally:
        module._BLOCK = original


def test_notional_beyond_64_bits_is_exact():
    """Eight decimals of price times eight of size need Python's integers."""
    flow = trades(*[("99999.12345678", "99999.12345678", SELLER)] * 3)
    total = 2 * Decimal("99999.12345678") ** 2
    buckets = volume_buckets(flow, Decimal(15_000_000_000))
    assert buckets["sell_notional"].to_list() == [total]


def test_mantissas_are_the_smallest_exact_integers():
    """69903.5 and 1.25 need two decimals."""
    values, places = mantissas(pl.Series([Decimal("69903.5"), Decimal("1.25")], dtype=pl.Decimal(38, 16)))
    assert (values.tolist(), places) == ([6_990_350, 125], 2)
