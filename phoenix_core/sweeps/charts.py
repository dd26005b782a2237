"""The charts of a sweep's page, as data for plotly.js; every point carries the way to its report."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from phoenix_core.instruments.specification import money_form
from phoenix_core.report.charts import COLORS, Chart, Trace, packed
from phoenix_core.report.metrics import HOURS_A_YEAR
from phoenix_core.sweeps.performance import HOUR_NS, Performance
from phoenix_core.sweeps.statistics import Array, sharpe_ratios

_MOST_PAIRS = 6
_SHADES = 8
_HOURS_DRAWN = 600
MS_AN_HOUR = HOUR_NS // 1_000_000
_LEAST = 2
_SCALE = [[0, COLORS["red"]], [0.5, COLORS["slate"]], [1, COLORS["teal"]]]  # seen on white and on black

Way = Callable[[str], str]  # from an experiment's name to its report


def heat_maps(points: pl.DataFrame, fields: Sequence[str], way: Way) -> list[Chart]:
    """The best Sharpe ratio at each pair of values, for each pair of axes; a cell leads to the point that has it."""
    known = points.filter(pl.col("sharpe").is_not_null())
    charts: list[Chart] = []
    for across, up in itertools.islice(itertools.combinations(fields, 2), _MOST_PAIRS):
        best = known.sort("sharpe", descending=True).unique([across, up], keep="first", maintain_order=True)
        cells = {(row[across], row[up]): row for row in best.iter_rows(named=True)}
        xs, ys = ([*points[field].unique(maintain_order=True).sort()] for field in (across, up))
        found = [[cells.get((x, y)) for x in xs] for y in ys]
        trace = {
            "type": "heatmap",
            "x": _labels(xs),
            "y": _labels(ys),
            "z": [[cell and round(cell["sharpe"], 4) for cell in row] for row in found],
            "customdata": [[cell and way(cell["experiment"]) for cell in row] for row in found],
            "colorscale": _SCALE,
            "hovertemplate": f"{short(across)} %{{x}}, {short(up)} %{{y}}: %{{z:.2f}}<extra></extra>",
        }
        title = f"Sharpe ratio by {short(across)} and {short(up)}"
        note = "The best of all points at these two values; a cell leads to that point's report."
        axes = {"xaxis": _named(across), "yaxis": _named(up)}
        charts.append(chart_of(f"heat-{len(charts)}", title, note, [trace], 320, axes))
    return charts


def parallel_coordinates(points: pl.DataFrame, fields: Sequence[str], way: Way) -> Chart:
    """A line for each point through its values and what it earned, the better the greener.

    The ratio of one that never traded is 0; points that failed earned nothing that could be drawn.
    """
    ended = points.filter(pl.col("net").is_not_null()).with_columns(pl.col("sharpe").fill_null(0.0))
    known = ended.sort("sharpe", maintain_order=True)
    columns = [*fields, "net", "sharpe"]
    heights = [_height(known[name]) for name in columns]
    traces = []
    for shade, part in enumerate(np.array_split(np.arange(known.height), min(_SHADES, max(1, known.height)))):
        xs: list[Any] = []
        ys: list[float | None] = []
        ways: list[str] = []
        for number in part.tolist():
            xs += [*range(len(columns)), None]
            ys += [*(round(float(height[number]), 4) for height in heights), None]
            ways += [way(known["experiment"][number])] * (len(columns) + 1)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": xs,
                "y": ys,
                "customdata": ways,
                "line": {"color": _shade(shade / (_SHADES - 1)), "width": 1},
                "opacity": 0.7,
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    ticks = {"tickvals": [*range(len(columns))], "ticktext": [_ends(name, known[name]) for name in columns]}
    # A little wider than the axes: plotly leaves out a label that stands on the edge.
    ends = [-0.4, len(columns) - 0.6]
    axes = {"xaxis": ticks | {"range": ends, "showgrid": True, "zeroline": False}, "yaxis": {"visible": False}}
    note = "Each line is a point, from the lowest value of an axis at the bottom to its highest at the top."
    return chart_of("parallel", "All points", note, traces, 380, axes)


def stability(points: pl.DataFrame, fields: Sequence[str], best: str, way: Way) -> Chart | None:
    """The ratio along each axis with the best's values on all others; None without a best."""
    found = points.filter(pl.col("experiment") == best).to_dicts()
    if not found:
        return None
    traces = []
    for color, field in zip(itertools.cycle(("teal", "blue", "amber", "violet", "green", "red")), fields, strict=False):
        others = [pl.col(other) == found[0][other] for other in fields if other != field]
        along = points.filter(*others).sort(field)
        place = along["experiment"].to_list().index(best)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": short(field),
                "x": [number - place for number in range(along.height)],
                "y": along["sharpe"].to_list(),
                "text": _labels(along[field]),
                "customdata": [way(name) for name in along["experiment"]],
                "line": {"color": COLORS[color]},
                "hovertemplate": f"{short(field)} %{{text}}: %{{y:.2f}}<extra></extra>",
            }
        )
    note = "A plateau around the best can be trusted further than a peak: its neighbours did well, too."
    axes = {"xaxis": {"title": {"text": "steps from the best along one axis"}, "dtick": 1}}
    return chart_of("stability", "Sharpe ratio around the best", note, traces, 300, axes)


