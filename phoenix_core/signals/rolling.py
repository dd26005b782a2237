"""Rolling z-scores in two passes: stable for numbers as large as open interest.

The textbook difference of sums of squares cancels catastrophically there; a window is first taken
relative to its oldest value, which is exact for neighbours, then centred, then squared. Both replays
of a signal, by arrays and by ticks, go through `z_score`.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NO_VARIANCE = 1e-12


def z_score(window: Floats) -> float:
    """Z-score of the last value within its window, population variance; 0 where nothing varies.

    >>> z_score(np.array([1.0, 2.0, 3.0]))
    1.224744871391589
    """
    relative = window - window[0]
    centred = relative - relative.mean()
    variance = float(np.mean(centred * centred))
    return float(centred[-1]) / variance**0.5 if variance >= _NO_VARIANCE else 0.0


def z_scores_by_count(values: Floats, window: int) -> Floats:
    """Z-score of each value within the last `window` values, itself included; shorter at the start."""
    head = [z_score(values[: end + 1]) for end in range(min(window - 1, values.size))]
    if values.size < window:
        return np.array(head, dtype=np.float64)
    windows = sliding_window_view(values, window)
    relative = windows - windows[:, :1]
    centred = relative - relative.mean(axis=1, keepdims=True)
    variance = np.mean(centred * centred, axis=1)
    varies = variance >= _NO_VARIANCE
    scores = np.where(varies, centred[:, -1] / np.sqrt(np.where(varies, variance, 1.0)), 0.0)
    return np.concatenate([np.array(head, dtype=np.float64), scores])


def z_scores_by_time(times: NDArray[np.int64], values: Floats, window_ns: int, first: int) -> Floats:
    """Z-score of each value from index `first` on, within the values of the last `window_ns`.

    The window of a value at t is (t - window_ns, t].
    """
    starts = np.searchsorted(times, times[first:] - window_ns, side="right")
    return np.array([z_score(values[start : first + n + 1]) for n, start in enumerate(starts)], dtype=np.float64)
