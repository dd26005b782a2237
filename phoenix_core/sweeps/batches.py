"""Points of a sweep replayed over arrays, many at a time, and held against NautilusTrader's replay by samples.

Which replay made a result is no part of its identity (docs/decisions/0023), so a sweep may be begun with one and ended
with the other. A batch reads each day once; its results are published when its last day is through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from phoenix_core.alone import watched
from phoenix_core.backtest.arrays.agreement import TABLES, Compared, confirm
from phoenix_core.backtest.arrays.batch import run_arrays, why_unsuitable
from phoenix_core.backtest.result import Result
from phoenix_core.errors import PhoenixError, ReplayDiffers, ReplayUnsuitable, Superseded
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.storage.digests import digest_of
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.grid import Point
from phoenix_core.sweeps.sweep import Job, Outcome, PointRunner, by_engine, key_of, published, said
from phoenix_core.sweeps.trials import begin

_SAMPLE = 2  # points of a sweep that the engine confirms, besides the best
_LARGEST = 250  # points of a batch: what a sweep that is killed has to run again


@dataclass(frozen=True, slots=True)
class Batches:
    """Jobs of a sweep over arrays; points that only the engine can replay are jobs of their own.

    Attributes:
        sample: Names of experiments that are published only once the engine has confirmed them.
    """

    sample: frozenset[str] = frozenset()

    @classmethod
    def of(cls, points: Sequence[Point], sweep: str) -> Self:
        """Batches of which some points are confirmed, drawn by the sweep's name: the same whenever it is run."""
        names = sorted((point.experiment.name for point in points), key=lambda name: digest_of([sweep, name]))
        return cls(frozenset(names[:_SAMPLE]))

    def __call__(self, lake: Lake, points: Sequence[Point], at_once: int) -> list[Job]:
        """Cut points into batches, as few as processes and the work that a kill may cost allow."""
        others = [point for point in points if why_unsuitable(point.experiment)]
        suitable = [point for point in points if not why_unsuitable(point.experiment)]
        size = max(1, min(_LARGEST, -(-len(suitable) // at_once)))
        # Dealt out, not cut: neighbours in a grid have about as many orders, so that one batch would get most of them.
        count = -(-len(suitable) // size)
        cut = [suitable[first::count] for first in range(count)]
        return [partial(_BatchRunner(lake, self.sample), one) for one in cut] + by_engine(lake, others, at_once)

    def confirm_best(self, lake: Lake, outcomes: Sequence[Outcome], best: str) -> None:
        """Hold the point that is shown as best against the engine's replay, unless that was done or made it.

        Raises:
            ReplayDiffers: It gives another result.
        """
        for one in outcomes:
            experiment, entry = one.point.experiment, one.entry
            is_made_by_engine = not one.is_kept and (experiment.name in self.sample or why_unsuitable(experiment))
            if experiment.name == best and entry is not None and not is_made_by_engine:
                confirm(lake, experiment, _published(lake, str(entry.facts["folder"])))


def _published(lake: Lake, folder: str) -> Compared:
    document = document_in(lake, folder)
    tables = {name: table_in(lake, folder, name, document) for name in TABLES}
    return Compared(tables, {name: document[name] for name in ("final_balance", "orders")})


@dataclass(frozen=True, slots=True)
class _BatchRunner:
    """Runs and publishes a batch; all its trials are in the ledger before it begins."""

    lake: Lake
    sample: frozenset[str]

    def __call__(self, points: Sequence[Point]) -> list[Outcome]:
        # As each stands now, before anything is read: whoever publishes one meanwhile has newer inputs, perhaps.
        alone = [watched(self.lake, key_of(point.experiment)) for point in points]
        for point in points:
            begin(self.lake, point.experiment)
        try:
            results = run_arrays(self.lake, [point.experiment for point in points])
            found = zip(alone, points, results, strict=True)
            return [self._outcome(lake, point, result) for lake, point, (_, result) in found]
        except ReplayDiffers:
            raise
        except PhoenixError as error:  # of what they all read
            return [Outcome(point, None, said(error)) for point in points]

    def _outcome(self, lake: Lake, point: Point, result: Result | PhoenixError) -> Outcome:
        if isinstance(result, ReplayUnsuitable):
            return PointRunner(self.lake)(point)
        if isinstance(result, PhoenixError):
            return Outcome(point, None, said(result))
        if point.experiment.name in self.sample:
            confirm(self.lake, point.experiment, Compared.of(result))
        try:
            return published(lake, point, result)
        except Superseded:
            return PointRunner(self.lake)(point)
        except PhoenixError as error:
            return Outcome(point, None, said(error))
