"""What the best of many experiments is worth; pure functions of numbers and of arrays of returns.

Ratios are Sharpe ratios of one period, not annualized, unless a name says otherwise. An experiment whose returns
never vary earned nothing for no risk: its ratio is 0, and it was a trial like any other. Sources:

* Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier" (2012): probabilistic ratio, minimum track record.
* Bailey and López de Prado, "The Deflated Sharpe Ratio" (2014): the luck of the best of many, and what is left.
* Bailey, Borwein, López de Prado and Zhu, "Pseudo-Mathematics and Financial Charlatanism" (2014): minimum backtest.
* The same, "The Probability of Backtest Overfitting" (2015): combinatorially symmetric cross-validation.

Libraries were weighed. pypbo has all of it, but is not on PyPI and not kept. skfolio and jsharpe are kept and have the
ratios, not the cross-validation, and skfolio brings solvers for portfolios. Those that have everything are in their
first releases.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from phoenix_core.errors import ConfigInvalid

_EULER = 0.5772156649015329
_NORMAL = NormalDist()
_AT_ONCE = 1024  # combinations: arrays of some megabytes for a thousand experiments
_NO_VARIANCE = 1e-12  # of the mean square: below is rounding
_LEAST = 2

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """What a series of returns tells of its own Sharpe ratio.

    Attributes:
        periods: Number of returns.
        ratio: Mean by standard deviation.
        skew: Third standardized moment; 0 for a normal distribution.
        kurtosis: Fourth standardized moment; 3 for a normal distribution.
    """

    periods: int
    ratio: float
    skew: float = 0.0
    kurtosis: float = 3.0

    @classmethod
    def of(cls, returns: Array) -> "Moments | None":
        """Moments of returns; None with fewer than two, or where nothing varies."""
        ratio = float(sharpe_ratios(returns[:, np.newaxis])[0]) if returns.size >= _LEAST else 0.0
        if ratio == 0.0:
            return None
        scaled = (returns - returns.mean()) / returns.std()
        return cls(returns.size, ratio, float((scaled**3).mean()), float((scaled**4).mean()))

    @property
    def variance(self) -> float:
        """Variance of the estimated ratio, times the number of periods less one."""
        return max(1e-12, 1 - self.skew * self.ratio + (self.kurtosis - 1) / 4 * self.ratio**2)


def sharpe_ratios(returns: Array) -> Array:
    """Ratio of each column of returns (periods by experiments); 0 where nothing varies."""
    sums, squares = returns.sum(axis=0), (returns**2).sum(axis=0)
    return _ratios(sums, squares, np.array(float(len(returns))))


def probabilistic_sharpe(moments: Moments, benchmark: float = 0.0) -> float:
    """Chance that the true ratio exceeds a benchmark."""
    return _NORMAL.cdf((moments.ratio - benchmark) * math.sqrt(moments.periods - 1) / math.sqrt(moments.variance))


def expected_maximum(trials: int) -> float:
    """Expected largest of so many independent standard normal numbers; 0 of one.

    >>> round(expected_maximum(100), 2)
    2.53
    """
    if trials < _LEAST:
        return 0.0
    return (1 - _EULER) * _NORMAL.inv_cdf(1 - 1 / trials) + _EULER * _NORMAL.inv_cdf(1 - 1 / (trials * math.e))


def deflated_sharpe(moments: Moments, trials: int, variance: float) -> float:
    """Chance that a ratio, chosen as the best, exceeds what luck alone makes the best of so many trials.

    Args:
        moments: Of the one that was chosen.
        trials: How many were ever tried, the failed, flat and forgotten ones too.
        variance: Of their ratios.
    """
    return probabilistic_sharpe(moments, math.sqrt(variance) * expected_maximum(trials))


def minimum_track_record(moments: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float | None:
    """Periods from which the ratio is above a benchmark at a confidence; None if it is not above at all."""
    if moments.ratio <= benchmark:
        return None
    return 1 + moments.variance * (_NORMAL.inv_cdf(confidence) / (moments.ratio - benchmark)) ** 2


def minimum_backtest_years(trials: int, annual_ratio: float = 1.0) -> float:
    """Years below which the best of so many worthless trials is expected to show an annual ratio like this.

    >>> round(minimum_backtest_years(45), 1)
    5.0
    """
    return (expected_maximum(trials) / annual_ratio) ** 2


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What cross-validation says of choosing the best experiment by its ratio.

    Attributes:
        probability: Share of splits in which the best in sample is not above the median out of sample.
        probability_of_loss: Share of splits in which it loses out of sample.
        slope: Of the chosen one's ratio out of sample over that in sample (performance degradation), by least
            squares over the splits; negative where more in sample was less out of it.
        in_sample: Median ratio of the chosen one in sample.
        out_of_sample: Median ratio of the chosen one out of sample.
        blocks: Into how many the periods were cut.
        splits: Ways to take half of them.
    """

    probability: float
    probability_of_loss: float
    slope: float | None
    in_sample: float
    out_of_sample: float
    blocks: int
    splits: int


