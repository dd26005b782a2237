"""Write what a portfolio gave, and record it."""

from typing import Any

from phoenix_core.backtest.portfolio.recipe import portfolio_recipe
from phoenix_core.backtest.portfolio.result import PortfolioResult, merged
from phoenix_core.backtest.publish import (
    identity_of,
    orders_of,
    parts_as_text,
    recorded,
    span_of,
    told_of,
    with_zip,
    written,
    zips_of,
)
from phoenix_core.backtest.result import Result
from phoenix_core.manifest import Entry
from phoenix_core.storage.lake import Lake

FILE = "portfolio.json"
ASSET = "portfolio"


def publish_portfolio(lake: Lake, result: PortfolioResult) -> Entry:
    """Write fills, positions, ledger, equity and orders of all listings, then record them.

    The folder is `backtests/<portfolio>/<day or first_last>`, as that of a backtest; the manifest's file is
    `portfolio.json`, which names the digest of each of the others. Of one listing the tables are those of its backtest,
    byte for byte; of several each has a column `listing`, and equity is that of the account.
    """
    portfolio, results = result.portfolio, result.results
    span = span_of(portfolio)
    folder = f"backtests/{portfolio.name}/{span}"
    zips = [zips_of(lake, one) for one in results]
    trips = [with_zip(one.ledger.round_trips, its) for one, its in zip(results, zips, strict=True)]
    digests = written(
        lake,
        folder,
        {
            "fills": result.fills,
            "positions": merged(trips, portfolio.listings, "closed_ns"),
            "ledger": result.ledger.rows,
            "equity": result.equity,
            "orders": merged([orders_of(one) for one in results], portfolio.listings, "sent_ns"),
        },
    )
    orders = [count for one in results for count in one.orders.items()]
    document = {
        "portfolio": portfolio.model_dump(mode="json"),
        "identity": portfolio_identity(result),
        "recipe": portfolio_recipe(portfolio),
        "inputs": result.versions,
        "zips": {file: digest for its in zips for file, digest in its.values()},
        "files": digests,
        "days": [day.isoformat() for day in result.days],
        "ruined_ns": result.insolvent_ns,
        "starting_balance": str(portfolio.starting),
        "final_balance": str(result.final_balance),
        "parts": parts_as_text(result.ledger.parts),
        "orders": {
            end: sum(count for name, count in orders if name == end) for end in sorted({end for end, _ in orders})
        },
        "assumptions": _assumptions(result),
        "listings": {
            name: _told(one) | {"refused": {limit.value: count for limit, count in result.refused[name].items()}}
            for name, one in zip(portfolio.listings, results, strict=True)
        },
    }
    return recorded(lake, ASSET, f"{folder}/{FILE}", document, result.fills.height)


def portfolio_identity(result: PortfolioResult) -> str:
    """Digest of what was run, by which code, on which data: two results of one identity are equal."""
    return identity_of("portfolio", result.portfolio, portfolio_recipe(result.portfolio), result.versions)


def _told(one: Result) -> dict[str, Any]:
    """What is said of one listing."""
    return told_of(one) | {"fills": one.fills.height, "round_trips": one.ledger.round_trips.height}


def _assumptions(result: PortfolioResult) -> list[str]:
    """What a reader must know of the account as a whole."""
    if len(result.results) == 1:
        return []
    limits = result.portfolio.limits
    positions = "any number" if limits.max_positions is None else str(limits.max_positions)
    leverage = "any" if limits.max_gross_leverage is None else f"{limits.max_gross_leverage:f}"
    let_in = (
        f"limits: {positions} of positions and entries at once, gross leverage {leverage}; an entry needs its initial "
        "margin besides that of all others, valued at the mid seen; what is beyond is refused, an exit never"
    )
    notes = [
        "one account: sizes are made of its whole balance, gains of what is held left out",
        let_in,
        "liquidation: of the whole account, by the worst marks of a minute as if all had come at one time",
        "at one instant: trades, quotes, what is due, signals, and of each the listings in the order of their names",
    ]
    if any("quotes implied" in note for one in result.results for note in one.assumptions):
        notes.append("quotes implied from trades: of several listings no interval is known, so net is one of many")
    return notes
