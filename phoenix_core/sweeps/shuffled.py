"""What a strategy earns when its signals say nothing of when: the same values, dealt anew over the times of each day.

The market, fills, fees and all else are those of the experiment; only which bucket of a day has which scores is chance.
A result that its shuffled ones reach as well owes nothing to the moment that the signals named. Dealing breaks runs of
like scores, so that positions end sooner than the result's: random entries with its holding times are the other half.
Nothing is published and no trial counted: chance is not an experiment.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.run import run
from phoenix_core.signals.table import SIGNAL_COLUMNS
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.statistics import Array

# Of the bucket itself, and so of its time.
_OF_THE_BUCKET = {"ts_event", "ts_init", "bucket", "first_trade", "last_trade", "last_price"}
_SCORES = [name for name in SIGNAL_COLUMNS if name not in _OF_THE_BUCKET]


def shuffled_nets(lake: Lake, experiment: Experiment, draws: int, seed: int = 42) -> Array | None:
    """Net of an experiment under so many shuffles of its signals, in order; None of a strategy that gets none.

    Each is a replay of the whole range.

    Args:
        lake: The data folder.
        experiment: What is shuffled.
        draws: How many times.
        seed: The same seed deals the same.
    """
    if experiment.signals is None:
        return None
    return np.array([float(run(lake, experiment, prepare=_dealt(seed, n)).ledger.parts.net) for n in range(draws)])


def _dealt(seed: int, number: int) -> Callable[[DayInputs], DayInputs]:
    def prepare(day: DayInputs) -> DayInputs:
        chance = np.random.default_rng([seed, number, day.day.toordinal()])
        order = chance.permutation(day.signals.height)
        scores = day.signals.select(name for name in _SCORES if name in day.signals.columns)[order]
        return replace(day, signals=day.signals.with_columns(scores.get_columns()))

    return prepare