def halves(hours: Performance, way: Way) -> Chart:
    """Each point's ratio in the first half of the range against that in the second."""
    middle = len(hours.hours) // 2
    first, second = (_annual(part) for part in (hours.returns[:middle], hours.returns[middle:]))
    note = "Where the first half says nothing of the second, choosing by it means nothing: a cloud without a slope."
    trace = _dots(first, second, hours.names, way)
    axes = {"xaxis": {"title": {"text": "first half"}}, "yaxis": {"title": {"text": "second half"}}}
    return chart_of("halves", "Sharpe ratio, first half against second", note, [trace], 340, axes)


def in_and_out(rows: pl.DataFrame, name: str, title: str, way: Way) -> Chart:
    """What was chosen, by its ratio on the days it was chosen on and on those it was judged by."""
    inner, outer = (rows[f"{side}_sample_sharpe"].to_numpy() for side in ("in", "out_of"))
    trace = _dots(inner, outer, rows["experiment"].to_list(), way)
    note = "On the line nothing was lost out of sample; below it is what choosing flattered."
    ends = [float(min(inner.min(), outer.min())), float(max(inner.max(), outer.max()))]
    same = {"type": "scatter", "mode": "lines", "x": ends, "y": ends, "line": {"color": COLORS["slate"], "dash": "dot"}}
    axes = {"xaxis": {"title": {"text": "in sample"}}, "yaxis": {"title": {"text": "out of sample"}}}
    return chart_of(name, title, note, [trace, same | {"hoverinfo": "skip"}], 340, axes)


def fan(hours: Performance, best: str, money: str) -> Chart:
    """What all points gained by the hour: the middle half and nine tenths of them, the median, and the best."""
    sums = hours.gains.cumsum(axis=0)
    kept = np.unique(np.linspace(0, len(sums) - 1, min(_HOURS_DRAWN, len(sums))).astype(int))
    times = pl.Series((hours.hours[kept] + 1) * MS_AN_HOUR)
    low, lower, middle, upper, high = np.quantile(sums[kept], (0.05, 0.25, 0.5, 0.75, 0.95), axis=1)

    def line(name: str, values: Array, color: str, **more: object) -> Trace:
        drawn = {"type": "scatter", "mode": "lines", "name": name, "x": packed(times), "y": packed(pl.Series(values))}
        return drawn | {"line": {"color": color, "width": 1.4}, "hovertemplate": f"%{{y:{money_form(money)}}}"} | more

    def shaded(alpha: float) -> dict[str, object]:
        return bare | {"showlegend": True, "fill": "tonexty", "fillcolor": f"rgba(122,136,156,{alpha})"}

    bare: dict[str, object] = {"line": {"width": 0}, "showlegend": False, "hoverinfo": "skip", "hovertemplate": None}
    traces = [
        line("95 %", high, "", **bare),
        line(
            "nine tenths",
            low,
            "",
            **bare | {"showlegend": True, "fill": "tonexty", "fillcolor": "rgba(122,136,156,.2)"},
        ),
        line("75 %", upper, "", **bare),
        line("half", lower, "", **shaded(0.35)),
        line("median", middle, COLORS["slate"]),
        line("best", sums[kept, hours.names.index(best)], COLORS["teal"]),
    ]
    layout = {"xaxis": {"type": "date"}, "showlegend": True, "hovermode": "x unified"}
    return chart_of("fan", f"Net of all points, {money}", "The best is one of these: how far outside the fan is it?",
                  traces, 340, layout)  # fmt: skip


