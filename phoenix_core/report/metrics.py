"""Statistics of a backtest, from its tables; pure.

`Statistics` says what each figure means. Returns are those of the account's equity from hour to hour, UTC,
so that a single day has figures too; a year has 8,760 of them, since the market never closes. Sharpe
and Sortino are NautilusTrader's own statistics, and drawdown is equal to it.

The probabilistic Sharpe ratio, which NautilusTrader has not, is that of Bailey and López de Prado, "The Sharpe Ratio
Efficient Frontier" (2012).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, get_type_hints

import numpy as np
import polars as pl
from nautilus_trader.core.nautilus_pyo3 import SharpeRatio, SortinoRatio

from phoenix_core.instruments.specification import money_form
from phoenix_core.market import DAY_NS

HOURS_A_YEAR = 24 * 365
_HOUR_NS = DAY_NS // 24
_LEAST_RETURNS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """How a statistic is called, how it is written, and what it means: for whoever shows it.

    Attributes:
        name: Its name in the field.
        form: Format specification of the number.
        meaning: How it is computed.
        is_money: It is an amount in the settlement currency.
    """

    name: str
    form: str
    meaning: str
    is_money: bool = False

    def text(self, value: float | None, currency: str = "USDT") -> str:
        """Write a value, an amount with the decimals of its currency; "none" where too little happened to tell.

        >>> Figure("exposure", ".1%", "").text(0.25)
        '25.0%'
        """
        form = f"+{money_form(currency)}" if self.is_money else self.form
        return "none" if value is None else format(value, form)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a backtest, each with its name and meaning; None where too little happened to tell."""

    max_drawdown: Annotated[
        float, Figure("max drawdown", ".2%", "Largest fall of equity from a high, as a share of it, by minute.")
    ]
    sharpe: Annotated[
        float | None,
        Figure("Sharpe", ".2f", "Mean hourly return by its deviation, annualized by √8,760, no risk-free rate."),
    ]
    sortino: Annotated[
        float | None, Figure("Sortino", ".2f", "As Sharpe, but by the deviation of hours with a loss alone.")
    ]
    exposure: Annotated[float, Figure("exposure", ".1%", "Share of minutes with a position.")]
    round_trips: Annotated[int, Figure("round trips", ",d", "Trades from flat to flat.")]
    won: Annotated[int, Figure("round trips won", ",d", "With a net gain, after fees and funding.")]
    expectancy: Annotated[float | None, Figure("expectancy", "+,.2f", "Mean net of a round trip.", is_money=True)]
    probabilistic_sharpe: Annotated[
        float | None,
        Figure("P(Sharpe > 0)", ".0%", "Chance that the true Sharpe ratio is above zero, given skew and tails."),
    ]
    profit_factor: Annotated[
        float | None, Figure("profit factor", ".2f", "Gains of round trips by their losses; none without a loss.")
    ]


def figures() -> Mapping[str, Figure]:
    """Give the figure of each statistic, by the name of its attribute, in their order."""
    hints = get_type_hints(Statistics, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


def statistics(equity: pl.DataFrame, round_trips: pl.DataFrame) -> Statistics:
    """Compute the statistics of an equity curve (ts, equity, position) and its round trips (net).

    >>> curve = pl.DataFrame({"ts": [0, 1, 2], "equity": [100.0, 80.0, 90.0], "position": [0.0, 1.0, 1.0]})
    >>> round(statistics(curve, pl.DataFrame({"net": [-10.0]})).max_drawdown, 6)
    0.2
    """
    net = round_trips["net"].cast(pl.Float64).to_list()
    exposed = (equity["position"] != 0).mean() if equity.height else 0.0
    hourly = hourly_returns(equity)
    # NautilusTrader sums what falls on one day: each period is given a day of its own.
    periods = {number * DAY_NS: value for number, value in enumerate(hourly)}
    return Statistics(
        max_drawdown=max_drawdown(equity),
        sharpe=_known(SharpeRatio(HOURS_A_YEAR).calculate_from_returns(periods)),
        sortino=_known(SortinoRatio(HOURS_A_YEAR).calculate_from_returns(periods)),
        exposure=float(exposed or 0.0),  # type: ignore[arg-type]
        round_trips=len(net),
        won=sum(value > 0 for value in net),
        expectancy=sum(net) / len(net) if net else None,
        probabilistic_sharpe=probabilistic_sharpe(hourly),
        profit_factor=_profit_factor(net),
    )


def hourly_returns(equity: pl.DataFrame) -> pl.Series:
    """Relative changes of equity (ts, equity) over each hour that has some, the first from its first minute."""
    return hourly_changes(equity)["change"]


def hourly_changes(equity: pl.DataFrame) -> pl.DataFrame:
    """Give the same returns with their hours: hour (since 1970) and change."""
    hours = equity.group_by((pl.col("ts") // _HOUR_NS).alias("hour"), maintain_order=True).agg(
        pl.col("equity").first().cast(pl.Float64).alias("first"), pl.col("equity").last().cast(pl.Float64)
    )
    before = pl.col("equity").shift(1).fill_null(pl.col("first"))
    return hours.select("hour", (pl.col("equity") / before - 1).alias("change"))


def max_drawdown(equity: pl.DataFrame) -> float:
    """Largest fall of equity from a high, as a share of it; 0 without one.

    To the last digit NautilusTrader's `MaxDrawdown` of the same returns, the same steps in the same order, which takes
    a dictionary of all minutes and twenty times as long.
    """
    values = equity["equity"].cast(pl.Float64)
    growth = (1 + (values / values.shift(1) - 1).fill_null(0.0)).to_numpy()
    with np.errstate(invalid="ignore", over="ignore"):  # of an account that was worth nothing no share is known
        worth = np.concatenate([[1.0], growth]).cumprod()
        high = np.fmax.accumulate(worth)
        return float(np.fmax.reduce((high - worth) / high))


def buy_and_hold(equity: pl.DataFrame, starting: float, *, is_inverse: bool = False) -> pl.Series:
    """Worth of a starting balance that bought at the first price (ts, price) and held; no leverage, fees or funding.

    Of an inverse contract it bought as many as the balance is worth: coins beside contracts, which gain
    1 - first / last of these coins.

    >>> prices = pl.DataFrame({"price": [50.0, 62.5, 40.0]})
    >>> buy_and_hold(prices, 100.0).to_list(), buy_and_hold(prices, 5.0, is_inverse=True).to_list()
    ([100.0, 125.0, 80.0], [5.0, 6.0, 3.75])
    """
    prices = equity["price"].cast(pl.Float64)
    if prices.is_empty():
        return prices
    first = float(prices[0])
    return (2 - first / prices) * starting if is_inverse else prices * (starting / first)


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
