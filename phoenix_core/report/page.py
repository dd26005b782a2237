"""The page of a continuous backtest: one self-contained HTML file that needs no network."""

import html
from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from phoenix_core.report.figures import thinned

_POINTS = 6_000
_TABLE_ROWS = 200
_STYLE = """
body{font-family:system-ui,sans-serif;color:#1f2937;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem} h2{font-size:1.05rem;margin-top:2rem} .note{color:#6b7280}
.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1.2rem 0}
.card{border:1px solid #e5e7eb;border-radius:.5rem;padding:.6rem .9rem;min-width:8rem}
.card b{display:block;font-size:1.15rem} .card span{color:#6b7280;font-size:.8rem}
table{border-collapse:collapse;font-size:.8rem;width:100%} td,th{padding:.25rem .5rem;text-align:right;
border-bottom:1px solid #f3f4f6;white-space:nowrap} td:first-child,th:first-child{text-align:left}
"""


def report_page(
    title: str,
    figures: Mapping[str, str],
    tables: Mapping[str, pl.DataFrame],
    notes: Mapping[str, list[str]],
) -> str:
    """Compose the page.

    Args:
        title: What was run.
        figures: Headline numbers by name, as text.
        tables: equity (ts, price, position, equity), fills (ts, side, price) and positions.
        notes: Paragraph lists by heading: assumptions, missing days, inputs.

    Returns:
        HTML with everything inlined.
    """
    cards = "".join(
        f'<div class="card"><b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>'
        for name, value in figures.items()
    )
    chart = _panels(tables["equity"], tables["fills"]).to_html(
        full_html=False, include_plotlyjs=True, div_id="panels", config={"displaylogo": False}
    )
    sections = "".join(
        f"<h2>{html.escape(heading)}</h2><ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"
        for heading, lines in notes.items()
        if lines
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1>"
        f'<div class="cards">{cards}</div>{chart}<h2>Round trips</h2>{_table(tables["positions"])}{sections}'
        "</body></html>"
    )


def _panels(equity: pl.DataFrame, fills: pl.DataFrame) -> go.Figure:
    curve = thinned(equity, _POINTS).with_columns(pl.from_epoch("ts", "ns").alias("time"))
    drawdown = curve["equity"] / curve["equity"].cum_max() - 1
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.05,
        row_heights=[0.4, 0.35, 0.25],
        subplot_titles=("Equity", "Price and fills", "Drawdown"),
    )
    time = curve["time"].to_list()
    figure.add_trace(go.Scatter(x=time, y=curve["equity"].to_list(), name="equity", line={"color": "#0f766e"}), 1, 1)
    figure.add_trace(go.Scatter(x=time, y=curve["price"].to_list(), name="price", line={"color": "#94a3b8"}), 2, 1)
    for side, symbol, color in (("BUY", "triangle-up", "#15803d"), ("SELL", "triangle-down", "#b91c1c")):
        of_side = fills.filter(pl.col("side") == side).with_columns(pl.from_epoch("ts", "ns").alias("time"))
        marker = {"symbol": symbol, "color": color, "size": 8}
        prices = of_side["price"].cast(pl.Float64).to_list()
        figure.add_trace(
            go.Scatter(x=of_side["time"].to_list(), y=prices, mode="markers", name=side.lower(), marker=marker),
            2,
            1,
        )
    figure.add_trace(
        go.Scatter(x=time, y=drawdown.to_list(), name="drawdown", fill="tozeroy", line={"color": "#b91c1c"}),
        3,
        1,
    )
    figure.update_yaxes(tickformat=".1%", row=3, col=1)
    figure.update_layout(height=820, margin={"l": 60, "r": 20, "t": 40, "b": 40}, template="plotly_white")
    return figure


def _table(frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return '<p class="note">none</p>'
    head = "".join(f"<th>{html.escape(name)}</th>" for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in frame.head(_TABLE_ROWS).iter_rows()
    )
    more = frame.height - _TABLE_ROWS
    tail = f'<p class="note">and {more} more in positions.parquet</p>' if more > 0 else ""
    return f"<table><tr>{head}</tr>{rows}</table>{tail}"


def _cell(value: object) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".") if hasattr(value, "as_tuple") else str(value)
