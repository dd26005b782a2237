"""The charts of a portfolio's page: the account, what it held by equity, how many positions, and each listing's net."""

import polars as pl

from phoenix_core.backtest.portfolio.result import LISTING
from phoenix_core.instruments.specification import money_form
from phoenix_core.report.charts import COLORS, Chart, Trace, line_of, spanning
from phoenix_core.report.figures import pointed, thinned

_POINTS = 3_000
_MOST = 12  # lines that can be told apart
_MS = 1_000_000


def portfolio_charts(equity: pl.DataFrame, leverage: pl.DataFrame, ledger: pl.DataFrame, currency: str) -> list[Chart]:
    """Equity, drawdown, exposure over time, positions, and cumulated net by listing.

    Args:
        equity: ts and equity of each minute.
        leverage: ts, gross, net (by equity) and positions of each minute.
        ledger: ts, listing and amount of each change.
        currency: Of the account.
    """
    amount = f"{money_form(currency)}}} {currency}"
    account = equity.with_columns((pl.col("equity") / pl.col("equity").cum_max() - 1).alias("drawdown"))
    points = {name: pointed(account, _POINTS, name).select("ts", name) for name in ("equity", "drawdown")}
    held = {name: pointed(leverage, _POINTS, name).select("ts", name) for name in ("gross", "net", "positions")}
    drawdown = line_of(points["drawdown"], "drawdown", "red", ".2%}") | {"fill": "tozeroy"}
    times = {"height": 230, "yaxis": {"ticksuffix": " ×"}}
    lines = [
        line_of(held["gross"], "gross", "teal", ".2f} ×", shape="hv"),
        line_of(held["net"], "net", "slate", ".2f} ×", shape="hv", dash="dot"),
    ]
    note = "What is held at the end of each minute by the account's equity: long and short added, and long less short."
    nets, said = _nets(ledger, amount)
    worth = line_of(points["equity"], "equity", "teal", amount)
    panels = [
        Chart("equity", f"Equity, {currency}", "", [worth], {"height": 340}),
        Chart("drawdown", "Drawdown", "", [drawdown], {"height": 190, "yaxis": {"tickformat": ".1%"}}),
        Chart("exposure", "Exposure by equity", note, lines, times),
        Chart(
            "positions", "Positions at once", "", [line_of(held["positions"], "positions", "blue", "d}", shape="hv")],
            {"height": 170},
        ),
        Chart("nets", f"Net by listing, cumulated, {currency}", said, nets, {"height": 300}),
    ]  # fmt: skip
    start, end = (equity["ts"][0] // _MS, equity["ts"][-1] // _MS) if equity.height else (0, 1)
    return [spanning(panel, start, end) for panel in panels]


def _nets(ledger: pl.DataFrame, form: str) -> tuple[list[Trace], str]:
    """A line for each listing; of many those that gained or lost most."""
    sums = ledger.group_by(LISTING).agg(pl.col("amount").sum().cast(pl.Float64))
    most = sums.sort(pl.col("amount").abs(), LISTING, descending=[True, False])[LISTING].to_list()
    shown, colors = sorted(most[:_MOST]), list(COLORS)
    traces = []
    for place, name in enumerate(shown):
        own = ledger.filter(pl.col(LISTING) == name).select("ts", pl.col("amount").cum_sum().cast(pl.Float64))
        dash = "solid" if place < len(colors) else "dot"
        traces.append(line_of(thinned(own, _POINTS), name, colors[place % len(colors)], form, shape="hv", dash=dash))
    note = "Realized at fills and charges; what is held counts when it is closed."
    return traces, f"{note} The {_MOST} largest of {len(most)}." if len(most) > _MOST else note
