"""The page of a result that lies in a folder of the data folder."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from phoenix_core.catalog.store import read_day
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.market import Listing, day_of_ns
from phoenix_core.report.figures import moment
from phoenix_core.report.metrics import statistics
from phoenix_core.report.page import report_page
from phoenix_core.storage import Lake, sha256_of

_TABLES = ("equity", "fills", "positions", "ledger")
_AROUND_NS = 600 * 1_000_000_000
_SIGNAL_ROWS = 20_000


def page_of(lake: Lake, location: str) -> str:
    """Compose the page of a published backtest.

    Args:
        lake: The data folder.
        location: Folder of the result below it, or its full path.

    Raises:
        InputMissing: There is no result.
        CatalogCorrupt: A table is not what was published.
    """
    document = document_in(lake, location)
    tables = {name: table_in(lake, location, name, document) for name in _TABLES}
    experiment = document["experiment"]
    signals = _signals_near(lake, Listing.parse(experiment["listing"]), tables["fills"])
    if signals is not None:
        tables["signals"] = signals
    return report_page(
        f"{experiment['listing']} · {experiment['first']} to {experiment['last']}",
        _figures(document, tables),
        tables,
        _notes(document),
    )


def document_in(lake: Lake, location: str) -> dict[str, Any]:
    """What `experiment.json` of a result says.

    Raises:
        InputMissing: There is no result.
    """
    described = lake.path(location) / "experiment.json"
    if not described.is_file():
        raise InputMissing(
            f"{described.parent} holds no backtest: expected experiment.json. Materialize the backtest first."
        )
    document: dict[str, Any] = json.loads(described.read_bytes())
    return document


def table_in(lake: Lake, location: str, name: str, document: Mapping[str, Any]) -> pl.DataFrame:
    """A table of a result, by the digest that its document gives.

    Raises:
        CatalogCorrupt: It is not what was published.
    """
    path = lake.path(location) / f"{name}.parquet"
    found = sha256_of(path) if path.is_file() else "no file"
    if found != document["files"][path.name]:
        raise CatalogCorrupt(f"{path} is not what was published: found {found}. Materialize the backtest again.")
    return pl.read_parquet(path)


def _figures(document: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    stats = statistics(tables["equity"], tables["positions"])
    parts = {name: float(value) for name, value in document["parts"].items()}
    starting = float(document["experiment"]["venue"]["starting_balance"])
    shown = {
        "net PnL": f"{parts['net']:,.2f}",
        "return": f"{parts['net'] / starting:.2%}",
        **{name: f"{parts[name]:,.2f}" for name in ("price", "slippage", "fees", "funding")},
        "max drawdown": f"{stats.max_drawdown:.2%}",
        "Sharpe, annualized": _or_none(stats.sharpe, ".2f"),
        "Sortino, annualized": _or_none(stats.sortino, ".2f"),
        "chance that Sharpe > 0": _or_none(stats.probabilistic_sharpe, ".0%"),
        "profit factor": _or_none(stats.profit_factor, ".2f"),
        "expectancy of a trade": _or_none(stats.expectancy, ",.2f"),
        "exposure": f"{stats.exposure:.1%}",
        "round trips": f"{stats.trips} ({stats.won} won)",
        "final balance": f"{float(str(document['final_balance'])):,.2f}",
        "excluded, hours": f"{float(str(document.get('excluded_seconds', 0))) / 3600:.1f}",
    }
    if document.get("ruined_ns"):
        shown["the account was worth nothing"] = moment(document["ruined_ns"])
    return {name: text for name, text in shown.items() if text}


def _or_none(value: float | None, form: str) -> str:
    return "none" if value is None else format(value, form)


def _notes(document: Mapping[str, Any]) -> dict[str, list[str]]:
    def lines(name: str) -> list[str]:
        return [f"{key}: {', '.join(v) if isinstance(v, list) else v}" for key, v in document[name].items()]

    def settings(name: str) -> list[str]:
        chosen: dict[str, Any] = document["experiment"][name]
        nested = {key: value for key, value in chosen.items() if isinstance(value, dict)}
        plain = {key: value for key, value in chosen.items() if key not in nested}
        flat = plain | {f"{outer}.{key}": value for outer, inner in nested.items() for key, value in inner.items()}
        return [", ".join(f"{key} {'default' if value is None else value}" for key, value in flat.items())]

    return {
        "Assumptions": list(document["assumptions"]),
        "Definitions": [
            "a trade is a round trip from flat to flat, after fees and funding",
            "Sharpe and Sortino: hourly returns, annualized by the root of 8,760, no risk-free rate",
            "drawdown: on equity at each minute; exposure: share of minutes with a position",
        ],
        "Venue": settings("venue"),
        "Strategy": settings("strategy"),
        "Missing days": lines("missing"),
        "Days that ran without something": lines("without"),
        "Inputs and their data versions": [f"identity of the result: {document['identity']}", *lines("inputs")],
        "Archives of the aggregate trades": lines("zips"),
    }


def _signals_near(lake: Lake, listing: Listing, fills: pl.DataFrame) -> pl.DataFrame | None:
    """Published signals within ten minutes of a fill, broken lines between; None where they are gone."""
    if fills.is_empty():
        return None
    near = []
    for day in sorted({day_of_ns(ts) for ts in fills["ts"]}):
        try:
            signals = read_day(lake, f"{listing.path}/signals", day)
        except (InputMissing, CatalogCorrupt):
            continue
        times = fills.select(pl.col("ts").alias("fill")).sort("fill")
        signals = signals.with_columns(pl.col("ts_init").cast(pl.Int64)).sort("ts_init")
        joined = signals.join_asof(
            times.set_sorted("fill"), left_on="ts_init", right_on="fill", strategy="nearest", tolerance=_AROUND_NS
        )
        near.append(joined.filter(pl.col("fill").is_not_null()))
    if not near:
        return None
    names = ("lpi", "fsi", "vpin", "ldr", "oi_z")
    # A missing value breaks the line between one trade and the next.
    breaks = pl.col("ts_init").diff() > 2 * _AROUND_NS
    values = [pl.when(breaks).then(None).otherwise(pl.col(name)).alias(name) for name in names]
    found = pl.concat(near).select("ts_init", *values)
    return found if found.height <= _SIGNAL_ROWS else found.gather_every(-(-found.height // _SIGNAL_ROWS))
