"""What a listing's minutes came to, kept out of memory until its account is valued.

A minute of prices and volume takes 56 bytes, a year of one listing 29 MB; a day is read once more at the end, when its
part of the equity is made.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import polars as pl

from phoenix_core.market import DAY_NS, NS_PER_SECOND, day_of_ns, day_start_ns, days_between
from phoenix_core.storage.spill import Place, Spill

_MINUTE_NS = 60 * NS_PER_SECOND
_STRETCH = timedelta(31)


class Minutes:
    """Minutes of a listing: minute_ns (end of the minute), open and price of first and last trade, and volume.

    Args:
        spill: Where they are put; others may share it.
    """

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._places: dict[date, Place] = {}

    def add(self, day: date, prices: pl.DataFrame) -> None:
        """Put the minutes of a day aside; days come in order."""
        buffer = io.BytesIO()
        prices.write_ipc_stream(buffer)
        self._places[day] = self._spill.put(buffer.getvalue())

    @property
    def span(self) -> tuple[date, date]:
        """First and last day that was added."""
        return min(self._places), max(self._places)

    def between(self, first: date, last: date) -> pl.DataFrame:
        """Minutes that had a trade, of the days in [first, last]; none outside of its span.

        Of days that are missing between others each minute counts, at the price before: the account is flat.
        """
        begin, end = self.span
        days = days_between(max(first, begin), min(last, end)) if first <= end and last >= begin else []
        return pl.concat([self._of(day) for day in days] or [self._read(begin).clear()])

    def of_times(self, times: Iterable[int]) -> pl.DataFrame:
        """Minutes of all days on which one of these times lies."""
        days = sorted({day_of_ns(ts) for ts in times})
        return pl.concat([self.between(day, day) for day in days] or [self._read(self.span[0]).clear()])

    def ends(self) -> pl.DataFrame:
        """The first minute and the last one."""
        first, last = (self._read(day) for day in self.span)
        return pl.concat([first.head(1), last.tail(1)])

    def _of(self, day: date) -> pl.DataFrame:
        if day in self._places:
            return self._read(day)
        before = next((known for one in self._before(day) if (known := self._read(one)).height), None)
        start = day_start_ns(day)
        ends = [start + minute * _MINUTE_NS - 1 for minute in range(1, DAY_NS // _MINUTE_NS + 1)]
        schema = self._read(self.span[0]).schema
        known = before.tail(1) if before is not None else pl.DataFrame([dict.fromkeys(schema)], schema=schema)
        held = [pl.lit(known[name][0], schema[name]).alias(name) for name in ("open", "price")]
        nought = pl.lit(0).cast(schema["volume"]).alias("volume")
        return pl.DataFrame({"minute_ns": ends}, schema={"minute_ns": schema["minute_ns"]}).select(
            "minute_ns", *held, nought
        )

    def _before(self, day: date) -> Iterator[date]:
        return (one for one in reversed(self._places) if one < day)

    def _read(self, day: date) -> pl.DataFrame:
        return pl.read_ipc_stream(io.BytesIO(self._spill.get(self._places[day])))


def stretches(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Ends of the stretches that [first, last] is worked through in: a month's minutes at a time."""
    while first <= last:
        yield first, min(first + _STRETCH, last)
        first += _STRETCH + timedelta(1)
