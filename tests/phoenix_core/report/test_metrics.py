import math
from statistics import NormalDist

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.core.nautilus_pyo3 import MaxDrawdown

from phoenix_core.report.figures import pointed, thinned
from phoenix_core.report.metrics import (
    buy_and_hold,
    figures,
    hourly_returns,
    max_drawdown,
    probabilistic_sharpe,
    statistics,
)

HOUR = 3_600_000_000_000


def curve(*equity, position=0.0):
    return pl.DataFrame(
        {
            "ts": [n * HOUR for n in range(len(equity))],
            "equity": [float(value) for value in equity],
            "position": [position] * len(equity),
            "price": [1.0] * len(equity),
        },
        schema={"ts": pl.Int64, "equity": pl.Float64, "position": pl.Float64, "price": pl.Float64},
    )


def test_drawdown_by_hand():
    """From 120 to 90 is a quarter."""
    assert statistics(curve(100, 120, 90, 110), pl.DataFrame({"net": []})).max_drawdown == pytest.approx(0.25)


@given(st.lists(st.one_of(st.floats(-1e3, 1e6), st.just(0.0), st.integers(1, 5).map(float)), max_size=40))
def test_drawdown_is_that_of_nautilus_trader_to_the_last_digit(equity):
    """Also of accounts that lose everything, owe, or begin with nothing: what comes after has no share, and is left out."""
    table = curve(*equity)
    values = table["equity"]
    changes = (values / values.shift(1) - 1).fill_null(0.0)
    expected = MaxDrawdown().calculate_from_returns(dict(zip(table["ts"], changes, strict=True)))
    assert max_drawdown(table) == abs(expected)


def hours(*equity):
    """One value at the end of each hour, after the first at the beginning."""
    times = [0, *(n * HOUR - 1 for n in range(1, len(equity)))]
    return curve(*equity).with_columns(pl.Series("ts", times[: len(equity)], dtype=pl.Int64))


def test_ratios_by_hand():
    """Hourly returns of +10 % and -5 %: mean 2.5 %, deviation 10.607 %, of losses 3.536 %; times sqrt(8760)."""
    found = statistics(hours(100, 110, 104.5), pl.DataFrame({"net": []}))
    assert hourly_returns(hours(100, 110, 104.5)).to_list() == pytest.approx([0.1, -0.05])
    assert found.sharpe == pytest.approx(0.025 / (0.15 / math.sqrt(2)) * math.sqrt(8760))
    assert found.sortino == pytest.approx(0.025 / math.sqrt(0.05**2 / 2) * math.sqrt(8760))


@pytest.mark.parametrize("equity", [(), (100,), (100, 110), (100, 100, 100)])
def test_too_little_is_no_sharpe(equity):
    """None, not zero and not NaN."""
    found = statistics(hours(*equity), pl.DataFrame({"net": []}))
    assert (found.sharpe, found.sortino, found.probabilistic_sharpe) == (None, None, None)


def test_trades_by_hand():
    """Two of four won: 3 + 1 gained, 2 lost, one even; 2 by 4 on average."""
    found = statistics(curve(100), pl.DataFrame({"net": [3.0, 1.0, -2.0, 0.0]}))
    assert (found.won, found.expectancy, found.profit_factor) == (2, 0.5, 2.0)


def test_won_counts_net_gains():
    """After fees and funding."""
    found = statistics(curve(100, position=1.0), pl.DataFrame({"net": [1.0, -1.0, 0.0]}))
    assert (found.round_trips, found.won, found.exposure) == (3, 1, 1.0)


def test_thinning_keeps_the_last_row():
    """The end of a curve is what people look at."""
    kept = thinned(curve(*range(1001)), 100)
    assert kept["equity"][-1] == 1000
    assert kept.height <= 102


def test_a_picture_shows_the_worst_minute():
    """One minute of 10,000 at half the equity, and one at twice, are kept."""
    values = [100.0] * 10_000
    values[1234], values[7891] = 50.0, 200.0
    kept = pointed(curve(*values), 300, "equity")
    assert (kept["equity"].min(), kept["equity"].max(), kept["ts"][-1]) == (50, 200, 9_999 * HOUR)
    assert kept.height < 320
    assert kept["ts"].is_sorted()


def test_the_probabilistic_ratio_by_hand():
    """Of returns 3, 1, 2, 2 percent: ratio 2.449, skew 0, kurtosis 2; N(2.449 * sqrt(3) / sqrt(1 + 6 / 4))."""
    returns = pl.Series([0.03, 0.01, 0.02, 0.02])
    expected = NormalDist().cdf(2.449490 * 3**0.5 / (1 + (2 - 1) / 4 * 6) ** 0.5)
    assert probabilistic_sharpe(returns) == pytest.approx(expected, abs=1e-6)
    assert probabilistic_sharpe(pl.Series([0.01])) is None


def test_buy_and_hold_by_hand():
    """Bought at 50 with 100: two units, worth 120 at 60."""
    assert buy_and_hold(pl.DataFrame({"price": [50.0, 60.0]}), 100.0).to_list() == [100, 120]
    assert buy_and_hold(curve(), 100.0).is_empty()


def test_every_statistic_says_what_it_is():
    """Name and meaning, and the value as text."""
    assert all(figure.name and figure.meaning for figure in figures().values())
    assert figures()["max_drawdown"].text(0.1234) == "12.34%"
    assert figures()["sharpe"].text(None) == "none"


def test_no_fall_is_no_drawdown():
    """Zero has no sign."""
    assert str(statistics(curve(100, 110), pl.DataFrame({"net": []})).max_drawdown) == "0.0"
