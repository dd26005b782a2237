"""What a backfill takes: runs, events, hours and what bounds them, by the number of days that a run takes.

Measured on six days of 26 assets of one symbol, raw to signals (dagster 1.13.27): a day a run writes 18.9 events and
33.5 kB a materialization, six days a run 5.8 and 10.8; so what belongs to a run's asset and what to each of its days
can be told apart. SQLite keeps about three times the bytes, with a file for each run and its index, PostgreSQL little
more than once. Checks are most of it: each asset of a run has four on average, and each of them four events.

Workers share three things: the daemon, which hands out one run after another; the database; and perhaps a bucket. Hours
are those of the slowest, each reckoned as if the others took no time (benchmarks/results.md, "Several machines").
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

DAYS_PER_RUN = (1, 7, 30)
# For each asset of a run, and for each day of it.
_EVENTS = (15.8, 3.2)
_BYTES = (27_200, 6_300)
# CPU seconds of a run's own process, most of them imports, and of a day of all assets without rows.
_RUN_SECONDS = 5.0
_DAY_SECONDS = 0.7
# CPU seconds, by benchmarks/bench_workers.py: of the daemon, one Python process, for a run; of PostgreSQL for an event.
_DAEMON_SECONDS = 0.22
_DATABASE_SECONDS = 0.0142
DATABASE_CORES = 4
# Of an asset's day in a bucket, counted by benchmarks/bench_scale.py; and what a prefix takes a second:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
PUTS, GETS = 3, 6
_PUTS_A_SECOND, _GETS_A_SECOND = 3_500, 5_500
# A chunk should cost no more history than this, and no more of the time than the work.
_MANY_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Orchestrated:
    """What a backfill takes.

    Attributes:
        days_per_run: PHOENIX_DAYS_PER_RUN.
        runs: Runs, of all symbols.
        events: Rows of the event log, about.
        event_bytes: Bytes of those events as they are sent to the storage, about.
        hours_by: Hours at least, by what they are waited for: `workers` (the work included, downloads are not),
            `daemon`, `database`, and `bucket` where data is in one.
    """

    days_per_run: int
    runs: int
    events: int
    event_bytes: int
    hours_by: Mapping[str, float]

    @property
    def hours(self) -> float:
        """Wall time at least."""
        return self.hours_by[self.bound]

    @property
    def bound(self) -> str:
        """What takes the longest, and would have to be more of."""
        return max(self.hours_by, key=self.hours_by.__getitem__)

    @property
    def document(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return asdict(self) | {"hours": self.hours, "bound": self.bound}


@dataclass(frozen=True, slots=True)
class Backfill:
    """What is to be materialized.

    Attributes:
        days: Days of the range.
        assets: Daily assets of a symbol.
        work_seconds: CPU seconds of the work of a symbol.
        workers: Runs at once, each with a core of its own.
        symbols: Symbols, each with as much.
        in_bucket: Whether all hosts keep their data in one.
    """

    days: int
    assets: int
    work_seconds: float
    workers: int
    symbols: int = 1
    in_bucket: bool = False

    def choices(self) -> list[Orchestrated]:
        """Costs for each choice of days per run, the fewest first."""
        return [self._by(most) for most in DAYS_PER_RUN]

    def _by(self, most: int) -> Orchestrated:
        runs = math.ceil(self.days / most)
        seconds = self.symbols * (self.work_seconds + runs * _RUN_SECONDS + self.days * _DAY_SECONDS)
        assets = self.assets * self.symbols
        events = _together(_EVENTS, runs, self.days, assets)
        seconds_by = {
            "workers": seconds / self.workers,
            "daemon": runs * self.symbols * _DAEMON_SECONDS,
            "database": events * _DATABASE_SECONDS / DATABASE_CORES,
        }
        if self.in_bucket:
            seconds_by["bucket"] = assets * self.days * max(PUTS / _PUTS_A_SECOND, GETS / _GETS_A_SECOND)
        return Orchestrated(
            days_per_run=most,
            runs=runs * self.symbols,
            events=events,
            event_bytes=_together(_BYTES, runs, self.days, assets),
            hours_by={name: taken / 3600 for name, taken in seconds_by.items()},
        )


def _together(cost: tuple[float, float], runs: int, days: int, assets: int) -> int:
    a_run, a_day = cost
    return round(assets * (runs * a_run + days * a_day))


def advised(choices: Sequence[Orchestrated]) -> Orchestrated:
    """The fewest days per run whose history stays below a gigabyte; else the most.

    A day a run is the default for a reason: its logs, checks and retries are its own.
    """
    return next((one for one in choices if one.event_bytes <= _MANY_BYTES), choices[-1])
