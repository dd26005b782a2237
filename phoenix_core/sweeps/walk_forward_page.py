"""The page of a walk-forward: what was chosen when, and what it earned on the days after, joined into one equity curve.

Everything on it is in the sweep's published table. A point, bar or row leads to the report of what was chosen there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from phoenix_core.instruments.specification import money_form
from phoenix_core.market import days_between
from phoenix_core.report.account import Headline, Notice
from phoenix_core.report.charts import COLORS, Chart, Trace, packed
from phoenix_core.report.figures import signed
from phoenix_core.sweeps.charts import MS_AN_HOUR, Way, chart_of, short
from phoenix_core.sweeps.page import composed, figure, way_to
from phoenix_core.sweeps.performance import HOURS_A_DAY, Performance
from phoenix_core.sweeps.table import Judgement, Table

PAGE = "walk_forward.html"
_MOST_AXES = 8
_RATIOS = ("in_sample_sharpe", "out_of_sample_sharpe", "median_out_of_sample_sharpe")


def walk_forward_page(listing: str, fields: Sequence[str], name: str, span: str, found: Table, money: str) -> str:
    """Compose the page: equal for equal tables.

    Args:
        listing: Market and symbol.
        fields: Of the grid.
        name: Of the sweep.
        span: Its day, or `first_last`.
        found: Its table, which has windows.
        money: Currency of every amount.
    """
    return composed(
        PAGE,
        list(_panels(found, fields, span, money)),
        listing=listing,
        span=span.replace("_", " to "),
        name=name,
        money=money,
        notices=[_marked(found.hours, found.windows)],
        headlines=list(_headlines(found.windows, found.judgement, money)),
        heads=[
            "judged on",
            "chosen on",
            *map(short, fields),
            "net in",
            "net out",
            "Sharpe in",
            "Sharpe out",
            "median out",
        ],
        rows=[_row(row, fields, found.points, span, money_form(money)) for row in found.windows.iter_rows(named=True)],
    )


def chained(hours: Performance, windows: pl.DataFrame) -> pl.DataFrame:
    """Hour by hour what the chosen ones gained on the days they were judged by: hour, experiment, gain.

    Beside it `median` and `highest`, what the median and the most gaining of all points gained up to then.
    """
    judged = [hours.on(days_between(row["test_first"], row["test_last"])) for row in windows.iter_rows(named=True)]
    order = np.concatenate([np.flatnonzero(one) for one in judged])
    names = [name for name, one in zip(windows["experiment"], judged, strict=True) for _ in range(int(one.sum()))]
    place = {name: number for number, name in enumerate(hours.names)}
    gains = hours.gains[order]
    sums = gains.cumsum(axis=0)
    return pl.DataFrame(
        {
            "hour": hours.hours[order],
            "experiment": names,
            "gain": gains[np.arange(len(order)), [place[name] for name in names]],
            "median": np.median(sums, axis=1),
            "highest": sums[:, sums[-1].argmax()],
        }
    )


def _panels(found: Table, fields: Sequence[str], span: str, money: str) -> Iterator[Chart]:
    def way(experiment: str) -> str:
        return way_to(experiment, span)

    if found.hours is None:
        return
    yield _equity(chained(found.hours, found.windows), money, way)
    yield _in_and_out(found.windows, way)
    values = found.points.select("experiment", *fields)
    chosen = found.windows.join(values, on="experiment", how="left", maintain_order="left")
    varied = [field for field in fields if found.points[field].n_unique() > 1]
    for number, field in enumerate(varied[:_MOST_AXES]):
        yield _over_time(number, field, chosen, found.points[field], way)


def _equity(series: pl.DataFrame, money: str, way: Way) -> Chart:
    times = packed((series["hour"] + 1) * MS_AN_HOUR)

    def line(name: str, values: pl.Series, color: str, **more: object) -> Trace:
        drawn = {"type": "scatter", "mode": "lines", "name": name, "x": times, "y": packed(values)}
        return drawn | {"line": {"color": COLORS[color], "width": 1.6}, "hovertemplate": "%{y:,.2f}"} | more

    ways = [way(name) for name in series["experiment"]]
    traces = [
        line(
            "most gaining point, known afterwards",
            series["highest"],
            "slate",
            line={"color": COLORS["slate"], "dash": "dot", "width": 1.2},
        ),
        line("median point", series["median"], "slate"),
        line("chosen in each window", series["gain"].cum_sum(), "teal", customdata=ways),
    ]
    note = "Joined from days that nobody had chosen on. Well chosen is above the median point."
    layout = {"xaxis": {"type": "date"}, "showlegend": True, "hovermode": "x unified"}
    return chart_of("equity", f"Net on judged days, {money}", note, traces, 360, layout)


def _in_and_out(windows: pl.DataFrame, way: Way) -> Chart:
    names, ways = _names(windows), [way(name) for name in windows["experiment"]]
    sides = (("chosen on", "in_sample_sharpe", "slate"), ("judged on", "out_of_sample_sharpe", "teal"))
    traces: list[Trace] = [
        {
            "type": "bar", "name": name, "x": names, "y": windows[column].to_list(), "customdata": ways,
            "marker": {"color": COLORS[color]}, "hovertemplate": f"%{{x}}, {name}: %{{y:.2f}}<extra></extra>",
        }
        for name, column, color in sides
    ]  # fmt: skip
    traces.append(
        {
            "type": "scatter", "mode": "markers", "name": "median point, judged on", "x": names, "customdata": ways,
            "y": windows["median_out_of_sample_sharpe"].to_list(), "marker": {"color": COLORS["amber"], "size": 8},
            "hovertemplate": "%{x}, median point: %{y:.2f}<extra></extra>",
        }
    )  # fmt: skip
    note = "What choosing flattered is what a bar on judged days lacks of the one beside it."
    return chart_of(
        "in-and-out", "Sharpe ratio of the chosen one, in each window", note, traces, 320, {"showlegend": True}
    )


def _over_time(number: int, field: str, chosen: pl.DataFrame, values: pl.Series, way: Way) -> Chart:
    is_number = values.dtype.is_numeric()
    axis: dict[str, object] = {"title": {"text": short(field)}}
    if not is_number:
        axis |= {"type": "category", "categoryorder": "array", "categoryarray": values.unique().sort().to_list()}
    trace: Trace = {
        "type": "scatter", "mode": "lines+markers", "x": _names(chosen), "y": chosen[field].to_list(),
        "customdata": [way(name) for name in chosen["experiment"]],
        "line": {"color": COLORS["blue"], "shape": "hv"}, "hovertemplate": "%{x}: %{y}<extra></extra>",
    }  # fmt: skip
    # A little wider than the windows, so that their names are not cut off.
    ends = {"range": [-0.4, chosen.height - 0.6], "zeroline": False}
    note = "One that jumps from window to window follows noise."
    return chart_of(f"chosen-{number}", f"Chosen {short(field)}", note, [trace], 240, {"xaxis": ends, "yaxis": axis})


def _names(windows: pl.DataFrame) -> list[str]:
    return [f"{row['test_first']} to {row['test_last']}" for row in windows.iter_rows(named=True)]


def _marked(hours: Performance | None, windows: pl.DataFrame) -> Notice:
    days = len((chained(hours, windows)["hour"] // HOURS_A_DAY).unique()) if hours else 0
    return Notice(
        f"Out of sample: on each of {days:,} days what was chosen on earlier ones. Whoever changes grid or windows "
        "after seeing this page has chosen on these days, too.",
    )


def _headlines(windows: pl.DataFrame, worth: Judgement, money: str) -> Iterator[Headline]:
    gained = int((windows["out_of_sample_net"] > 0).sum())
    better = int((windows["out_of_sample_sharpe"] > windows["median_out_of_sample_sharpe"]).sum())
    changes = int((windows["experiment"] != windows["experiment"].shift(1)).sum())
    if worth.chosen_net is not None:
        tone = "gain" if worth.chosen_net > 0 else "loss"
        yield Headline("Net", f"{signed(worth.chosen_net, money_form(money))} {money}", "on judged days", tone)
    yield Headline("Sharpe ratio", figure(worth.chosen_sharpe, ".2f"), "on judged days, annual")
    yield Headline("Above zero", figure(worth.chosen_probabilistic_sharpe, ".0%"), "chance that the true ratio is")
    yield Headline("Windows that gained", f"{gained} of {windows.height}", f"{better} above the median point")
    inner, outer = (float(np.median(windows[f"{side}_sample_sharpe"].to_numpy())) for side in ("in", "out_of"))
    yield Headline("Median ratio", f"{outer:.2f}", f"where it was {inner:.2f} on the days that were chosen on")
    yield Headline("Choice changed", f"{changes}", "times from window to window")


def _row(row: dict[str, Any], fields: Sequence[str], points: pl.DataFrame, span: str, form: str) -> dict[str, Any]:
    (values,) = points.filter(pl.col("experiment") == row["experiment"]).select(fields).rows()
    cells = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    nets = [signed(row[f"{side}_sample_net"], form) for side in ("in", "out_of")]
    return {
        "way": way_to(row["experiment"], span),
        "name": f"{row['test_first']} to {row['test_last']}",
        "cells": [
            f"{row['train_first']} to {row['train_last']}", *cells, *nets,
            *(figure(row[name], ".2f") for name in _RATIOS),
        ],
    }  # fmt: skip
