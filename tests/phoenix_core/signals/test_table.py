"""Where the trade that closes a bucket stands among the day's trades."""

import polars as pl

from phoenix_core.signals.table import closing_trades

IDS = pl.Series("trade_id", ["7", "8", "9", "10", "12"])


def buckets(trades, last):
    """Buckets of so many trades, and the id that closed each."""
    return pl.DataFrame({"trades": trades, "last_trade": last}, schema={"trades": pl.Int64, "last_trade": pl.Int64})


def test_counts_lead_to_the_closing_trades():
    """Two trades, then three; ids are text of which 10 is after 9, and may jump."""
    assert closing_trades(IDS, buckets([2, 3], [8, 12])).tolist() == [1, 4]
    assert closing_trades(IDS, buckets([], [])).tolist() == []


def test_buckets_of_other_rows_are_found_by_id():
    """Their counts lead elsewhere, or beyond the last trade."""
    assert closing_trades(IDS, buckets([2, 1], [9, 12])).tolist() == [2, 4]
    assert closing_trades(IDS, buckets([2, 9], [8, 10])).tolist() == [1, 3]
