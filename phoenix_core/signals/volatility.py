"""Realized volatility of trades: the root of the sum of squared log returns in a window of time.

Squared returns are summed as integers of 1e-18, so what enters a window leaves it again without a
trace, and a quiet hour has a volatility of exactly zero.
"""

import numpy as np
from numpy.typing import NDArray

UNIT = 1e18
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def squared_returns(prices: Floats) -> Ints:
    """Squared log return of each trade against the one before it, in units of 1e-18; the first has 0."""
    squares = np.zeros(prices.size, dtype=np.int64)
    if prices.size > 1:
        returns = np.log(prices[1:] / prices[:-1])
        squares[1:] = np.rint(returns * returns * UNIT).astype(np.int64)
    return squares


def realized_volatility(times: Ints, prices: Floats, at: Ints, window_ns: int) -> Floats:
    """Realized volatility at some trades.

    Args:
        times: Time of each trade in ns, not falling.
        prices: Price of each trade, positive.
        at: Indices of the trades at which it is wanted.
        window_ns: Returns younger than or just this old count.

    Returns:
        sqrt(sum of squared log returns in [t - window_ns, t]), as a fraction, not annualized.
    """
    running = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(squared_returns(prices))])
    starts = np.searchsorted(times, times[at] - window_ns, side="left")
    # Sums wrap modulo 2^64 over a wild day; their difference is right all the same.
    return np.asarray(np.sqrt((running[at + 1] - running[starts]).astype(np.float64) / UNIT))
