"""Rule 2 of docs/fills.md: what a trade would do to a one-level book, counted on real minutes."""

import pytest
from bench_ties import market, polluted
from bench_witness import MINUTES, published


def test_arrivals_in_a_polluted_book(real_files):
    """Of 10,447 arrivals 30 ms after a trade 2,710 meet a book that it overwrote; 12 do if trades come before quotes."""
    found = polluted(*market(published(real_files, (MINUTES,))))
    counts = [found["arrivals"] * found[f"{order}_polluted"] for order in ("quotes_first", "trades_first")]
    assert (found["arrivals"], *counts) == pytest.approx((10_447, 2_710, 12))
    assert (found["quotes_first_gain_least"], found["quotes_first_gain_most"]) == pytest.approx(
        (-14.97, 160.69), abs=0.01
    )
