"""Several experiments over one range side by side, and what the best of them is worth."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from phoenix_core.errors import InputMissing
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.report.metrics import deflated_sharpe, hourly_returns, statistics
from phoenix_core.storage import Lake


@dataclass(frozen=True, slots=True)
class Comparison:
    """Results over one listing and range.

    Attributes:
        listing: market:SYMBOL.
        span: The range of days, as it names the folder.
        rows: One row a result, best Sharpe ratio first: experiment, net, trips, max_drawdown, sharpe, probabilistic.
        deflated: Chance that the best is better than luck makes the best of so many; None with fewer than two.
    """

    listing: str
    span: str
    rows: pl.DataFrame
    deflated: float | None


def comparison(lake: Lake, listing: str, span: str) -> Comparison:
    """Compare all published results of a listing over a range.

    Args:
        lake: The data folder.
        listing: market:SYMBOL.
        span: Name of the range, `first_last`, or the day.

    Raises:
        InputMissing: There is no result of that listing and range.
        CatalogCorrupt: A table is not what was published.
    """
    rows, returns = [], []
    for described in sorted(lake.path("backtests").glob(f"*/{span}/experiment.json")):
        location = str(described.parent.relative_to(lake.root))
        document = document_in(lake, location)
        if document["experiment"]["listing"] == listing:
            equity = table_in(lake, location, "equity", document)
            rows.append(_row(lake, location, document, equity))
            returns.append(hourly_returns(equity))
    if not rows:
        raise InputMissing(f"No backtest of {listing} over {span} lies in {lake.path('backtests')}.")
    table = pl.DataFrame(rows, infer_schema_length=None).sort("sharpe", descending=True, nulls_last=True)
    return Comparison(listing, span, table, deflated_sharpe(returns))


def _row(lake: Lake, location: str, document: dict[str, Any], equity: pl.DataFrame) -> dict[str, Any]:
    found = statistics(equity, table_in(lake, location, "positions", document))
    return {
        "experiment": location.split("/")[1],
        "net": float(document["parts"]["net"]),
        "trips": found.trips,
        "max_drawdown": found.max_drawdown,
        "sharpe": found.sharpe,
        "probabilistic": found.probabilistic_sharpe,
    }
