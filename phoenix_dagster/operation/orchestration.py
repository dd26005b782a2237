"""What Dagster itself costs: runs, events and time around the work, by the number of days that a run takes.

Measured on six days of 26 assets of one symbol, raw to signals (dagster 1.13.27): a day a run writes 18.9 events and
33.5 kB a materialization, six days a run 5.8 and 10.8; so what belongs to a run's asset and what to each of its days
can be told apart. SQLite keeps about three times the bytes, with a file for each run and its index, PostgreSQL little
more than once. Checks are most of it: each asset of a run has four on average, and each of them four events.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

DAYS_PER_RUN = (1, 7, 30)
# For each asset of a run, and for each day of it.
_EVENTS = (15.8, 3.2)
_BYTES = (27_200, 6_300)
# CPU seconds of a run's own process, most of them imports, and of a day of all assets without rows.
_RUN_SECONDS = 5.0
_DAY_SECONDS = 0.7
# A chunk should cost no more history than this, and no more of the time than the work.
_MANY_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Orchestrated:
    """What a backfill costs beside its work.

    Attributes:
        days_per_run: PHOENIX_DAYS_PER_RUN.
        runs: Runs, of all symbols.
        events: Rows of the event log, about.
        event_bytes: Bytes of those events as they are sent to the storage, about.
        hours: Wall time on all workers with a core each, the work included; downloads are not.
    """

    days_per_run: int
    runs: int
    events: int
    event_bytes: int
    hours: float


@dataclass(frozen=True, slots=True)
class Backfill:
    """What is to be materialized.

    Attributes:
        days: Days of the range.
        assets: Daily assets of a symbol.
        work_seconds: CPU seconds of the work of a symbol.
        workers: Runs at once, each with a core of its own.
        symbols: Symbols, each with as much.
    """

    days: int
    assets: int
    work_seconds: float
    workers: int
    symbols: int = 1

    def choices(self) -> list[Orchestrated]:
        """Costs for each choice of days per run, the fewest first."""
        return [self._by(most) for most in DAYS_PER_RUN]

    def _by(self, most: int) -> Orchestrated:
        runs = math.ceil(self.days / most)
        seconds = self.symbols * (self.work_seconds + runs * _RUN_SECONDS + self.days * _DAY_SECONDS)
        assets = self.assets * self.symbols
        return Orchestrated(
            days_per_run=most,
            runs=runs * self.symbols,
            events=_together(_EVENTS, runs, self.days, assets),
            event_bytes=_together(_BYTES, runs, self.days, assets),
            hours=seconds / self.workers / 3600,
        )


def _together(cost: tuple[float, float], runs: int, days: int, assets: int) -> int:
    a_run, a_day = cost
    return round(assets * (runs * a_run + days * a_day))


def advised(choices: Sequence[Orchestrated]) -> Orchestrated:
    """The fewest days per run whose history stays below a gigabyte; else the most.

    A day a run is the default for a reason: its logs, checks and retries are its own.
    """
    return next((one for one in choices if one.event_bytes <= _MANY_BYTES), choices[-1])
