"""Choosing and judging again and again, on every combination of parts of a range: what the way of choosing is worth.

Walk-forward has one past; here each group of days is once, and more than once, what the choice is judged by (López de
Prado, "Advances in Financial Machine Learning", 2018, chapter 12; the probability of overfitting is that of Bailey,
Borwein, López de Prado and Zhu, 2015, over purged combinations instead of halves).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import comb

import numpy as np
import polars as pl

from phoenix_core.errors import ConfigInvalid
from phoenix_core.report.metrics import HOURS_A_YEAR
from phoenix_core.sweeps.performance import Performance
from phoenix_core.sweeps.statistics import Array, ranks, sharpe_ratios, slope
from phoenix_core.sweeps.windows import Split, purged_combinations

_ANNUAL = HOURS_A_YEAR**0.5
_LEAST = 2
_MOST_SPLITS = 20_000


@dataclass(frozen=True, slots=True)
class Combinations:
    """How a range is cut for combinatorial purged cross-validation.

    Attributes:
        groups: Into how many runs of days.
        test_groups: How many of them are judged by at a time.
        embargo_days: Days around each judged day that are not chosen on.
    """

    groups: int
    test_groups: int
    embargo_days: int

    def splits(self, first: date, last: date) -> list[Split]:
        """Every choice of groups to judge by, over a range, both days inclusive.

        Raises:
            ConfigInvalid: No such groups, too many ways to choose them, or a way that leaves no day to choose on.
        """
        # Counted before they are made: of forty groups there are a hundred billion halves.
        ways = comb(self.groups, self.test_groups) if 0 < self.test_groups < self.groups else 0
        if ways > _MOST_SPLITS:
            raise ConfigInvalid(
                f"{self.groups} groups of which {self.test_groups} are judged by make {ways:,} ways: expected "
                f"at most {_MOST_SPLITS:,}. Take fewer groups."
            )
        return purged_combinations(first, last, self.groups, self.test_groups, self.embargo_days)


@dataclass(frozen=True, slots=True)
class Combined:
    """What all combinations say together.

    Attributes:
        splits: How many there were.
        probability: Share in which the point that was chosen is no better than the median of all on the judged days.
        probability_of_loss: Share in which it lost on them.
        slope: Of its ratio on the judged days over that on the days it was chosen on, by least squares; negative where
            more in sample was less out of it; None where all are alike.
        in_sample: Median annual Sharpe ratio of the chosen ones on the days they were chosen on.
        out_of_sample: The same on the days they were judged by.
        paths: Ways through the whole range on judged days alone.
        path_sharpe_low: Annual Sharpe ratio of the worst path.
        path_sharpe_median: Of the median path.
        path_sharpe_high: Of the best path.
    """

    splits: int
    probability: float
    probability_of_loss: float
    slope: float | None
    in_sample: float
    out_of_sample: float
    paths: int
    path_sharpe_low: float
    path_sharpe_median: float
    path_sharpe_high: float


def combined(hours: Performance, splits: Sequence[Split]) -> tuple[pl.DataFrame, Combined]:
    """Choose by ratio on the days of each split to choose on, and judge on the others.

    Returns:
        A row a split (the first and last judged day, how many days each side has, the chosen point, and annual Sharpe
        ratios in sample, out of sample, and of the median point out of sample), and what they say together.

    Raises:
        ConfigInvalid: Fewer than two points or splits.
    """
    if len(hours.names) < _LEAST or len(splits) < _LEAST:
        raise ConfigInvalid(
            f"{len(hours.names)} points over {len(splits)} combinations can't be cross-validated: expected two or more "
            "of each. Take a grid of more points, or more groups."
        )
    rows, chosen, places = [], [], []
    for split in splits:
        inside, outside = hours.on(split.train), hours.on(split.test)
        train, test = sharpe_ratios(hours.returns[inside]), sharpe_ratios(hours.returns[outside])
        best = int(train.argmax())
        chosen.append(best)
        # Where the best in sample stands among all of them on days that it was not chosen on.
        places.append(float(ranks(test[np.newaxis], np.array([best]))[0]))
        rows.append(
            {
                "test_first": split.test[0],
                "test_last": split.test[-1],
                "train_days": len(split.train),
                "test_days": len(split.test),
                "experiment": hours.names[best],
                "in_sample_sharpe": float(train[best]) * _ANNUAL,
                "out_of_sample_sharpe": float(test[best]) * _ANNUAL,
                "median_out_of_sample_sharpe": float(np.median(test)) * _ANNUAL,
            }
        )
    table = pl.DataFrame(rows, infer_schema_length=None)
    inner, outer = (table[f"{side}_sample_sharpe"].to_numpy() for side in ("in", "out_of"))
    paths = _path_ratios(hours, splits, chosen) * _ANNUAL
    return table, Combined(
        splits=len(splits),
        # Ranks begin at 1, so the paper divides by one more than there are: a logit of neither 0 nor 1.
        probability=float((np.array(places) / (len(hours.names) + 1) <= 1 / 2).mean()),
        probability_of_loss=float((outer < 0).mean()),
        slope=slope(inner, outer),
        in_sample=float(np.median(inner)),
        out_of_sample=float(np.median(outer)),
        paths=len(paths),
        path_sharpe_low=float(paths.min()),
        path_sharpe_median=float(np.median(paths)),
        path_sharpe_high=float(paths.max()),
    )


def _path_ratios(hours: Performance, splits: Sequence[Split], chosen: Sequence[int]) -> Array:
    """Ratio of each path: the n-th path takes each hour from the n-th split that judged by it.

    Every day is judged by equally often, since every combination of groups is there once.
    """
    judged = np.array([hours.on(split.test) for split in splits])
    seen = judged.cumsum(axis=0)
    returns = np.zeros((int(seen[-1].max()), len(hours.hours)))
    for split, point in enumerate(chosen):
        at = np.flatnonzero(judged[split])
        returns[seen[split, at] - 1, at] = hours.returns[at, point]
    return sharpe_ratios(returns.T)