def overfitting(returns: Array, blocks: int = 16) -> Overfitting:
    """Combinatorially symmetric cross-validation of a choice by ratio.

    The periods are cut into blocks; each half of them is once the sample that the best is chosen on, while the
    other half judges it by its rank. Equal ones share their ranks.

    Args:
        returns: Periods in their order by experiments, all over the same periods.
        blocks: An even number; sixteen as in the paper, 12,870 splits.

    Raises:
        ConfigInvalid: Fewer than two experiments, an odd number of blocks, or fewer than two periods in one.
    """
    periods, experiments = returns.shape
    if experiments < _LEAST or blocks < _LEAST or blocks % 2 or periods < _LEAST * blocks:
        raise ConfigInvalid(
            f"{experiments} experiments over {periods} periods in {blocks} blocks can't be cross-validated: expected "
            "two experiments or more, an even number of blocks, and two periods or more in each."
        )
    cut = np.array_split(returns, blocks)
    sums = np.array([block.sum(axis=0) for block in cut])
    squares = np.array([(block**2).sum(axis=0) for block in cut])
    lengths = np.array([float(len(block)) for block in cut])
    chosen: list[tuple[Array, Array, Array]] = []
    halves = itertools.combinations(range(blocks), blocks // 2)
    while some := list(itertools.islice(halves, _AT_ONCE)):
        chosen.append(_chosen(some, sums, squares, lengths))
    inside, outside, ranks = (np.concatenate(parts) for parts in zip(*chosen, strict=True))
    return Overfitting(
        # The paper's logit of the relative rank is not above zero.
        probability=float((ranks / (experiments + 1) <= 1 / 2).mean()),
        probability_of_loss=float((outside < 0).mean()),
        slope=slope(inside, outside),
        in_sample=float(np.median(inside)),
        out_of_sample=float(np.median(outside)),
        blocks=blocks,
        splits=len(ranks),
    )


def blocks_for(periods: int) -> int:
    """Largest even number of blocks, sixteen at most, that leaves two periods in each."""
    return min(16, periods // _LEAST // 2 * 2)


def _chosen(
    halves: Sequence[tuple[int, ...]], sums: Array, squares: Array, lengths: Array
) -> tuple[Array, Array, Array]:
    """Of the best in each half: its ratio there, its ratio in the other half, and its rank there (1 is the worst).

    A ratio needs sums and sums of squares alone, and those of a half are the sums of its blocks'.
    """
    inside = np.zeros((len(halves), len(lengths)))
    np.put_along_axis(inside, np.array(halves), 1.0, axis=1)
    outside = 1.0 - inside
    within, beyond = (
        _ratios(half @ sums, half @ squares, (half @ lengths)[:, np.newaxis]) for half in (inside, outside)
    )
    rows = np.arange(len(halves))
    best = within.argmax(axis=1)
    return within[rows, best], beyond[rows, best], ranks(beyond, best)


def ranks(ratios: Array, chosen: NDArray[np.int64]) -> Array:
    """Rank of the chosen one of each row; 1 is the worst, and equal ones share their ranks.

    >>> ranks(np.array([[0.1, 0.3, 0.3]]), np.array([2])).tolist()
    [2.5]
    """
    judged = ratios[np.arange(len(ratios)), chosen][:, np.newaxis]
    below, equal = (ratios < judged).sum(axis=1), (ratios == judged).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2)


def _ratios(sums: Array, squares: Array, periods: Array) -> Array:
    mean = sums / periods
    variance = (squares - sums * mean) / (periods - 1)
    varies = variance > _NO_VARIANCE * squares / periods
    return np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0)


def slope(inside: Array, outside: Array) -> float | None:
    """Slope of a line through points, by least squares; None where all stand above one another."""
    deviation = inside - inside.mean()
    spread = float((deviation**2).sum())
    return float((deviation * outside).sum()) / spread if spread > 0 else None
