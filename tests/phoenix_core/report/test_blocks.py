"""The stationary bootstrap, held against the package `arch` and against theory."""

import random

import numpy as np
import pytest

from phoenix_core.report.blocks import block_length, resamples


def autoregressive(rho, count, seed):
    chance, value, found = random.Random(seed), 0.0, []
    for _ in range(count):
        value = rho * value + chance.gauss(0, 1)
        found.append(value)
    return np.array(found)


@pytest.mark.parametrize(
    ("rho", "count", "seed", "expected"),
    [
        (0.3, 365, 2, 5.611045421641469),
        (0.9, 2_000, 4, 42.74966327493297),
        (-0.4, 500, 5, 6.870082062898938),
        (0.5, 20_000, 6, 35.28819208218106),
    ],
)
def test_blocks_are_as_long_as_arch_finds(rho, count, seed, expected):
    """`arch.bootstrap.optimal_block_length` of arch 8.0.0 on the same series, column `stationary`."""
    assert block_length(autoregressive(rho, count, seed)) == pytest.approx(expected, rel=1e-9)


def test_blocks_are_as_long_as_theory_says():
    """For an autoregression of 0.5 it is (2 · 0.5 / (1 - 0.25))^(2/3) · n^(1/3) = 32.9 of 20,000; on average over series."""
    found = [block_length(autoregressive(0.5, 20_000, seed)) for seed in range(12)]
    assert np.mean(found) == pytest.approx((1 / 0.75) ** (2 / 3) * 20_000 ** (1 / 3), rel=0.1)


@pytest.mark.parametrize("series", [np.zeros(100), np.ones(3), np.array([0.1, -0.1, 0.2])])
def test_without_dependence_a_block_is_one_value(series):
    """Nor where there is too little to tell."""
    assert block_length(series) == 1.0


def test_independent_values_stand_alone():
    """Of 250 independent draws the blocks have one value."""
    assert block_length(autoregressive(0, 250, 1)) == 1.0


def test_blocks_have_the_length_that_was_asked_for():
    """Positions follow one another, round the end, but for one in five on average."""
    found = resamples(50, 5.0, 4_000, 1)
    follows = (found[:, 1:] - found[:, :-1]) % 50 == 1
    # A new block begins at the next position by chance, once in fifty times.
    assert follows.mean() == pytest.approx(0.8 + 0.2 / 50, abs=0.005)
    assert np.bincount(found.ravel()) == pytest.approx(np.full(50, 4_000), rel=0.1)


def test_the_same_seed_draws_the_same():
    """And another one others."""
    first, again, other = (resamples(30, 3.0, 10, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_the_mean_of_independent_values_is_as_uncertain_as_theory_says():
    """Its deviation over draws is that of the values by the root of their number."""
    values = autoregressive(0, 400, 3)
    means = values[resamples(400, 1.0, 4_000, 7)].mean(axis=1)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_blocks_keep_what_independent_draws_lose():
    """The mean of an autoregression of 0.5 is twice as uncertain, by sqrt((1 + 0.5) / (1 - 0.5)) = 1.73; blocks see most of it."""
    values = autoregressive(0.5, 5_000, 11)
    alone, blocks = (values[resamples(5_000, length, 500, 7)].mean(axis=1).std() for length in (1.0, 30.0))
    assert blocks / alone == pytest.approx(3**0.5, rel=0.12)