def walked(rows: pl.DataFrame, money: str, way: Way) -> Chart:
    """What the chosen ones gained in each window, on the days after those they were chosen on."""
    names = [f"{row['test_first']} to {row['test_last']}" for row in rows.iter_rows(named=True)]
    ways, form = [way(name) for name in rows["experiment"]], money_form(money)
    bars = {
        "type": "bar",
        "name": "window",
        "x": names,
        "y": rows["out_of_sample_net"].to_list(),
        "customdata": ways,
        "marker": {"color": COLORS["slate"]},
        "hovertemplate": f"%{{x}}: %{{y:+{form}}}<extra></extra>",
    }
    total = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "cumulated",
        "x": names,
        "y": rows["out_of_sample_net"].cum_sum().to_list(),
        "customdata": ways,
        "line": {"color": COLORS["teal"]},
        "hovertemplate": f"%{{x}}: %{{y:+{form}}} so far<extra></extra>",
    }
    note = "Nobody had chosen on these days. A window leads to the report of what was chosen for it."
    return chart_of("walked", f"Walked forward, {money}", note, [bars, total], 320, {"showlegend": True})


def chart_of(name: str, title: str, note: str, traces: list[Trace], height: int, layout: dict[str, Any]) -> Chart:
    """A chart whose points are chosen one by one."""
    look = {"height": height, "hovermode": "closest", "showlegend": name == "stability"}
    return Chart(name, title, note, traces, look | layout, is_over_time=False)


def _dots(x: Array, y: Array, names: Sequence[str], way: Way) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": packed(pl.Series(x)),
        "y": packed(pl.Series(y)),
        "text": list(names),
        "customdata": [way(name) for name in names],
        "marker": {"color": COLORS["blue"], "size": 6, "opacity": 0.6},
        "hovertemplate": "%{text}: %{x:.2f}, then %{y:.2f}<extra></extra>",
    }


def _annual(returns: Array) -> Array:
    ratios: Array = sharpe_ratios(returns) * math.sqrt(HOURS_A_YEAR)
    return ratios


def _labels(values: Sequence[Any] | pl.Series) -> list[str]:
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values]


def _height(values: pl.Series) -> Array:
    """From 0 at the lowest to 1 at the highest; texts by their order."""
    ordered = values if values.dtype.is_numeric() else values.rank("dense")
    numbers: Array = ordered.cast(pl.Float64).to_numpy()
    spread = float(np.ptp(numbers)) if len(numbers) else 0.0
    heights: Array = (numbers - numbers.min()) / spread if spread else np.full(len(numbers), 0.5)
    return heights


def _ends(name: str, values: pl.Series) -> str:
    if values.is_empty():
        return short(name)
    low, high = (f"{end:,.4g}" if isinstance(end, float) else str(end) for end in (values.min(), values.max()))
    return f"{short(name)}<br>{low} to {high}"


def _shade(share: float) -> str:
    """A colour from red over grey to teal."""
    low, high = (0, 1) if share < 1 / 2 else (1, 2)
    part = share * 2 - low
    ends = [[int(str(_SCALE[place][1])[at : at + 2], 16) for at in (1, 3, 5)] for place in (low, high)]
    mixed = [round(one + (two - one) * part) for one, two in zip(*ends, strict=True)]
    return "#" + "".join(f"{one:02x}" for one in mixed)


def _named(field: str) -> dict[str, Any]:
    return {"title": {"text": short(field)}, "type": "category"}


def short(field: str) -> str:
    """The last part of a field's name."""
    return field.rpartition(".")[2]
