"""What a portfolio gave: the result of each listing, and all of them as one account.

The result of a listing among others is as if its gains alone had been added to the whole balance. Where there is but
one listing, the tables of the account are its own; of several they have a column that says whose each row is.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from phoenix_core.backtest.ledger import LEDGER_SCHEMA, Ledger, Parts, require_balance
from phoenix_core.backtest.minutes import stretches
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.result import Result, insolvent_ns
from phoenix_core.execution.holding import payoff_of
from phoenix_core.execution.limits import Limit
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing

LISTING = "listing"


@dataclass(frozen=True, slots=True)
class PortfolioResult:
    """What a portfolio gave.

    Attributes:
        portfolio: What was run.
        results: Of each listing, in their order.
        fills: Of all, in time order; at one instant in the order of the listings.
        ledger: Every change of the account, likewise; round trips as they were closed.
        equity: The account at the end of each minute: ts (ns), equity, cash; of several listings also gross (what is
            held, long and short added), net (long less short) and positions (how many). Of one, as a backtest has it.
        final_balance: The engine's balance at the end, flat.
        refused: Entries that the limits refused, by listing and why.
    """

    portfolio: Portfolio
    results: tuple[Result, ...]
    fills: pl.DataFrame
    ledger: Ledger
    equity: pl.DataFrame
    final_balance: Decimal
    refused: dict[str, dict[Limit, int]]

    @property
    def days(self) -> tuple[date, ...]:
        """Days on which at least one listing was replayed."""
        return tuple(sorted({day for one in self.results for day in one.days}))

    @property
    def versions(self) -> dict[str, str]:
        """Data versions of all inputs, by asset and day."""
        return {name: version for one in self.results for name, version in one.versions.items()}

    @property
    def insolvent_ns(self) -> int | None:
        """When the account was first worth nothing; None: never."""
        rows = self.ledger.rows
        # While others are held, cash says little; at the end nothing is.
        return insolvent_ns(rows.filter(pl.col("position") == 0) if len(self.results) == 1 else rows[-1:], self.equity)


def portfolio_result(
    portfolio: Portfolio, results: Sequence[Result], balance: Decimal, refused: Counter[tuple[str, Limit]]
) -> PortfolioResult:
    """Put the results of listings together, and hold them against the account.

    Args:
        portfolio: What was run.
        results: In the order of its listings.
        balance: Of the engine's account at the end.
        refused: Entries that the limits refused, by instrument and why.

    Raises:
        LedgerUnbalanced: The parts of all PnL are not the account's change.
    """
    parts = Parts(*(sum((getattr(one.ledger.parts, name) for one in results), Decimal(0)) for name in _PARTS))
    first = specification(Listing.parse(portfolio.listings[0]), portfolio.first)
    require_balance(portfolio.starting, parts, balance, payoff_of(first))
    names = {specification(Listing.parse(name), portfolio.first).instrument_id: name for name in portfolio.listings}
    counted: dict[str, dict[Limit, int]] = {name: {} for name in portfolio.listings}
    for (instrument, limit), count in sorted(refused.items()):
        counted[names[instrument]][limit] = count
    return PortfolioResult(
        portfolio=portfolio,
        results=tuple(results),
        fills=merged([one.fills for one in results], portfolio.listings, "ts"),
        ledger=Ledger(_rows(portfolio, results), _trips(portfolio, results), parts),
        equity=account_equity(results, portfolio.starting),
        final_balance=balance,
        refused=counted,
    )


_PARTS = ("price", "slippage", "fees", "funding")


def merged(tables: Sequence[pl.DataFrame], listings: Sequence[str], *by: str | pl.Expr) -> pl.DataFrame:
    """Tables of listings as one in some order, at one place in that of the listings; one table stays as it is."""
    if len(tables) == 1:
        return tables[0]
    told = [table.select(pl.lit(name).alias(LISTING), pl.all()) for name, table in zip(listings, tables, strict=True)]
    # Concatenated they are in the order of the listings, and a stable sort leaves them so.
    return pl.concat(told).sort(*by, maintain_order=True)


def _rows(portfolio: Portfolio, results: Sequence[Result]) -> pl.DataFrame:
    rows = merged([one.ledger.rows for one in results], portfolio.listings, "ts", pl.col("kind") != "fill")
    if len(results) == 1:
        return rows
    cash, known = portfolio.starting, []
    for amount in rows["amount"]:
        cash += amount
        known.append(cash)
    return rows.with_columns(pl.Series("cash", known, dtype=LEDGER_SCHEMA["cash"]))


def _trips(portfolio: Portfolio, results: Sequence[Result]) -> pl.DataFrame:
    return merged([one.ledger.round_trips for one in results], portfolio.listings, "closed_ns")


def account_equity(results: Sequence[Result], starting: Decimal) -> pl.DataFrame:
    """The account at the end of each minute in which one of them traded; each counts as it was last known."""
    if len(results) == 1:
        return results[0].equity
    curves = [one.curve for one in results]
    spans = [curve.minutes.span for curve in curves]
    known: list[pl.DataFrame] = [curve.none() for curve in curves]
    parts = []
    # A month of one listing at a time: neither symbols nor days are held at once.
    for first, last in stretches(min(begin for begin, _ in spans), max(end for _, end in spans)):
        minutes = pl.Series("ts", [], dtype=pl.Int64)
        for curve in curves:
            ends = curve.minutes.between(first, last)["minute_ns"].alias("ts")
            minutes = pl.concat([minutes, ends]).unique()
        account = _flat(minutes.sort().to_frame(), float(starting))
        for place, curve in enumerate(curves):
            of_one = pl.concat([known[place], curve.between(first, last)])
            account = _added(account, of_one, float(starting))
            known[place] = of_one.tail(1)
        parts.append(account)
    return pl.concat(parts, rechunk=True)


def _flat(minutes: pl.DataFrame, balance: float) -> pl.DataFrame:
    """An account that holds nothing."""
    whole, zero = pl.lit(balance), pl.lit(0.0)
    return minutes.with_columns(
        whole.alias("equity"), whole.alias("cash"), zero.alias("gross"), zero.alias("net"),
        pl.lit(0, pl.Int64).alias("positions"),
    )  # fmt: skip


def _added(account: pl.DataFrame, of_one: pl.DataFrame, balance: float) -> pl.DataFrame:
    """An account with what a listing gained and holds at each minute, as it was last known."""
    worth = (pl.col("position") * pl.col("price")).fill_null(0)
    known = (
        account.select("ts")
        .join_asof(of_one, on="ts", strategy="backward")
        .select(
            (pl.col("equity") - balance).fill_null(0),
            (pl.col("cash") - balance).fill_null(0),
            worth.abs().alias("gross"),
            worth.alias("net"),
            (worth != 0).cast(pl.Int64).alias("positions"),
        )
    )
    return account.with_columns(account[name] + known[name] for name in known.columns)
