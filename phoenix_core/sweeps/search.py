"""Search a grid instead of trying all of it: a sampler says which points come next, a pruner which are given up.

What a study was told is where it looks; what was earned is read from published results. Where these are others now, by
new code or new data, the search begins anew, and keeps what still stands. So it may be killed at any time, too.

Every point that runs is an experiment like any other: a result, and a trial in the ledger, also where it was pruned.
Pruning runs a point over the first days of the range, each time twice as many, until it is given up or has run over
all of them: a replay can't be halted and taken up again, so that one over all days costs up to twice a plain one.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta

from optuna.trial import FrozenTrial, Trial

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.manifest import Entry
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.report.metrics import HOURS_A_YEAR, hourly_returns
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.grid import Grid, Point
from phoenix_core.sweeps.methods import Objective, Pruner
from phoenix_core.sweeps.request import Search
from phoenix_core.sweeps.statistics import Moments
from phoenix_core.sweeps.study import Study, days_of, quiet_optuna
from phoenix_core.sweeps.sweep import Done, Outcome, Standing, run_points

Elsewhere = Callable[[Sequence[Experiment]], None]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a search is kept and where its points run; nothing of it changes what is drawn.

    Attributes:
        storage: Where a study is kept, a URL that SQLAlchemy knows; empty: in memory, and drawn anew each time.
        elsewhere: Has experiments run on other hosts, and returns when all have ended there; what failed is then tried
            once more here. None: they run here.
    """

    storage: str = ""
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched.

    Attributes:
        base: What the grid does not vary, and the range.
        grid: What is drawn from.
        search: How, and how often.
        name: Of the study; another range or another search has another one.
        home: Where it is kept, and its points run.
    """

    base: Experiment
    grid: Grid
    search: Search
    name: str
    home: Home = Home()

    @property
    def days(self) -> int:
        """Of the range."""
        return (self.base.last - self.base.first).days + 1

    @property
    def rungs(self) -> list[int]:
        """After how many days a point is looked at; the last is the whole range."""
        count = 1 if self.search.prune is Pruner.NONE else self.search.rungs
        return sorted({math.ceil(self.days / 2**halved) for halved in range(count)})


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave.

    Attributes:
        outcomes: Of its points, each once, in the order in which they were first drawn; those that were pruned have
            no result over the whole range.
        pruned: Names of those.
    """

    outcomes: list[Outcome]
    pruned: frozenset[str] = frozenset()


def run_search(lake: Lake, sought: Sought, processes: int, done: Done) -> Found:
    """Draw and run points until there are as many trials as are wanted, those of earlier calls included.

    Args:
        lake: The data folder.
        sought: What is searched.
        processes: How many points run at once.
        done: Told of each point that ends over the whole range.

    Raises:
        ConfigInvalid: A point that the experiment refuses.
        StrategyFailed: A process was killed from outside.
    """
    with quiet_optuna(), closing(Study(sought.name, sought.home.storage, sought.search, sought.grid.axes)) as study:
        under_way = _Search(lake, sought, study, processes, done)
        if not under_way.is_of_now():
            study.forget()
            under_way.pruned.clear()
        while batch := study.next_batch():
            under_way.run(batch)
        return under_way.found()


@dataclass(slots=True)
class _Search:
    """A search under way.

    Attributes:
        ended: What became of points over the whole range, by name.
        pruned: Likewise of those that were given up.
    """

    lake: Lake
    sought: Sought
    study: Study
    processes: int
    done: Done
    ended: dict[str, Outcome] = field(default_factory=dict)
    pruned: dict[str, Outcome] = field(default_factory=dict)

    def is_of_now(self) -> bool:
        """Whether the results say what the study was told; those that do not stand any more are made anew."""
        finished = [one for one in self.study.begun() if one.state.is_finished()]
        for days in self.sought.rungs:
            told = [one for one in finished if days_of(one, self.sought.days) == days]
            for one, outcome in zip(told, self._run(told, days), strict=True):
                if outcome.entry is not None:
                    value = self._value(outcome.entry)
                    if one.value != value:
                        return False
                    self._give_up(outcome, value, days)
        return True

    def run(self, batch: list[Trial]) -> None:
        """Run a batch over more and more days, and tell the study how each of its trials ended."""
        for days in self.sought.rungs:
            going_on = []
            for trial, outcome in zip(batch, self._run(batch, days), strict=True):
                if outcome.entry is None:
                    self.ended[outcome.point.experiment.name] = outcome
                    self.study.failed(trial)
                    continue
                value = self._value(outcome.entry)
                if days == self.sought.days:
                    self.study.gained(trial, value)
                elif self.study.is_pruned(trial, value, days):
                    self._give_up(outcome, value, days)
                else:
                    going_on.append(trial)
            batch = going_on

    def found(self) -> Found:
        """All points, each once. One that was given up, drawn again and not given up then, has a result."""
        names = dict.fromkeys(self._point(one).experiment.name for one in self.study.begun())
        outcomes = [self.ended.get(name) or self.pruned[name] for name in names]
        return Found(outcomes, frozenset(name for name in names if name not in self.ended))

    def _run(self, trials: Iterable[Trial | FrozenTrial], days: int) -> list[Outcome]:
        """Run the points of trials over the first days of the range, each once; one for each trial."""
        points = [self._point(trial) for trial in trials]
        once = {point.experiment.name: point for point in points}
        if days == self.sought.days:
            new = [point for name, point in once.items() if name not in self.ended]
            self._elsewhere(new)
            self.ended |= _by_name(run_points(self.lake, new, self.processes, self.done))
            return [self.ended[point.experiment.name] for point in points]
        last = self.sought.base.first + timedelta(days - 1)
        shorter = [replace(one, experiment=one.experiment.model_copy(update={"last": last})) for one in once.values()]
        self._elsewhere(shorter)
        found = _by_name(run_points(self.lake, shorter, self.processes, lambda _: None))
        return [replace(found[point.experiment.name], point=point) for point in points]

    def _elsewhere(self, points: Sequence[Point]) -> None:
        """Have other hosts run what is not there yet, before it is looked for here."""
        if self.sought.home.elsewhere is None:
            return
        standing = Standing(self.lake)
        if wanted := [one.experiment for one in points if standing.find(one.experiment) is None]:
            self.sought.home.elsewhere(wanted)

    def _point(self, trial: Trial | FrozenTrial) -> Point:
        return self.sought.grid.point(self.sought.base, self.study.values(trial))

    def _give_up(self, outcome: Outcome, value: float, days: int) -> None:
        if days < self.sought.days:
            objective = self.sought.search.objective.value
            why = f"pruned after {days} of {self.sought.days} days, {objective} {value:.2f}"
            self.pruned[outcome.point.experiment.name] = Outcome(outcome.point, None, why)

    def _value(self, entry: Entry) -> float:
        folder = entry.facts["folder"]
        document = document_in(self.lake, folder)
        if self.sought.search.objective is Objective.NET:
            return float(document["parts"]["net"])
        moments = Moments.of(hourly_returns(table_in(self.lake, folder, "equity", document)).to_numpy())
        return moments.ratio * math.sqrt(HOURS_A_YEAR) if moments else 0.0


def _by_name(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    return {one.point.experiment.name: one for one in outcomes}
