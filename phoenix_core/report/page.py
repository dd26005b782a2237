"""The page of a continuous backtest: one self-contained HTML file that needs no network."""

import html
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from phoenix_core.report.figures import pointed, thinned

_POINTS = 6_000
_TABLE_ROWS = 200
_STYLE = """
body{font-family:system-ui,sans-serif;color:#1f2937;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem} h2{font-size:1.05rem;margin-top:2rem} .note{color:#6b7280}
.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1.2rem 0}
.card{border:1px solid #e5e7eb;border-radius:.5rem;padding:.6rem .9rem;min-width:8rem}
.card b{display:block;font-size:1.15rem} .card span{color:#6b7280;font-size:.8rem}
table{border-collapse:collapse;font-size:.8rem;width:100%} td,th{padding:.25rem .5rem;text-align:right;
border-bottom:1px solid #f3f4f6;white-space:nowrap}
.wide{overflow-x:auto} td:first-child,th:first-child{text-align:left}
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
        tables: equity (ts, price, position, equity), fills, ledger, positions, and signals near trades if any.
        notes: Paragraph lists by heading: assumptions, missing days, inputs.

    Returns:
        HTML with everything inlined.
    """
    cards = "".join(
        f'<div class="card"><b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>'
        for name, value in figures.items()
    )
    chart = _panels(tables["equity"], tables).to_html(
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
        f'<div class="cards">{cards}</div>{chart}{_monthly(tables["equity"])}{_distribution(tables["positions"])}'
        f"<h2>Round trips</h2>{_table(tables['positions'])}{sections}"
        "</body></html>"
    )


