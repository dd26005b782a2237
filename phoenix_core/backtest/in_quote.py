"""A result that settles in coins, in quote units beside them.

Coins are worth another amount every minute, so there are two questions. What trading gained: each change of the account
at the price it was made at (of the fill, or the mark). What the account gained in worth: its coins at the last price
less those at the first. The second less the first is what the coins gained by being held, the revaluation.
"""

from decimal import Decimal

import polars as pl

from phoenix_core.execution.holding import rounded


def in_quote(ledger: pl.DataFrame, prices: pl.DataFrame, starting: Decimal, final: Decimal) -> dict[str, str]:
    """Parts of the PnL, balances and the revaluation, in quote units, rounded to 8 decimals.

    Args:
        ledger: Every change, `LEDGER_SCHEMA`, amounts in coins.
        prices: price of each minute, as it was published.
        starting: Coins before.
        final: Coins after.
    """
    zero = Decimal(0)
    slippage, realized, fees, funding = (
        sum((row[name] * row["price"] for row in ledger.iter_rows(named=True)), zero)
        for name in ("slippage", "realized", "fee", "funding")
    )
    ends = [Decimal(prices["price"][place]) for place in (0, -1)] if prices.height else [zero, zero]
    begun, ended = starting * ends[0], final * ends[1]
    net = realized + fees + funding
    found = {
        "price": realized - slippage,
        "slippage": slippage,
        "fees": fees,
        "funding": funding,
        "net": net,
        "starting_balance": begun,
        "revaluation": ended - begun - net,
        "final_balance": ended,
    }
    return {name: format(rounded(value), "f") for name, value in found.items()}
