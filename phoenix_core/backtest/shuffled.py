"""What a strategy earns when its signals say nothing of when: the same values, dealt anew over the times of each day.

The market, fills, fees and all else are those of the experiment; only which bucket of a day has which scores is chance.
A result that its shuffled ones reach as well owes nothing to the moment that the signals named. Dealing breaks runs of
like scores, so that positions end sooner than the result's: random entries with its holding times are the other half.
No trial is counted: chance is not an experiment. What they earned is kept beside the result that it belongs to and is
none of its files; it says which result that is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoenix_core.backtest.arrays.batch import run_prepared, why_unsuitable
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.publish import span_of
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.backtest.together import Prepare
from phoenix_core.errors import PhoenixError, ReplayUnsuitable
from phoenix_core.signals.table import SIGNAL_COLUMNS
from phoenix_core.storage.digests import canonical_json, digest_of
from phoenix_core.storage.lake import Lake

FILE = "shuffled.json"
# Of the bucket itself, and so of its time.
_OF_THE_BUCKET = {"ts_event", "ts_init", "bucket", "first_trade", "last_trade", "last_price"}
_SCORES = [name for name in SIGNAL_COLUMNS if name not in _OF_THE_BUCKET]


def why_dear(experiment: Experiment) -> str:
    """Why shuffles of an experiment each cost a replay by NautilusTrader; empty where arrays do all in one pass."""
    return why_unsuitable(experiment)


def shuffled_nets(lake: Lake, experiment: Experiment, draws: int, seed: int = 42) -> NDArray[np.float64] | None:
    """Net of an experiment under so many shuffles of its signals, in order; None of a strategy that gets none.

    Each is a replay of the whole range: over arrays where they can do it, which reads the days once for all, else by
    NautilusTrader's engine. Both give the same.

    Args:
        lake: The data folder.
        experiment: What is shuffled.
        draws: How many times.
        seed: The same seed deals the same.

    Raises:
        PhoenixError: What `run` raises.
    """
    if experiment.signals is None:
        return None
    dealt = [_dealt(seed, number) for number in range(draws)]
    if why_dear(experiment):
        return np.array([_by_engine(lake, experiment, one) for one in dealt])
    results = run_prepared(lake, experiment, dealt)
    return np.array([_net(lake, experiment, *one) for one in zip(dealt, results, strict=True)])


def publish_shuffled(lake: Lake, document: Mapping[str, Any], nets: Iterable[float]) -> str:
    """Write what shuffles earned beside the result that they are of; give the file below the data folder.

    Args:
        lake: The data folder.
        document: `experiment.json` of the result.
        nets: In the order of the draws.
    """
    experiment, of = Experiment.parse(**document["experiment"]), document["identity"]
    kept = [float(net) for net in nets]
    relative = f"backtests/{experiment.name}/{span_of(experiment)}/{FILE}"
    lake.write(relative, canonical_json({"of": of, "nets": kept, "digest": digest_of([of, kept])}))
    return relative


def _net(lake: Lake, experiment: Experiment, prepare: Prepare, result: Result | PhoenixError) -> float:
    if isinstance(result, ReplayUnsuitable):
        return _by_engine(lake, experiment, prepare)
    if isinstance(result, PhoenixError):
        raise result
    return float(result.ledger.parts.net)


def _by_engine(lake: Lake, experiment: Experiment, prepare: Prepare) -> float:
    return float(run(lake, experiment, prepare=prepare).ledger.parts.net)


def _dealt(seed: int, number: int) -> Prepare:
    def prepare(day: DayInputs) -> DayInputs:
        chance = np.random.default_rng([seed, number, day.day.toordinal()])
        order = chance.permutation(day.signals.height)
        scores = day.signals.select(name for name in _SCORES if name in day.signals.columns)[order]
        return replace(day, signals=day.signals.with_columns(scores.get_columns()))

    return prepare
