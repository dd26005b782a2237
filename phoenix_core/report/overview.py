"""The picture of a backtest that Dagster's UI shows in place: equity, fills and drawdown in a thousand characters.

The report's own charts are in `charts.py`.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import polars as pl

from phoenix_core.instruments.specification import money_decimals
from phoenix_core.report.figures import moment

# The UI draws Markdown below a thousand characters where it stands, and hides longer behind "[Show Markdown]".
_SHOWN_IN_PLACE = 1_000
# Pixels from point to point of a curve, and from mark to mark of the fills: the finest that fits is drawn.
_STEPS = (4, 6, 9, 12, 15, 20, 27, 36, 54, 90, 180, 540)
_WIDTH, _HEIGHT = 540, 156
_COIN_DECIMALS = 8
_EQUITY_TOP, _EQUITY_HEIGHT = 18, 60
_FILLS_TOP, _FILLS_HEIGHT = 84, 8
_DRAWDOWN_TOP, _DRAWDOWN_HEIGHT = 114, 24
# Contrasts from 3.9 to 5.3 on white and on black.
_UP, _DOWN, _PLAIN = "darkcyan", "#e5484d", "gray"
# What would end a data address in Markdown, or be read as an escape in it.
_ESCAPED = str.maketrans({"<": "%3C", ">": "%3E", "%": "%25", "#": "%23"})


def overview(equity: pl.DataFrame, fills: pl.Series, currency: str) -> str:
    """Draw equity, fills and drawdown as Markdown that is short enough to be shown in place.

    Its colours are read on white and on black alike, since an image knows nothing of the page around it.

    Args:
        equity: Columns ts (ns, rising) and equity, of any length but none.
        fills: Times of fills, ns.
        currency: Of the equity.
    """
    drawn = (_markdown(_svg(equity, fills, currency, step)) for step in _STEPS)
    return next(text for text in drawn if len(text) < _SHOWN_IN_PLACE)


def _markdown(svg: str) -> str:
    return f"![equity, fills and drawdown](<data:image/svg+xml,{svg.translate(_ESCAPED)}>)"


def _svg(equity: pl.DataFrame, fills: pl.Series, currency: str, step: int) -> str:
    values = equity["equity"].cast(pl.Float64)
    low, high = min(values), max(values)
    deepest = min(values / values.cum_max() - 1)
    start, end = equity["ts"][0], equity["ts"][-1]
    stretches = _stretches(equity, _WIDTH // step)
    curve = _path(_pixels(stretches["equity"], low, high, _EQUITY_TOP, _EQUITY_HEIGHT), step)
    below = _path(_pixels(stretches["drawdown"], deepest, 0.0, _DRAWDOWN_TOP, _DRAWDOWN_HEIGHT), step)
    form = ",.0f" if money_decimals(currency) < _COIN_DECIMALS else ",.4f"
    marks = _marks({_stretch(ts, start, end, _WIDTH // step) for ts in fills}, step)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{_HEIGHT}' fill='none' "
        "style='font:11px sans-serif'>"
        f"<path d='{curve}' stroke='{_UP}' stroke-width='1.5'/><path d='{marks}' stroke='{_PLAIN}'/>"
        f"<path d='{below}' stroke='{_DOWN}'/>"
        f"<text y='11' fill='{_UP}'>equity {low:{form}} to {high:{form}} {currency}</text>"
        f"<text y='{_DRAWDOWN_TOP - 6}' fill='{_DOWN}'>drawdown {-deepest:.2%}</text>"
        f"<text y='{_HEIGHT - 4}' fill='{_PLAIN}'>{moment(start)} to {moment(end)}, {fills.len()} fills</text></svg>"
    )


def _stretch(ts: int, start: int, end: int, count: int) -> int:
    """Number of the stretch of time in which a moment lies; the curve's last minute ends after its row."""
    return min(count - 1, (ts - start) // _length(start, end, count))


def _length(start: int, end: int, count: int) -> int:
    return (end - start) // count + 1  # divided first: years of nanoseconds leave no room to multiply


def _stretches(equity: pl.DataFrame, count: int) -> pl.DataFrame:
    """Last equity and deepest drawdown of evenly long stretches; one without a row repeats the one before."""
    values = pl.col("equity").cast(pl.Float64)
    length = _length(equity["ts"][0], equity["ts"][-1], count)
    found = (
        equity.select(
            ((pl.col("ts") - pl.col("ts").first()) // length).alias("stretch"),
            values,
            (values / values.cum_max() - 1).alias("drawdown"),
        )
        .group_by("stretch")
        .agg(pl.col("equity").last(), pl.col("drawdown").min())
    )
    every = pl.DataFrame({"stretch": range(count)}, schema={"stretch": found.schema["stretch"]})
    return every.join(found, on="stretch", how="left", maintain_order="left").fill_null(strategy="forward")


def _pixels(values: Iterable[float], low: float, high: float, top: int, height: int) -> list[int]:
    span = (high - low) or 1.0
    return [top + round(height * (high - value) / span) for value in values]


def _path(rows: Sequence[int], step: int) -> str:
    """A line through pixels, each `step` right of the one before: relative, and level parts as one.

    >>> _path([5, 5, 5, 3, 4], 9)
    'M0 5h18l9-2 9 1'
    """
    path, level, command = f"M0 {rows[0]}", 0, ""
    for before, row in pairwise(rows):
        if row == before:
            level += step
            continue
        if level:
            path, level, command = f"{path}h{level}", 0, ""
        path += f"{' ' if command else 'l'}{step}{'' if row < before else ' '}{row - before}"
        command = "l"
    return f"{path}h{level}" if level else path


def _marks(stretches: set[int], step: int) -> str:
    """A short upright line in each stretch.

    >>> _marks({0, 2}, 9)
    'M0 84v8m18-8v8'
    """
    path, before = "", None
    for stretch in sorted(stretches):
        path += f"M{stretch * step} {_FILLS_TOP}" if before is None else f"m{(stretch - before) * step}-{_FILLS_HEIGHT}"
        path += f"v{_FILLS_HEIGHT}"
        before = stretch
    return path
