"""Scores worked by hand, and the seed's defects that they must not have."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.market import DAY_NS
from phoenix_core.signals.liquidation_pressure import as_of, depletion_ratios, flow_scores, pressure_index
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.regime import open_interest_z
from phoenix_core.signals.rolling import z_score, z_scores_by_count
from phoenix_core.signals.volatility import realized_volatility
from phoenix_core.signals.volume_buckets import SCHEMA

MINUTE = 60 * 10**9


def test_a_z_score_by_hand():
    """1, 2, 3, 4: mean 2.5, variance 1.25, so 4 is 1.5 / sqrt(1.25)."""
    assert z_score(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(1.5 / math.sqrt(1.25), abs=1e-15)


def seeds_z_score(values):
    """The seed's formula, which calls itself Welford's and subtracts two large sums."""
    n = len(values)
    mean = sum(values) / n
    variance = max(0.0, sum(v * v for v in values) / n - mean * mean)
    return 0.0 if variance < 1e-12 else (values[-1] - mean) / math.sqrt(variance)


def test_large_numbers_do_not_cancel():
    """Open interest of 1e9 that moves by units: the seed's formula loses every digit, ours none."""
    values = [1e9 + v for v in (0.001, 0.002, 0.003, 0.004)]
    exact = [Fraction(v) for v in values]
    mean = sum(exact) / 4
    variance = sum((v - mean) ** 2 for v in exact) / 4
    expected = float(exact[-1] - mean) / math.sqrt(variance)
    assert z_score(np.array(values)) == pytest.approx(expected, rel=1e-9)
    assert seeds_z_score(values) != pytest.approx(expected, rel=0.5)


def test_nothing_varies_nothing_scores():
    """A constant window scores 0, not infinity."""
    assert z_score(np.full(50, 0.3)) == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(2, 20))
def test_rolling_scores_are_single_scores(values, window):
    """Each is the score of its own window."""
    array = np.array(values)
    expected = [z_score(array[max(0, n + 1 - window) : n + 1]) for n in range(array.size)]
    np.testing.assert_allclose(z_scores_by_count(array, window), expected, atol=1e-12)


def depth(*rows):
    """Rows of (ts, band, notional)."""
    return pl.DataFrame(
        {
            "ts_init": pl.Series([ts for ts, _, _ in rows], dtype=pl.UInt64),
            "band_edge": pl.Series([Decimal(band) for _, band, _ in rows], dtype=pl.Decimal(38, 16)),
            "band_notional": pl.Series([Decimal(notional) for _, _, notional in rows], dtype=pl.Decimal(38, 16)),
        }
    )


def test_depletion_compares_times_not_bands():
    """Two equal snapshots of cumulative bands: nothing is depleted. The seed saw a ratio of 0.5."""
    book = depth((1, -5, 800), (1, -1, 400), (1, 1, 300), (2, -5, 800), (2, -1, 400), (2, 1, 300))
    assert depletion_ratios(book, Decimal(-1))["ldr"].to_list() == [1.0]


def test_depletion_is_the_bid_band_now_by_before():
    """400 to 100 within -1 %: a quarter is left; the asks and the wider band do not matter."""
    book = depth((1, -1, 400), (1, 1, 300), (2, -1, 100), (2, 1, 900), (3, -1, 100))
    assert depletion_ratios(book, Decimal(-1)).rows() == [(2, 0.25), (3, 1.0)]


def test_a_value_of_the_same_nanosecond_comes_after_the_trade():
    """And one that is too old is none."""
    known = pl.DataFrame({"known_ns": [10, 20], "ldr": [0.5, 0.7]})
    found = as_of(np.array([10, 11, 20, 21, 26]), known, "ldr", max_age_ns=5)
    assert found.to_list() == [None, 0.5, None, 0.7, None]


def test_lpi_by_hand():
    """0.6 tanh(2) + 0.3 (1 - 0.5) + 0.1 0.4."""
    assert pressure_index(2.0, 0.5, 0.4) == pytest.approx(0.6 * 0.9640275800758169 + 0.15 + 0.04, abs=1e-15)
    assert pressure_index(-3.0, 1.7, 0.4) == pytest.approx(0.04, abs=1e-15)
    assert pressure_index(-3.0, None, 0.4) == pytest.approx(0.04, abs=1e-15)


def buckets(*flow):
    """Rows of (bought, sold)."""
    frame = {name: pl.Series([0] * len(flow), dtype=pl.Int64).cast(kind) for name, kind in SCHEMA.items()}
    frame["buy_notional"] = pl.Series([Decimal(b) for b, _ in flow], dtype=pl.Decimal(38, 16))
    frame["sell_notional"] = pl.Series([Decimal(s) for _, s in flow], dtype=pl.Decimal(38, 16))
    return pl.DataFrame(frame)


def test_fsi_and_vpin_by_hand():
    """75 sold of 100: FSI 0.75, VPIN 0.5; averaged over two buckets 0.25 with a balanced one before."""
    chosen = SignalParameters(vpin_window=2, min_samples=2)
    scores = flow_scores(buckets((50, 50), (25, 75)), chosen, first=0)
    assert scores["fsi"].to_list() == [0.5, 0.75]
    assert scores["vpin"].to_list() == [0.0, 0.25]
    assert scores["fsi_ready"].to_list() == [False, True]


def test_yesterdays_buckets_are_history():
    """They fill the window and have no rows of their own."""
    chosen = SignalParameters(min_samples=2)
    both = flow_scores(buckets((50, 50), (60, 40), (25, 75)), chosen, first=0)
    assert flow_scores(buckets((50, 50), (60, 40), (25, 75)), chosen, first=2).rows() == both.rows()[2:]


def open_interest(*rows):
    return pl.DataFrame(
        {
            "ts_init": pl.Series([ts for ts, _ in rows], dtype=pl.UInt64),
            "open_interest": pl.Series([None if v is None else Decimal(v) for _, v in rows], dtype=pl.Decimal(38, 16)),
        }
    )


def test_missing_open_interest_is_no_sample():
    """A zero that meant missing would be a crash to nothing; it is left out."""
    chosen = SignalParameters(min_samples=2)
    samples = open_interest((0, 80), (300, None), (600, 82))
    assert open_interest_z(samples, 0, chosen).rows() == [(0, None), (600, 1.0)]


def test_thirty_samples_make_a_score():
    """And samples older than the window leave it."""
    rows = [(n * MINUTE, 100 + n % 7) for n in range(40)]
    scores = open_interest_z(open_interest(*rows), 0, SignalParameters())
    assert scores["oi_z"].is_null().to_list() == [True] * 29 + [False] * 11
    chosen = SignalParameters(oi_window_days=1, min_samples=2)
    assert open_interest_z(open_interest((0, 100), (DAY_NS, 50)), 1, chosen)["oi_z"].to_list() == [None]


def test_volatility_by_hand():
    """Two returns of 1 %: sqrt(2 ln(1.01)^2)."""
    prices = np.array([100.0, 101.0, 102.01])
    found = realized_volatility(np.array([0, 1, 2]), prices, np.array([2]), window_ns=10)
    assert found[0] == pytest.approx(math.sqrt(2) * math.log(1.01), abs=1e-12)


def test_a_quiet_window_has_no_volatility():
    """Exactly zero after a wild hour: nothing is left of what has gone out of the window."""
    prices = np.array([100.0, 180.0, 77.7, 77.7, 77.7])
    times = np.array([0, 1, 2, 2 + 61 * MINUTE, 3 + 61 * MINUTE])
    assert realized_volatility(times, prices, np.array([4]), 60 * MINUTE)[0] == 0.0
