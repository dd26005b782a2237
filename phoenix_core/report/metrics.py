"""Statistics of a backtest, from its tables; pure.

Definitions: returns are of the account's equity at hourly steps; Sharpe is their mean by their standard
deviation, annualized by sqrt(24 * 365) since the market never closes, with no risk-free rate; drawdown
is taken on minute equity; exposure is the share of minutes with a position. A trade is a round trip from
flat to flat. Probabilistic and deflated Sharpe ratios are those of Bailey and López de Prado, "The Sharpe
Ratio Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014), on the same hourly returns.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, pstdev

import polars as pl

_HOUR = 3_600_000_000_000
_HOURS_A_YEAR = 24 * 365
_LEAST_RETURNS = 2
_EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a backtest; None where too little happened to tell.

    Attributes:
        max_drawdown: Largest fall from a high, as a share of it, 0 or positive.
        sharpe: Annualized, see the module.
        exposure: Share of minutes with a position.
        trips: Round trips.
        won: Round trips with a net gain.
        probabilistic_sharpe: Chance that the true Sharpe ratio is above zero.
        profit_factor: Gains of round trips by their losses; None without a loss.
    """

    max_drawdown: float
    sharpe: float | None
    exposure: float
    trips: int
    won: int
    probabilistic_sharpe: float | None = None
    profit_factor: float | None = None


def hourly_returns(equity: pl.DataFrame) -> pl.Series:
    """Relative changes of equity (ts, equity) from hour to hour."""
    hours = equity.group_by(pl.col("ts") // _HOUR, maintain_order=True).agg(pl.col("equity").last())
    return hours["equity"].cast(pl.Float64).pct_change().drop_nulls()


def probabilistic_sharpe(returns: pl.Series, benchmark: float = 0.0) -> float | None:
    """Chance that the true Sharpe ratio of a period exceeds a benchmark, both not annualized.

    Takes skew and fat tails into account; None with fewer than two returns, or where nothing varies.

    >>> round(probabilistic_sharpe(pl.Series([0.01, -0.01] * 50)), 3)
    0.5
    """
    ratio = _plain_ratio(returns)
    if ratio is None:
        return None
    skew, kurtosis = returns.skew() or 0.0, returns.kurtosis(fisher=False) or 3.0
    spread = math.sqrt(max(1e-12, 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2))
    return NormalDist().cdf((ratio - benchmark) * math.sqrt(returns.len() - 1) / spread)


def deflated_sharpe(returns: Sequence[pl.Series]) -> float | None:
    """Chance that the best of several experiments is better than luck alone would make the best of them.

    Args:
        returns: Hourly returns of each experiment that was tried, the bad ones too.
    """
    ratios = [ratio for one in returns if (ratio := _plain_ratio(one)) is not None]
    if len(ratios) < _LEAST_RETURNS:
        return None
    tried, normal = len(ratios), NormalDist()
    luck = (1 - _EULER) * normal.inv_cdf(1 - 1 / tried) + _EULER * normal.inv_cdf(1 - 1 / (tried * math.e))
    best = max(returns, key=lambda one: _plain_ratio(one) or -math.inf)
    return probabilistic_sharpe(best, pstdev(ratios) * math.sqrt(tried / (tried - 1)) * luck)


def _plain_ratio(returns: pl.Series) -> float | None:
    deviation, mean = returns.std(), returns.mean()
    if returns.len() < _LEAST_RETURNS or not isinstance(deviation, float) or not isinstance(mean, float):
        return None
    return mean / deviation if deviation > 0 else None


def statistics(equity: pl.DataFrame, trips: pl.DataFrame) -> Statistics:
    """Compute the statistics of an equity curve (ts, equity, position) and its round trips (net).

    >>> curve = pl.DataFrame({"ts": [0, 1, 2], "equity": [100.0, 80.0, 90.0], "position": [0.0, 1.0, 1.0]})
    >>> round(statistics(curve, pl.DataFrame({"net": [-10.0]})).max_drawdown, 6)
    0.2
    """
    values = equity["equity"]
    drawdown = float((1 - values / values.cum_max()).max() or 0.0) if values.len() else 0.0  # type: ignore[arg-type]
    exposed = float((equity["position"] != 0).mean() or 0.0) if values.len() else 0.0  # type: ignore[arg-type]
    return Statistics(
        max_drawdown=drawdown,
        sharpe=sharpe_ratio(equity),
        exposure=exposed,
        trips=trips.height,
        won=int((trips["net"] > 0).sum()) if trips.height else 0,
        probabilistic_sharpe=probabilistic_sharpe(hourly_returns(equity)),
        profit_factor=_profit_factor(trips["net"].cast(pl.Float64)),
    )


def _profit_factor(net: pl.Series) -> float | None:
    lost = -float(net.filter(net < 0).sum())
    return float(net.filter(net > 0).sum()) / lost if lost else None


def sharpe_ratio(equity: pl.DataFrame) -> float | None:
    """Annualized Sharpe ratio of hourly returns; None with fewer than two, or where nothing varies."""
    ratio = _plain_ratio(hourly_returns(equity))
    return None if ratio is None else ratio * math.sqrt(_HOURS_A_YEAR)
