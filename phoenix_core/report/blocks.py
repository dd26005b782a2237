"""Blocks of a series drawn anew: the stationary bootstrap, and how long its blocks should be.

Pure, and blind to what the series is. Politis and Romano, "The Stationary Bootstrap" (1994); Politis and White,
"Automatic Block-Length Selection for the Dependent Bootstrap" (2004), with the correction of Patton, Politis and White
(2009). The package `arch` has both; it would bring SciPy and statsmodels, 200 MB, for these few lines, so it is a
witness in the tests instead.
"""

import math

import numpy as np
from numpy.typing import NDArray

_LEAST_LAGS = 5
_SIGNIFICANT = 2.0  # c of the paper: of deviations of an autocorrelation under independence


def block_length(series: NDArray[np.float64]) -> float:
    """Mean length of the blocks that keep a series' dependence, at least 1 and at most a third of the series.

    A series that never varies has no dependence to keep.
    """
    count = series.size
    covariances = _autocovariances(series, math.ceil(math.sqrt(count)) + _LEAST_LAGS)
    if count <= _LEAST_LAGS or covariances[0] <= 0:
        return 1.0
    # The flat-top kernel of the paper: lags up to half the bandwidth count in full, the rest less and less.
    lags = np.arange(1, _bandwidth(covariances, count) + 1)
    weights = np.minimum(1.0, 2 * (1 - lags / lags[-1])) if lags.size else np.empty(0)
    known = covariances[lags]
    slope = 2 * float((weights * lags * known).sum())
    spectrum = float(covariances[0] + 2 * (weights * known).sum())
    if spectrum <= 0:
        return 1.0
    # (2 G² / D × n)^(1/3), where D is 2 g(0)² since the correction of 2009: the twos cancel.
    found = (slope**2 / spectrum**2 * count) ** (1 / 3)
    return float(min(max(found, 1.0), math.ceil(min(3 * math.sqrt(count), count / 3))))


def resamples(count: int, length: float, draws: int, seed: int) -> NDArray[np.int64]:
    """Positions of a series of `count` values, drawn anew in blocks of geometric length, round its end.

    Args:
        count: Length of the series, and of each draw.
        length: Mean length of a block.
        draws: How many.
        seed: The same seed gives the same positions.

    Returns:
        An array of `draws` rows.
    """
    chance = np.random.default_rng(seed)
    begins = chance.random((draws, count)) < 1 / length
    begins[:, 0] = True
    places = np.arange(count)
    begun = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    first = np.take_along_axis(chance.integers(0, count, (draws, count)), begun, axis=1)
    found: NDArray[np.int64] = (first + places - begun) % count
    return found


def _autocovariances(series: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    around = series - series.mean()
    known = min(lags, series.size - 1)
    return np.array([around[lag:] @ around[: series.size - lag] for lag in range(known + 1)]) / series.size


def _bandwidth(covariances: NDArray[np.float64], count: int) -> int:
    """Lags that the window reaches: twice the first of five insignificant ones, or as many as are looked at.

    The paper takes the lag before these five; this is the wider window that `arch` takes.
    """
    most = covariances.size - 1
    quiet = np.abs(covariances / covariances[0]) < _SIGNIFICANT * math.sqrt(math.log10(count) / count)
    first = next((lag for lag in range(1, most - _LEAST_LAGS + 2) if quiet[lag : lag + _LEAST_LAGS].all()), most)
    return min(2 * first, most)
