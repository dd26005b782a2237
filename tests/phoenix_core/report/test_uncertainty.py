"""Intervals from days drawn anew: exact where nothing is drawn, as wide as theory says, and none where little happened."""

import numpy as np
import polars as pl
import pytest

from phoenix_core.report.metrics import statistics
from phoenix_core.report.uncertainty import (
    _LEAST_DAYS,
    UNCERTAIN,
    _Days,
    _expectancy,
    _paths,
    _sharpe,
    uncertainty,
)

DAY, HOUR = 86_400 * 10**9, 3_600 * 10**9
IDENTITY = "5eed" * 16


def hourly(returns, start=100_000.0):
    """An equity curve with a value at the end of each hour, after one at the very beginning."""
    values = start * np.cumprod(np.concatenate([[1.0], 1 + np.asarray(returns)]))
    times = [0, *((number + 1) * HOUR - 1 for number in range(len(returns)))]
    return pl.DataFrame({"ts": times, "equity": values, "position": 0.0, "price": 1.0})


def round_trips_of(nets, every=DAY):
    times = [number * every + HOUR for number in range(len(nets))]
    return pl.DataFrame(
        {"closed_ns": times, "net": [float(net) for net in nets]}, schema={"closed_ns": pl.Int64, "net": pl.Float64}
    )


def walk(days, seed=1, mean=0.0):
    return np.random.default_rng(seed).normal(mean, 0.002, days * 24)


def test_days_in_their_own_order_give_the_figures_themselves():
    """The Sharpe ratio, the drawdown to the minute and the expectancy are those of the statistics, and the end is the end."""
    equity, round_trips = hourly(walk(40)), round_trips_of([3, -1, 2, 2, -5] * 8)
    days = _Days.of(equity, round_trips)
    itself = np.arange(40)[None, :]
    expected = statistics(equity, round_trips)
    final, fall = _paths(days, itself)
    assert _sharpe(days, itself)[0] == pytest.approx(expected.sharpe)
    assert fall[0] == pytest.approx(expected.max_drawdown)
    assert final[0] == pytest.approx(equity["equity"][-1] / equity["equity"][0])
    assert _expectancy(days, itself)[0] == pytest.approx(expected.expectancy)


@pytest.mark.parametrize("seed", range(5))
def test_the_drawdown_of_any_order_is_that_of_the_joined_minutes(seed):
    """Held against the curve that comes of putting the hours of the drawn days end to end."""
    returns = walk(30, seed).reshape(30, 24)
    drawn = np.random.default_rng(seed).integers(0, 30, (1, 30))
    _, fall = _paths(_Days.of(hourly(returns.ravel()), round_trips_of([])), drawn)
    joined = hourly(returns[drawn[0]].ravel())
    assert fall[0] == pytest.approx(statistics(joined, round_trips_of([])).max_drawdown)


def test_the_sharpe_ratio_is_as_uncertain_as_lo_says():
    """Of n independent hours its deviation is sqrt(8760 / n · (1 + r² / 2)), r the ratio of an hour (Lo 2002)."""
    found = uncertainty(hourly(walk(365, 3, 0.0001)), round_trips_of([]), IDENTITY)
    expected = 2 * 1.96 * (8760 / (365 * 24)) ** 0.5
    assert found.sharpe.high - found.sharpe.low == pytest.approx(expected, rel=0.1)
    ratio = statistics(hourly(walk(365, 3, 0.0001)), round_trips_of([])).sharpe
    assert found.sharpe.low < ratio < found.sharpe.high


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 200 markets of 60 days with a true ratio of 0, about 95 % (here 90 % or more) have 0 inside."""
    inside = 0
    for seed in range(200):
        found = uncertainty(hourly(walk(60, 1_000 + seed)), round_trips_of([]), f"{seed:064x}")
        inside += found.sharpe.low <= 0 <= found.sharpe.high
    assert 180 <= inside < 200


def test_expectancy_and_loss_by_hand():
    """Every day gains the same 10 and 0.01 %: nothing but that can be drawn, and no draw loses."""
    returns = np.tile([0.0001] + [0.0] * 23, 30)
    found = uncertainty(hourly(returns), round_trips_of([10] * 30), IDENTITY)
    assert (found.expectancy.low, found.expectancy.high) == (10, 10)
    assert found.probability_of_loss == 0
    assert found.max_drawdown.high == pytest.approx(0, abs=1e-12)
    mirrored = uncertainty(hourly(-returns), round_trips_of([-10] * 30), IDENTITY)
    assert mirrored.probability_of_loss == 1


def test_an_even_chance_is_an_even_chance():
    """As many days up by 1 % as down by nearly that: about half of the draws lose."""
    returns = np.zeros((40, 24))
    returns[:, 5] = np.random.default_rng(2).permutation([0.01, 1 / 1.01 - 1] * 20)
    found = uncertainty(hourly(returns.ravel()), round_trips_of([]), IDENTITY)
    assert found.probability_of_loss == pytest.approx(0.44, abs=0.1)  # one in eight draws ends where it began


def test_the_same_identity_gives_the_same_numbers():
    """Another one gives others, near by."""
    equity, round_trips = hourly(walk(50)), round_trips_of([1, -1] * 25)
    first, again, other = (uncertainty(equity, round_trips, name) for name in (IDENTITY, IDENTITY, "0" * 64))
    assert first == again
    assert first.sharpe != other.sharpe
    assert first.sharpe.low == pytest.approx(other.sharpe.low, abs=0.7)


@pytest.mark.parametrize(
    ("equity", "why"),
    [
        (hourly([]).clear(), "there is no day"),
        (hourly(walk(1)), "1 day, at least 20 are needed"),
        (hourly(walk(19)), "19 days, at least 20 are needed"),
        (hourly(np.zeros(30 * 24)), "equity changed on 0 of 30 days, at least 10 are needed"),
        (hourly([-1.5, *walk(30)[1:]]), "the account was worth nothing on the way"),
    ],
)
def test_where_too_little_happened_there_is_no_interval(equity, why):
    """And the reason is said instead of a number."""
    found = uncertainty(equity, round_trips_of([1] * 30), IDENTITY)
    assert found.why_none == why
    assert found.told() == f"No interval can be given: {why}."
    assert found.figures() == {}
    assert (found.sharpe, found.max_drawdown, found.expectancy, found.probability_of_loss) == (None,) * 4


@pytest.mark.parametrize(("nets", "every"), [([1] * 19, DAY), ([1] * 200, HOUR // 2)])
def test_few_round_trips_have_no_interval_of_expectancy(nets, every):
    """Nor have many on a few days; the other intervals are there."""
    found = uncertainty(hourly(walk(30)), round_trips_of(nets, every), IDENTITY)
    assert found.expectancy is None
    assert found.sharpe is not None
    assert "None of the expectancy: " in found.told()
    assert "expectancy_low" not in found.figures()


def test_every_number_has_a_name():
    """Those of a result are among the names that comparisons have columns for."""
    found = uncertainty(hourly(walk(_LEAST_DAYS)), round_trips_of([1, -2] * 10), IDENTITY)
    assert set(found.figures()) == set(UNCERTAIN)
    assert "20 days, drawn anew 2,000 times in blocks of" in found.told()
