"""Statistics of a backtest, from its tables; pure.

Definitions: returns are those of the account's equity from hour to hour, UTC, so that a single day has
figures too; a year has 8,760 of them, since the market never closes; no risk-free rate. Sharpe and Sortino
are NautilusTrader's own statistics, and so is the drawdown, on minute equity; exposure is the share of
minutes with a position. A trade is a round trip from flat to flat, after fees and funding.

Probabilistic and deflated Sharpe ratios, which NautilusTrader has not, are those of Bailey and López de
Prado, "The Sharpe Ratio Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, pstdev

import polars as pl
from nautilus_trader.core.nautilus_pyo3 import MaxDrawdown, SharpeRatio, SortinoRatio

from phoenix_core.market import DAY_NS

HOURS_A_YEAR = 24 * 365
_HOUR_NS = DAY_NS // 24
_LEAST_RETURNS = 2
_EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a backtest; None where too little happened to tell.

    Attributes:
        max_drawdown: Largest fall from a high, as a share of it, 0 or positive.
        sharpe: Annualized, see the module.
        sortino: Likewise, by the deviation of losses alone.
        exposure: Share of minutes with a position.
        trips: Round trips.
        won: Round trips with a net gain.
        expectancy: Mean net of a round trip, in quote units.
        probabilistic_sharpe: Chance that the true Sharpe ratio is above zero.
        profit_factor: Gains of round trips by their losses; None without a loss.
    """

    max_drawdown: float
    sharpe: float | None
    sortino: float | None
    exposure: float
    trips: int
    won: int
    expectancy: float | None
    probabilistic_sharpe: float | None
    profit_factor: float | None


def statistics(equity: pl.DataFrame, trips: pl.DataFrame) -> Statistics:
    """Compute the statistics of an equity curve (ts, equity, position) and its round trips (net).

    >>> curve = pl.DataFrame({"ts": [0, 1, 2], "equity": [100.0, 80.0, 90.0], "position": [0.0, 1.0, 1.0]})
    >>> round(statistics(curve, pl.DataFrame({"net": [-10.0]})).max_drawdown, 6)
    0.2
    """
    net = trips["net"].cast(pl.Float64).to_list()
    exposed = (equity["position"] != 0).mean() if equity.height else 0.0
    hourly = hourly_returns(equity)
    # NautilusTrader sums what falls on one day: each period is given a day of its own.
    periods = {number * DAY_NS: value for number, value in enumerate(hourly)}
    return Statistics(
        max_drawdown=max_drawdown(equity),
        sharpe=_known(SharpeRatio(HOURS_A_YEAR).calculate_from_returns(periods)),
        sortino=_known(SortinoRatio(HOURS_A_YEAR).calculate_from_returns(periods)),
        exposure=float(exposed or 0.0),  # type: ignore[arg-type]
        trips=len(net),
        won=sum(value > 0 for value in net),
        expectancy=sum(net) / len(net) if net else None,
        probabilistic_sharpe=probabilistic_sharpe(hourly),
        profit_factor=_profit_factor(net),
    )


def hourly_returns(equity: pl.DataFrame) -> pl.Series:
    """Relative changes of equity (ts, equity) over each hour that has some, the first from its first minute."""
    hours = equity.group_by(pl.col("ts") // _HOUR_NS, maintain_order=True).agg(
        pl.col("equity").first().cast(pl.Float64).alias("first"), pl.col("equity").last().cast(pl.Float64)
    )
    return hours["equity"] / hours["equity"].shift(1).fill_null(hours["first"]) - 1


def max_drawdown(equity: pl.DataFrame) -> float:
    """Largest fall of equity from a high, as a share of it; 0 without one."""
    values = equity["equity"].cast(pl.Float64)
    changes = (values / values.shift(1) - 1).fill_null(0.0)
    return -(_known(MaxDrawdown().calculate_from_returns(dict(zip(equity["ts"], changes, strict=True)))) or 0.0)


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
        returns: Returns of each experiment that was tried, the bad ones too, all of one period.
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


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _profit_factor(net: Sequence[float]) -> float | None:
    lost = -sum(value for value in net if value < 0)
    return sum(value for value in net if value > 0) / lost if lost else None
