"""How much of the market a result's orders were: the share of each minute's traded volume that they got.

A small share is what makes the rest of the assumptions bearable: that we change nothing for others.
"""

from dataclasses import dataclass

import polars as pl

_MINUTE = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Capacity:
    """Shares over the minutes that have a fill of ours; all zero without one.

    Attributes:
        median: Of these minutes.
        worst: The largest.
        worst_ns: Last nanosecond of that minute.
        minutes: How many there are.
        above: How many of them lie above the share that was asked about.
    """

    median: float = 0.0
    worst: float = 0.0
    worst_ns: int = 0
    minutes: int = 0
    above: int = 0


def capacity(fills: pl.DataFrame, minutes: pl.DataFrame, largest: float) -> Capacity:
    """Hold fills against what was traded.

    Args:
        fills: ts and quantity.
        minutes: minute_ns (last nanosecond of the minute) and volume.
        largest: The share above which minutes are counted.

    A minute in which nobody traded, where a quote filled us, counts as a whole.

    >>> fills = pl.DataFrame({"ts": [5, 7], "quantity": [1.0, 2.0]})
    >>> capacity(fills, pl.DataFrame({"minute_ns": [_MINUTE - 1], "volume": [12.0]}), 0.1).worst
    0.25
    """
    if not fills.height:
        return Capacity()
    ours = fills.group_by((pl.col("ts") // _MINUTE * _MINUTE + _MINUTE - 1).alias("minute_ns")).agg(
        pl.col("quantity").cast(pl.Float64).sum()
    )
    traded = minutes.select(pl.col("minute_ns").cast(pl.Int64), pl.col("volume").cast(pl.Float64))
    share = pl.col("quantity") / pl.col("volume").fill_null(pl.col("quantity"))
    shares = ours.join(traded, on="minute_ns", how="left").select("minute_ns", share.alias("share"))
    worst = shares.sort("share", "minute_ns").row(-1, named=True)
    return Capacity(
        median=float(shares["share"].median()),  # type: ignore[arg-type]
        worst=worst["share"],
        worst_ns=worst["minute_ns"],
        minutes=shares.height,
        above=int((shares["share"] > largest).sum()),
    )
