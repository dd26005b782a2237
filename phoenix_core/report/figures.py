"""Pictures of a backtest: a small vector image for the Dagster UI, and the panels of the report."""

from decimal import Decimal

import polars as pl

_WIDTH, _HEIGHT, _MARGIN = 720, 240, 44
_POINTS = 400
_INK, _LINE, _GRID = "#1f2937", "#0f766e", "#e5e7eb"


def equity_svg(equity: pl.DataFrame, title: str) -> str:
    """Draw an equity curve (ts, equity) of any length as an image of a few kilobytes."""
    curve = pointed(equity, _POINTS, "equity")
    values = curve["equity"].to_list() or [0.0]
    low, high = float(min(values)), float(max(values))
    span = (high - low) or 1.0
    width, height = _WIDTH - 2 * _MARGIN - 30, _HEIGHT - 2 * _MARGIN
    left = _MARGIN + 30

    def y_of(value: float) -> float:
        return _MARGIN + height * (1 - (value - low) / span)

    times = curve["ts"].to_list() or [0]
    scale = width / max(1, times[-1] - times[0])
    drawn = zip(times, values, strict=True)
    points = " ".join(f"{left + (ts - times[0]) * scale:.1f},{y_of(value):.1f}" for ts, value in drawn)
    rules = "".join(
        f'<line x1="{left}" x2="{left + width}" y1="{y_of(value):.1f}" y2="{y_of(value):.1f}" stroke="{_GRID}"/>'
        f'<text x="{left - 6}" y="{y_of(value) + 4:.1f}" text-anchor="end">{value:,.0f}</text>'
        for value in (low, low + span / 2, high)
    )
    first, last = (moment(curve["ts"][0]), moment(curve["ts"][-1])) if curve.height else ("", "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'font-family="sans-serif" font-size="11" fill="{_INK}"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{left}" y="24" font-size="14">{title}</text>{rules}'
        f'<polyline fill="none" stroke="{_LINE}" stroke-width="1.6" points="{points}"/>'
        f'<text x="{left}" y="{_HEIGHT - 18}">{first}</text>'
        f'<text x="{left + width}" y="{_HEIGHT - 18}" text-anchor="end">{last}</text></svg>'
    )


def thinned(frame: pl.DataFrame, points: int) -> pl.DataFrame:
    """Keep about so many rows, evenly, and always the last."""
    if frame.height <= points:
        return frame
    every = -(-frame.height // points)
    kept = frame.gather_every(every)
    return kept if (frame.height - 1) % every == 0 else pl.concat([kept, frame.tail(1)])


def pointed(frame: pl.DataFrame, points: int, by: str) -> pl.DataFrame:
    """Keep about so many rows: of each stretch the lowest and the highest of a column, and always the last row."""
    if frame.height <= points:
        return frame
    every = -(-2 * frame.height // points)
    stretches = frame.group_by((pl.int_range(pl.len()) // every).alias("stretch"))
    ends = stretches.agg(pl.col(by).arg_min().alias("low"), pl.col(by).arg_max().alias("high"))
    kept = {stretch * every + offset for stretch, *offsets in ends.iter_rows() for offset in offsets}
    return frame[sorted({*kept, frame.height - 1})]


def signed(value: Decimal | float, form: str = ",.2f") -> str:
    """Write a number with its sign; what is shown as nothing has none.

    >>> signed(1234.5), signed(-0.0004), signed(-0.02, ".1%")
    ('+1,234.50', '0.00', '-2.0%')
    """
    text = format(value, f"+{form}")
    return text if any(digit in text for digit in "123456789") else text[1:]


def moment(ts: int) -> str:
    """A time in nanoseconds as people read it, to the minute."""
    text = pl.select(pl.from_epoch(pl.lit(ts // 1_000_000_000), "s").dt.strftime("%Y-%m-%d %H:%M")).item()
    return f"{text} UTC"
