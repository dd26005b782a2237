"""The charts of the page, as data for plotly.js; their colours of ink and paper are the page's own.

Numbers travel as base64 of arrays, times as milliseconds: a third of the bytes of text, and nothing to
parse. Colours of lines are chosen to be seen on white and on black (3:1 or more), so that a change of
scheme redraws axes alone.
"""

import base64
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from phoenix_core.instruments.specification import money_form
from phoenix_core.report.figures import pointed, thinned
from phoenix_core.report.result import PublishedResult

COLORS = {
    "teal": "#0d9488",
    "slate": "#7a889c",
    "red": "#ef4444",
    "amber": "#d97706",
    "violet": "#8b5cf6",
    "blue": "#3b82f6",
    "green": "#16a34a",
}
_POINTS = 3_000
_BINS = 40
_MS = 1_000_000
_NET = {"height": 250}
_PERCENT = {"height": 210, "yaxis": {"tickformat": ".1~%"}}

Trace = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes:
        name: Identifier in the page.
        title: What it shows, with its unit.
        note: What a reader must know to read it.
        traces: Traces of plotly.js.
        layout: What of the layout differs from that of all.
        is_over_time: Its x axis is the time of the backtest, and follows the others.
    """

    name: str
    title: str
    note: str
    traces: list[Trace]
    layout: Mapping[str, Any]
    is_over_time: bool = True

    def figure(self) -> dict[str, Any]:
        """Give what plotly.js draws."""
        return {"data": self.traces, "layout": self.layout, "isOverTime": self.is_over_time}


def charts(result: PublishedResult, hold: pl.Series) -> list[Chart]:
    """Equity beside buy and hold, drawdown, price with fills, PnL by part, position, and signals near trades."""
    traded = result.instrument
    money, unit = traded.settlement, traded.quantity_unit
    equity = result.equity.with_columns(
        hold.alias("hold"), (pl.col("equity") / pl.col("equity").cum_max() - 1).alias("drawdown")
    )

    def curve(column: str, name: str, color: str, form: str, **style: Any) -> Trace:  # noqa: ANN401 - plotly's own
        return line_of(pointed(equity, _POINTS, column).select("ts", column), name, color, form, **style)

    amount = f"{money_form(money)}}} {money}"
    lines = [curve("equity", "equity", "teal", amount), curve("hold", "buy and hold", "slate", amount, dash="dot")]
    drawdown = curve("drawdown", "drawdown", "red", ".2%}") | {"fill": "tozeroy"}
    price = [curve("price", "price", "slate", ",.2f}"), *_fills(result.fills)]
    position = [curve("position", "position", "blue", ",.4~f}", shape="hv")]
    held = (
        f"Buy and hold is the starting balance in {unit} from first to last price, unlevered, without fees or funding."
    )
    panels = [
        Chart("equity", f"Equity and buy and hold, {money}", held, lines, {"height": 340}),
        Chart(
            "drawdown", "Drawdown from the last high", "", [drawdown], {"height": 190, "yaxis": {"tickformat": ".1%"}}
        ),
        Chart("price", f"Price and fills, {traded.quote}", "", price, {"height": 320}),
        Chart("parts", f"PnL by part, cumulated, {money}", "", _parts(result.ledger, amount), {"height": 260}),
        Chart("position", f"Position, {unit}", "", position, {"height": 190}),
        *_signals(result),
    ]
    start, end = (equity["ts"][0] // _MS, equity["ts"][-1] // _MS) if equity.height else (0, 1)
    return [spanning(panel, start, end) for panel in panels]


def distribution(result: PublishedResult) -> Chart | None:
    """Net PnL of round trips as a histogram; None without one."""
    if result.round_trips.is_empty():
        return None
    unit = result.instrument.settlement
    bars = {
        "type": "histogram",
        "x": packed(result.round_trips["net"]),
        "nbinsx": _BINS,
        "marker": {"color": COLORS["teal"]},
        "hovertemplate": f"%{{x}} {unit}: %{{y}} round trips<extra></extra>",
    }
    layout = {"height": 240, "hovermode": "closest", "showlegend": False, "bargap": 0.03}
    return Chart("distribution", f"Net of round trips, {unit}", "", [bars], layout, is_over_time=False)


def capacity_charts(result: PublishedResult) -> list[Chart]:
    """Net, return and the share of entries that were filled, by starting balance; none without a curve."""
    if not result.capacity:
        return []
    traded = result.instrument
    unit = traded.settlement
    points = pl.DataFrame(
        {
            "balance": [float(one.balance) for one in result.capacity],
            "net": [float(one.net) for one in result.capacity],
            "filled": [one.filled for one in result.capacity],
        },
        schema={"balance": pl.Float64, "net": pl.Float64, "filled": pl.Float64},
    ).with_columns((pl.col("net") / pl.col("balance")).alias("return"))
    net = [_dotted(points, "net", f"net, {unit}", "teal", ",.4~f}" if traded.is_inverse else ",.0f}")]
    returned = [_dotted(points, "return", "return", "blue", ".2%}")]
    filled = [_dotted(points, "filled", "entries filled", "amber", ".1%}")]
    note = "Each point is a run of its own, with the same rules at another balance."
    ends = [math.log10(points["balance"][place]) + step for place, step in ((0, -0.15), (-1, 0.15))]
    axis = {"type": "log", "range": ends, "dtick": 1, "title": {"text": f"starting balance, {unit}"}}
    layout = {"hovermode": "closest", "showlegend": False, "xaxis": axis}
    filled_title = "Share of the lots of entries that were filled"
    return [
        Chart("capacity-net", f"Net by starting balance, {unit}", note, net, layout | _NET, is_over_time=False),
        Chart("capacity-return", "Return by starting balance", "", returned, layout | _PERCENT, is_over_time=False),
        Chart("capacity-share", filled_title, "", filled, layout | _PERCENT, is_over_time=False),
    ]


def _dotted(points: pl.DataFrame, column: str, name: str, color: str, form: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": packed(points["balance"]),
        "y": packed(points[column]),
        "line": {"color": COLORS[color], "width": 1.6},
        "hovertemplate": f"%{{x:,.0f}}: %{{y:{form}<extra>{name}</extra>",
    }


def spanning(chart: Chart, start: int, end: int) -> Chart:
    """The chart over the whole time; dragging chooses a stretch of it, the scale of values follows."""
    time = {"type": "date", "range": [start, end], "hoverformat": "%Y-%m-%d %H:%M:%S"}
    values = {"fixedrange": True, **chart.layout.get("yaxis", {})}
    axes = {"showlegend": len(chart.traces) > 1, "xaxis": time, "yaxis": values}
    return replace(chart, layout=dict(chart.layout) | axes)


def line_of(points: pl.DataFrame, name: str, color: str, form: str, **style: Any) -> Trace:  # noqa: ANN401 - plotly's own
    """A line through ts and one other column, with plotly.js's form of its values."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": _times(points["ts"]),
        "y": packed(points.to_series(1)),
        "line": {"color": COLORS[color], "width": 1.6} | style,
        "hovertemplate": f"%{{y:{form}",
    }


