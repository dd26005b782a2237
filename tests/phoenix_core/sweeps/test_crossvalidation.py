"""Every combination of parts to judge by, on matrices small enough for a loop written out here, and on noise and edges."""

import itertools
from datetime import date, timedelta

import numpy as np
import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import day_start_ns
from phoenix_core.sweeps.crossvalidation import Combinations, combined
from phoenix_core.sweeps.performance import HOUR_NS, Performance

FIRST = date(2024, 3, 24)
YEAR = 8760**0.5


def of(returns):
    """Hours by points, from the first day on."""
    start = day_start_ns(FIRST) // HOUR_NS
    names = [f"point {number}" for number in range(returns.shape[1])]
    return Performance(names, np.arange(start, start + len(returns)), returns, returns)


def noise(seed, days=60, points=20):
    return np.random.default_rng(seed).normal(0, 0.002, (24 * days, points))


def splits_of(days, groups, test_groups, embargo=0):
    return Combinations(groups, test_groups, embargo).splits(FIRST, FIRST + timedelta(days - 1))


def ratio(returns):
    return returns.mean() / returns.std(ddof=1)


def test_combinations_and_paths_are_those_of_a_plain_loop():
    """Six days in three groups, two to judge by: three ways, and two paths in which each day is judged once."""
    returns = noise(3, days=6, points=5)
    rows, together = combined(of(returns), splits_of(6, 3, 2))
    group = [slice(0, 48), slice(48, 96), slice(96, 144)]
    chosen, inner, outer, low = [], [], [], 0
    for tested in itertools.combinations(range(3), 2):
        (left,) = set(range(3)) - set(tested)
        train = [ratio(column) for column in returns[group[left]].T]
        judged = np.concatenate([returns[group[one]] for one in tested])
        best = int(np.argmax(train))
        test = [ratio(column) for column in judged.T]
        chosen.append(best)
        inner.append(train[best] * YEAR)
        outer.append(test[best] * YEAR)
        low += sorted(test).index(test[best]) + 1 <= (5 + 1) / 2
    assert rows["in_sample_sharpe"].to_list() == pytest.approx(inner)
    assert rows["out_of_sample_sharpe"].to_list() == pytest.approx(outer)
    assert rows["experiment"].to_list() == [f"point {one}" for one in chosen]
    assert together.probability == pytest.approx(low / 3)
    assert together.slope == pytest.approx(np.polyfit(inner, outer, 1)[0])
    # Ways are (0, 1), (0, 2), (1, 2): the first path takes each group from the first way that judged by it.
    first = np.concatenate([returns[group[one], chosen[way]] for one, way in ((0, 0), (1, 0), (2, 1))])
    second = np.concatenate([returns[group[one], chosen[way]] for one, way in ((0, 1), (1, 2), (2, 2))])
    paths = sorted(ratio(one) * YEAR for one in (first, second))
    assert together.paths == 2
    assert (together.path_sharpe_low, together.path_sharpe_high) == pytest.approx(tuple(paths))


def test_the_count_of_paths_is_the_books():
    """Six groups, two judged by: fifteen ways and five paths (López de Prado 2018, section 12.4)."""
    _, together = combined(of(noise(1, days=12, points=3)), splits_of(12, 6, 2))
    assert (together.splits, together.paths) == (15, 5)


def test_noise_is_overfit_and_an_edge_is_not():
    """Over 20 seeds the choice among noise is no better than the median in about half of the ways; an edge's in none."""
    splits = splits_of(60, 6, 2, embargo=1)
    of_noise = [combined(of(noise(seed)), splits)[1] for seed in range(20)]
    assert 0.35 < np.mean([one.probability for one in of_noise]) < 0.65
    assert np.mean([one.slope for one in of_noise]) < 0
    returns = noise(1)
    returns[:, 7] += 0.0006
    rows, edge = combined(of(returns), splits)
    assert (edge.probability, edge.probability_of_loss) == (0, 0)
    assert set(rows["experiment"]) == {"point 7"}
    assert edge.path_sharpe_low > 5


def test_a_choice_that_is_overfit_on_purpose_is_called_so():
    """Each point is good on one group and bad on all others: what is chosen is always the wrong one."""
    returns = noise(5, days=24, points=6) - 0.001
    for group in range(6):
        returns[group * 96 : (group + 1) * 96, group] += 0.01
    _, together = combined(of(returns), splits_of(24, 6, 2))
    assert together.probability > 0.5
    assert together.probability_of_loss == 1


def test_what_can_not_be_cut_is_refused():
    """One point, and more ways than anybody waits for."""
    with pytest.raises(ConfigInvalid, match="two or more"):
        combined(of(noise(1, days=6, points=1)), splits_of(6, 3, 2))
    with pytest.raises(ConfigInvalid, match="137,846,528,820 ways"):
        splits_of(40, 40, 20)
