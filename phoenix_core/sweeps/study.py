"""Optuna's record of a search: which points were drawn, what they gave, and what its samplers draw next.

Nothing else knows Optuna. What is drawn depends on history and seed alone: each trial has a sampler of its own, seeded
by its number, so that a study that was opened again draws what it would have drawn.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.pruners import BasePruner, MedianPruner, NopPruner, PercentilePruner
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from phoenix_core.sweeps.grid import Axis
from phoenix_core.sweeps.methods import Pruner, Sampler
from phoenix_core.sweeps.request import Search

_PASSED = "passed"  # after how many days a trial was not given up
_LOST = "lost"  # a trial whose point was never wholly drawn: its process was killed
# In PostgreSQL: Dagster's own tables have one of the same name.
_SCHEMA = "phoenix_search"
_SAMPLERS: Mapping[Sampler, Callable[..., BaseSampler]] = {
    Sampler.TPE: TPESampler,
    Sampler.RANDOM: RandomSampler,
    Sampler.NSGAII: NSGAIISampler,
}
# None that counts in the storage while it judges, as successive halving does: killed there, it would judge otherwise.
_PRUNERS: Mapping[Pruner, Callable[[], BasePruner]] = {
    Pruner.NONE: NopPruner,
    Pruner.MEDIAN: MedianPruner,
    Pruner.QUARTILE: lambda: PercentilePruner(25.0),
}


@dataclass(slots=True)
class Study:
    """A study, opened or begun.

    Attributes:
        name: In the storage.
        url: Of the storage, for SQLAlchemy; empty: in memory.
        wanted: How is searched.
        axes: What is drawn from.
    """

    name: str
    url: str
    wanted: Search
    axes: Sequence[Axis]
    _storage: BaseStorage = field(init=False)
    _inner: optuna.Study = field(init=False)

    def __post_init__(self) -> None:
        self._storage = _storage(self.url)
        self._open()
        for one in self.begun():
            if not one.state.is_finished() and len(one.params) < len(self.axes):
                self._trial(one).set_user_attr(_LOST, value=True)
                self._inner.tell(one.number, state=TrialState.FAIL)

    def close(self) -> None:
        """Let go of the storage's connections."""
        if isinstance(self._storage, RDBStorage):
            self._storage.remove_session()
            self._storage.engine.dispose()

    def forget(self) -> None:
        """Begin anew."""
        optuna.delete_study(study_name=self.name, storage=self._storage)
        self._open()

    def begun(self) -> list[FrozenTrial]:
        """Trials whose point is known, in their order."""
        return [one for one in self._inner.get_trials(deepcopy=False) if _LOST not in one.user_attrs]

    def next_batch(self) -> list[Trial]:
        """Trials that have not ended, and new ones up to the end of their batch; none when there are enough.

        Batches end at the same numbers whatever was killed, since what is drawn depends on what was told before.
        """
        begun, size = self.begun(), self.wanted.batch
        batch = [self._trial(one) for one in begun if not one.state.is_finished()]
        is_drawn = batch and len(begun) % size == 0
        end = len(begun) if is_drawn else (len(begun) // size + 1) * size
        return batch + [self._drawn(number) for number in range(len(begun), min(end, self.wanted.trials))]

    def values(self, trial: Trial | FrozenTrial) -> dict[str, str]:
        """The values of a trial's point, by field."""
        return {
            axis.field: axis.values[trial.params[axis.field]] if _is_ordered(axis) else str(trial.params[axis.field])
            for axis in self.axes
        }

    def gained(self, trial: Trial, value: float) -> None:
        """A trial ended with a value."""
        self._inner.tell(trial, value, skip_if_finished=True)  # by another process, perhaps, with the same

    def failed(self, trial: Trial) -> None:
        """A trial has no value."""
        self._inner.tell(trial, state=TrialState.FAIL, skip_if_finished=True)

    def is_pruned(self, trial: Trial, value: float, days: int) -> bool:
        """Tell a trial's value after some days, and end it where the pruner gives it up."""
        known = self._storage.get_trial(trial._trial_id)  # noqa: SLF001 - see `_trial`
        if days <= known.user_attrs.get(_PASSED, 0):
            return False  # before the process was killed; others have ended since, and it would be judged by them
        if days not in known.intermediate_values:
            trial.report(value, days)
        if trial.should_prune():
            self._inner.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
            return True
        trial.set_user_attr(_PASSED, days)
        return False

    def _open(self) -> None:
        pruner = _PRUNERS[self.wanted.prune]()
        self._inner = optuna.create_study(
            storage=self._storage, study_name=self.name, direction="maximize", pruner=pruner, load_if_exists=True
        )

    def _drawn(self, number: int) -> Trial:
        seed = hashlib.sha256(f"{self.wanted.seed}/{number}".encode()).digest()
        self._inner.sampler = _SAMPLERS[self.wanted.search](seed=int.from_bytes(seed[:4]))
        return self._inner.ask({axis.field: _distribution(axis) for axis in self.axes})

    def _trial(self, one: FrozenTrial) -> Trial:
        """A trial that another process began: Optuna has no public way to take one up."""
        return Trial(self._inner, one._trial_id)  # noqa: SLF001 - see above


def days_of(trial: FrozenTrial, whole: int) -> int:
    """Over how many days a trial ran that has ended."""
    return (trial.last_step or whole) if trial.state is TrialState.PRUNED else whole


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Optuna prints a line for each trial; ours are told by whoever asked."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _is_ordered(axis: Axis) -> bool:
    """Whether its values are rising numbers, of which neighbours are alike."""
    try:
        numbers = [float(value) for value in axis.values]
    except ValueError:
        return False
    return numbers == sorted(numbers)


def _distribution(axis: Axis) -> BaseDistribution:
    """Numbers by their place, so that no value is off by a rounding error; anything else as it is."""
    return IntDistribution(0, len(axis.values) - 1) if _is_ordered(axis) else CategoricalDistribution(axis.values)


def _storage(url: str) -> BaseStorage:
    if not url:
        return InMemoryStorage()
    if url.startswith("sqlite"):
        return RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.schema.CreateSchema(_SCHEMA, if_not_exists=True))
    engine.dispose()
    return RDBStorage(url, engine_kwargs={"connect_args": {"options": f"-c search_path={_SCHEMA}"}})