def _fills(fills: pl.DataFrame) -> Iterable[Trace]:
    for side, symbol, color in (("BUY", "triangle-up", "green"), ("SELL", "triangle-down", "red")):
        of_side = fills.filter(pl.col("side") == side)
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": side.lower(),
            "x": _times(of_side["ts"]),
            "y": packed(of_side["price"]),
            "text": (of_side["why"] + ", " + of_side["liquidity"].str.to_lowercase()).to_list(),
            "marker": {"symbol": symbol, "color": COLORS[color], "size": 8},
            "hovertemplate": "%{y:,.2f} (%{text})",
        }


def _parts(ledger: pl.DataFrame, form: str) -> list[Trace]:
    """Cumulated price PnL, slippage, fees and funding."""
    colors = {"price": "teal", "slippage": "amber", "fees": "red", "funding": "violet"}
    sums = ledger.select(
        "ts",
        (pl.col("realized") - pl.col("slippage")).cum_sum().alias("price"),
        pl.col("slippage").cum_sum(),
        pl.col("fee").cum_sum().alias("fees"),
        pl.col("funding").cum_sum(),
    )
    kept = thinned(sums, _POINTS)
    return [line_of(kept.select("ts", name), name, color, form, shape="hv") for name, color in colors.items()]


def _signals(result: PublishedResult) -> list[Chart]:
    """What the strategy declares of the signals around each trade; nothing where no trade was made."""
    signals = result.signals
    if signals is None or signals.is_empty():
        return []

    def line(column: str, color: str) -> Trace:
        # Scores of seven digits: four bytes hold them.
        points = signals.select(pl.col("ts_init").alias("ts"), pl.col(column).cast(pl.Float32))
        return line_of(points, column.upper().replace("_", " "), color, ".3f}")

    return [
        Chart(panel.name, panel.title, panel.note, [line(*pair) for pair in panel.lines], {"height": panel.height})
        for panel in result.shown.panels
    ]


def _times(nanoseconds: pl.Series) -> dict[str, str]:
    return packed(nanoseconds // _MS)


def packed(values: pl.Series) -> dict[str, str]:
    """Give numbers as plotly.js reads arrays: type and bytes; missing ones as NaN, which breaks a line."""
    kind = "f4" if values.dtype == pl.Float32 else "f8"
    array = values.cast(pl.Float32 if kind == "f4" else pl.Float64).fill_null(float("nan")).to_numpy()
    return {"dtype": kind, "bdata": base64.b64encode(array.astype(f"<{kind}").tobytes()).decode()}
