"""An account's worth, minute by minute."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from phoenix_core.backtest.ledger import LEDGER_SCHEMA
from phoenix_core.backtest.minutes import Minutes, stretches
from phoenix_core.execution.holding import Payoff

_LINEAR = Payoff()


@dataclass(frozen=True, slots=True)
class Curve:
    """What is needed to value an account of one listing at any minute.

    Attributes:
        minutes: Prices.
        rows: The ledger.
        starting: Balance before.
        payoff: How quantities and prices become money.
    """

    minutes: Minutes
    rows: pl.DataFrame
    starting: Decimal
    payoff: Payoff

    def between(self, first: date, last: date) -> pl.DataFrame:
        """The account at the minutes of the days in [first, last], see `equity_curve`."""
        return equity_curve(self.minutes.between(first, last), self.rows, self.starting, self.payoff)

    def none(self) -> pl.DataFrame:
        """No minute of it."""
        return equity_curve(self.minutes.ends().clear(), self.rows, self.starting, self.payoff)

    def whole(self) -> pl.DataFrame:
        """All of it."""
        parts = [self.between(*stretch) for stretch in stretches(*self.minutes.span)]
        return pl.concat(parts, rechunk=True)


def equity_curve(prices: pl.DataFrame, rows: pl.DataFrame, starting: Decimal, payoff: Payoff = _LINEAR) -> pl.DataFrame:
    """Value the account at the end of each minute that had a trade.

    Args:
        prices: minute_ns and price.
        rows: The ledger.
        starting: Balance before.
        payoff: How quantities and prices become money.

    Returns:
        ts (ns), price, position, equity and cash, as Float64: for pictures and statistics, not for books; less than can
        be sold is no position, but counts. Of an inverse contract also equity_in_quote, at the minute's price.
    """
    columns = ("ts", "position", "entry_price", "cash")
    start = pl.DataFrame(
        {"ts": [0], "position": [Decimal(0)], "entry_price": [Decimal(0)], "cash": [starting]},
        schema={name: LEDGER_SCHEMA[name] for name in columns},
    )
    known = pl.concat([start, rows.select(columns)]).with_columns(
        pl.col("position", "entry_price", "cash").cast(pl.Float64)
    )
    minutes = prices.select(pl.col("minute_ns").alias("ts"), pl.col("price").cast(pl.Float64)).sort("ts")
    valued = minutes.join_asof(known, on="ts", strategy="backward")
    shown = ("ts", "price", "position", "equity", "cash")
    if payoff.size is None:
        equity = pl.col("cash") + pl.col("position") * (pl.col("price") - pl.col("entry_price"))
        kept = pl.when(pl.col("position").abs() >= float(payoff.dust)).then(pl.col("position")).otherwise(0.0)
        return valued.with_columns(equity.alias("equity"), kept.alias("position")).select(shown)
    gain = pl.col("position") * float(payoff.size) * (1 / pl.col("entry_price") - 1 / pl.col("price"))
    worth = pl.col("cash") + pl.when(pl.col("position") == 0).then(0.0).otherwise(gain)
    in_quote = (worth * pl.col("price")).alias("equity_in_quote")
    return valued.with_columns(worth.alias("equity"), in_quote).select(*shown, "equity_in_quote")
