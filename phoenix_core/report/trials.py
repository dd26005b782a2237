"""Which experiments were tried on data that overlap with a range, and what each earned there.

A trial is an experiment, whatever ranges it was run over: its days one by one and its whole year are one choice of
parameters. What was tried on some of the same days of the same instrument was tried on the same data, so it counts,
with the hours that it shares. Only results that still lie in the data folder can be counted.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

import polars as pl

from phoenix_core.market import DAY_NS, NS_PER_SECOND, day_from_text, day_start_ns, days_between
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.report.metrics import hourly_changes
from phoenix_core.storage import Lake

_HOUR_NS = 3600 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment and what it earned within a range.

    Attributes:
        returns: Hourly returns within the range, in the order of time.
        is_of_range: It was run over this very range, and not only over others that overlap.
    """

    returns: pl.Series
    is_of_range: bool


def trials(lake: Lake, listing: str, span: str) -> dict[str, Trial]:
    """Every experiment on a listing whose results overlap with a range (`first_last`, or a day), by name."""
    wanted = set(_days(span))
    found: dict[str, list[str]] = {}
    for described in sorted(lake.path("backtests").glob("*/*/experiment.json")):
        folder = str(described.parent.relative_to(lake.root))
        if wanted & set(_days(described.parent.name)) and document_in(lake, folder)["experiment"]["listing"] == listing:
            found.setdefault(PurePath(folder).parts[-2], []).append(folder)
    return {
        name: Trial(_returns(lake, folders, wanted), any(PurePath(one).name == span for one in folders))
        for name, folders in found.items()
    }


def _returns(lake: Lake, folders: list[str], wanted: set[date]) -> pl.Series:
    """Hourly returns on the wanted days: each hour once, out of the result that covers most of them."""
    hours = pl.DataFrame(schema={"hour": pl.Int64, "change": pl.Float64})
    left = set(wanted)
    for folder in sorted(folders, key=lambda one: -len(wanted & set(_days(PurePath(one).name)))):
        covered = left & set(_days(PurePath(folder).name))
        if covered:
            changes = hourly_changes(table_in(lake, folder, "equity", document_in(lake, folder)))
            starts = {day_start_ns(day) // _HOUR_NS for day in covered}
            day = pl.col("hour") - pl.col("hour") % (DAY_NS // _HOUR_NS)
            hours = pl.concat([hours, changes.filter(day.is_in(starts))])
            left -= covered
    return hours.sort("hour")["change"]


def _days(span: str) -> list[date]:
    """Days of a range as it names the folder of a result."""
    first, _, last = span.partition("_")
    return days_between(day_from_text(first), day_from_text(last or first))
