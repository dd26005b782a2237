"""What pictures of a backtest need, whatever draws them: fewer points, and numbers and times as people read them."""

from decimal import Decimal

import polars as pl


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