def _panels(equity: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> go.Figure:
    """Equity, price with fills, drawdown, PnL by part, and the signals around the trades, on one time axis."""
    drawn = equity.with_columns((pl.col("equity") / pl.col("equity").cum_max() - 1).alias("drawdown"))
    curve = pointed(drawn, _POINTS, "equity").with_columns(pl.from_epoch("ts", "ns").alias("time"))
    time = curve["time"].to_list()
    rows = {
        "Equity": [_line(time, curve["equity"], "equity", "#0f766e")],
        "Price and fills": [_line(time, curve["price"], "price", "#94a3b8"), *_fills(tables["fills"])],
        "Drawdown": [_line(time, curve["drawdown"], "drawdown", "#b91c1c", fill="tozeroy")],
        "PnL by part": _parts(tables["ledger"]),
        "Position": [_line(time, curve["position"], "position", "#475569", shape="hv")],
    } | _signals(tables.get("signals"))
    figure = make_subplots(rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=0.03, subplot_titles=list(rows))
    for number, traces in enumerate(rows.values(), start=1):
        for trace in traces:
            figure.add_trace(trace, number, 1)
    figure.update_yaxes(tickformat=".1%", row=3, col=1)
    margin = {"l": 60, "r": 20, "t": 40, "b": 40}
    figure.update_layout(height=210 * len(rows), margin=margin, template="plotly_white", hovermode="x unified")
    return figure


def _line(time: list[Any], values: pl.Series, name: str, color: str, **style: Any) -> go.Scatter:  # noqa: ANN401
    shape = {"shape": style.pop("shape")} if "shape" in style else {}
    numbers = values.cast(pl.Float64).to_list()
    return go.Scatter(x=time, y=numbers, name=name, line={"color": color, "width": 1.3} | shape, **style)


def _fills(fills: pl.DataFrame) -> list[go.Scatter]:
    traces = []
    for side, symbol, color in (("BUY", "triangle-up", "#15803d"), ("SELL", "triangle-down", "#b91c1c")):
        of_side = fills.filter(pl.col("side") == side).with_columns(pl.from_epoch("ts", "ns").alias("time"))
        traces.append(
            go.Scatter(
                x=of_side["time"].to_list(),
                y=of_side["price"].cast(pl.Float64).to_list(),
                text=(of_side["why"] + ", " + of_side["liquidity"].str.to_lowercase()).to_list(),
                mode="markers",
                name=side.lower(),
                marker={"symbol": symbol, "color": color, "size": 8},
            )
        )
    return traces


def _parts(ledger: pl.DataFrame) -> list[go.Scatter]:
    """Cumulated price PnL, slippage, fees and funding."""
    sums = ledger.select(
        pl.from_epoch("ts", "ns").alias("time"),
        (pl.col("realized") - pl.col("slippage")).cum_sum().alias("price"),
        pl.col("slippage", "fee", "funding").cum_sum(),
    )
    colors = {"price": "#0f766e", "slippage": "#ca8a04", "fee": "#b91c1c", "funding": "#6d28d9"}
    kept = thinned(sums, _POINTS)
    time = kept["time"].to_list()
    return [_line(time, kept[name], f"{name}, cumulated", color, shape="hv") for name, color in colors.items()]


def _signals(signals: pl.DataFrame | None) -> dict[str, list[go.Scatter]]:
    """LPI and its parts around each trade; nothing where no trade was made."""
    if signals is None or signals.is_empty():
        return {}
    time = signals.select(pl.from_epoch("ts_init", "ns"))["ts_init"].to_list()
    colors = {"lpi": "#b91c1c", "fsi": "#ca8a04", "vpin": "#0369a1", "ldr": "#64748b"}
    pressure = [_line(time, signals[name], name.upper(), color) for name, color in colors.items()]
    crowding = [_line(time, signals["oi_z"], "OI z", "#6d28d9")]
    return {"Signals around trades": pressure, "Open interest z-score": crowding}


def _distribution(trips: pl.DataFrame) -> str:
    """Net PnL of round trips as a histogram."""
    if trips.is_empty():
        return ""
    figure = go.Figure(go.Histogram(x=trips["net"].cast(pl.Float64).to_list(), nbinsx=40, marker={"color": "#0f766e"}))
    margin = {"l": 60, "r": 20, "t": 20, "b": 40}
    figure.update_layout(height=260, margin=margin, template="plotly_white", xaxis_title="net PnL of a round trip")
    page = figure.to_html(full_html=False, include_plotlyjs=False, div_id="distribution")
    return f"<h2>Distribution of round trips</h2>{page}"


def _monthly(equity: pl.DataFrame) -> str:
    """Return of each month, and of each year, as a table."""
    if equity.is_empty():
        return ""
    start = float(equity["equity"][0])
    months = (
        equity.group_by(pl.from_epoch("ts", "ns").dt.strftime("%Y-%m").alias("month"), maintain_order=True)
        .agg(pl.col("equity").last().cast(pl.Float64))
        .with_columns((pl.col("equity") / pl.col("equity").shift(1, fill_value=start) - 1).alias("return"))
    )
    found = {month: f"{value:.2%}" for month, value in months.select("month", "return").iter_rows()}
    head = "".join(f"<th>{month:02d}</th>" for month in range(1, 13))
    lines = ""
    for year in sorted({month[:4] for month in found}):
        cells = "".join(f"<td>{found.get(f'{year}-{month:02d}', '')}</td>" for month in range(1, 13))
        lines += f"<tr><td>{year}</td>{cells}</tr>"
    return f"<h2>Monthly returns</h2><table><tr><th></th>{head}</tr>{lines}</table>"


def _table(frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return '<p class="note">none</p>'
    clocks = [name for name in frame.columns if name.endswith("_ns")]
    moments = [
        pl.from_epoch(name, "ns").dt.strftime("%Y-%m-%d %H:%M:%S").alias(name.replace("_ns", "")) for name in clocks
    ]
    frame = frame.select(*moments, pl.exclude(clocks))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in frame.head(_TABLE_ROWS).iter_rows()
    )
    more = frame.height - _TABLE_ROWS
    tail = f'<p class="note">and {more} more in positions.parquet</p>' if more > 0 else ""
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>{tail}'


def _cell(value: object) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".") if hasattr(value, "as_tuple") else str(value)
