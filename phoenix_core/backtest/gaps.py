"""Outages of the data: when no trade came for minutes, entries are blocked.

A gap is five minutes or more without a trade. Nothing is entered on a signal that closed in it or within
five minutes of its end, since windows that span it mean something else. What is missing from midnight on
has no such end: the day's buckets begin with its first trade. A position is kept, as there is no market to
leave at; exits, funding and liquidation go on as ever.
"""

from dataclasses import dataclass

import polars as pl

from phoenix_core.market import DAY_NS, NS_PER_SECOND
from phoenix_core.rules import QUIET_NS

_MINUTE = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without trades, both ends in nanoseconds."""

    start_ns: int
    end_ns: int
    from_midnight: bool = False

    @property
    def entries_blocked_until_ns(self) -> int:
        """Entries are possible again after this."""
        return self.end_ns + (0 if self.from_midnight else QUIET_NS)

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.end_ns - self.start_ns) / NS_PER_SECOND


def gaps_of(minutes: pl.Series, start_ns: int) -> tuple[Gap, ...]:
    """Gaps of a day, to the minute.

    Args:
        minutes: Ends of the minutes that had a trade, ns, rising.
        start_ns: 00:00 UTC of the day.

    >>> gaps_of(pl.Series([60 * 10**9 - 1, 420 * 10**9 - 1]), 0)[0].seconds
    300.0
    """
    if minutes.is_empty():
        return (Gap(start_ns, start_ns + DAY_NS, from_midnight=True),)
    # A minute with a trade counts as whole, so gaps come out shorter than they were, by two minutes at most.
    ends = [start_ns - 1, *minutes.to_list()]
    begins = [end + 1 - _MINUTE for end in minutes.to_list()] + [start_ns + DAY_NS]
    pairs = zip(ends, begins, strict=True)
    return tuple(Gap(end + 1, begin, end + 1 == start_ns) for end, begin in pairs if begin - end - 1 >= QUIET_NS)


def with_blocked_entries(signals: pl.DataFrame, gaps: tuple[Gap, ...]) -> pl.DataFrame:
    """Mark the signals on which nothing is entered: column `entries_blocked`."""
    blocked = pl.lit(value=False)
    for gap in gaps:
        blocked = blocked | pl.col("ts_init").is_between(gap.start_ns, gap.entries_blocked_until_ns)
    return signals.with_columns(blocked.alias("entries_blocked"))
