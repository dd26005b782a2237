"""Statistics of a backtest, from its tables; pure.

Definitions: returns are of the account's equity at hourly steps; Sharpe is their mean by their standard
deviation, annualized by sqrt(24 * 365) since the market never closes, with no risk-free rate; drawdown
is taken on minute equity; exposure is the share of minutes with a position.
"""

import math
from dataclasses import dataclass

import polars as pl

_HOUR = 3_600_000_000_000
_HOURS_A_YEAR = 24 * 365
_LEAST_RETURNS = 2


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a backtest; None where too little happened to tell.

    Attributes:
        max_drawdown: Largest fall from a high, as a share of it, 0 or positive.
        sharpe: Annualized, see the module.
        exposure: Share of minutes with a position.
        trips: Round trips.
        won: Round trips with a net gain.
    """

    max_drawdown: float
    sharpe: float | None
    exposure: float
    trips: int
    won: int


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
    )


def sharpe_ratio(equity: pl.DataFrame) -> float | None:
    """Annualized Sharpe ratio of hourly returns; None with fewer than two, or where nothing varies."""
    hours = equity.group_by(pl.col("ts") // _HOUR, maintain_order=True).agg(pl.col("equity").last())
    returns = hours["equity"].pct_change().drop_nulls()
    if returns.len() < _LEAST_RETURNS:
        return None
    deviation = returns.std()
    mean = returns.mean()
    if not isinstance(deviation, float) or not isinstance(mean, float) or deviation <= 0:
        return None
    return mean / deviation * math.sqrt(_HOURS_A_YEAR)
