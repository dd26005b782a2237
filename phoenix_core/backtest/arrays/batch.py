"""Replay many experiments over one range, each day read once for all of them.

What this replay can't do it refuses by name before anything is read (`why_unsuitable`); what it gives is what
NautilusTrader's replay gives, fill for fill (docs/decisions/0023).
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Never, Self

from phoenix_core.backtest.arrays.columns import TapeReader
from phoenix_core.backtest.arrays.day import Day, Signals
from phoenix_core.backtest.arrays.orders import Records
from phoenix_core.backtest.arrays.session import Session
from phoenix_core.backtest.arrays.shelf import Shelf
from phoenix_core.backtest.experiment import Experiment, ReplayMode
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.interval import BoundsOfRun
from phoenix_core.backtest.plan import Plan, plan_of, plans_of
from phoenix_core.backtest.result import Collected, Replayed, Result, not_flat, result_of
from phoenix_core.catalog.instruments import instrument
from phoenix_core.errors import ConfigInvalid, PhoenixError, ReplayUnsuitable, StrategyFailed
from phoenix_core.execution.tape import Tape
from phoenix_core.market import Listing, Market
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.contract import ImportedStrategy, default_strategy

_MOST_AT_HAND = 200_000  # orders of all experiments of a batch, of 3 KB each; beyond them they wait on disk


def why_unsuitable(experiment: Experiment) -> str:
    """What of an experiment replay over arrays can't do; empty where it can do all of it."""
    venue = experiment.venue
    reasons = {
        "strategy.path (a strategy that declares no trader)": isinstance(experiment.strategy, ImportedStrategy)
        or default_strategy().contract.trader is None,
        "replay=live (signals computed tick by tick)": experiment.replay is ReplayMode.LIVE,
        f"{experiment.listing} (spot, which owns two balances)": experiment.listing.startswith(f"{Market.SPOT.value}:"),
        f"{experiment.listing} (a contract that is delivered)": Listing.parse(experiment.listing).delivery is not None,
        "venue.order_latency_spread_ms (random latency)": venue.order_latency_spread_ms > 0,
        "venue.feed_latency_ms (a market that is seen late)": venue.feed_latency_ms > 0,
    }
    return ", ".join(what for what, is_asked in reasons.items() if is_asked)


def run_arrays(lake: Lake, experiments: Sequence[Experiment]) -> Iterator[tuple[Experiment, Result | PhoenixError]]:
    """Run experiments over one listing and one range; one that fails holds up no other.

    Args:
        lake: The data folder.
        experiments: Each one that `why_unsuitable` says nothing of.

    Yields:
        Each experiment with its result, or why it has none, in their order, once the last day was replayed.

    Raises:
        ConfigInvalid: They differ in listing or range.
        ReplayUnsuitable: One asks for what can't be replayed so.
        InputMissing: Not one day of the range can be replayed.
        CatalogCorrupt: A file is not what was published.
    """
    for experiment in experiments:
        _require_suitable(experiment)
    if len({(one.listing, one.first, one.last) for one in experiments}) > 1:
        raise ConfigInvalid("Experiments of one batch read the same days: give those of one listing and one range.")
    runs = [_Run.of(plan) for plan in plans_of(lake, experiments, frozenset())]
    yield from zip(experiments, _replayed(runs), strict=True)


def run_prepared(
    lake: Lake, experiment: Experiment, prepares: Sequence[Callable[[DayInputs], DayInputs]]
) -> Iterator[Result | PhoenixError]:
    """Run one experiment many times, on days that are prepared in another way each time (`backtest.run.run`).

    Raises:
        ReplayUnsuitable: It asks for what can't be replayed so.
        InputMissing: Not one day of its range can be replayed.
        CatalogCorrupt: A file is not what was published.
    """
    _require_suitable(experiment)
    plan = plan_of(lake, experiment, frozenset())
    return _replayed([_Run.of(plan, prepare) for prepare in prepares])


def _require_suitable(experiment: Experiment) -> None:
    if why := why_unsuitable(experiment):
        raise ReplayUnsuitable(f"Replay over arrays can't do {why}, which {experiment.name} asks for: replay signals.")


def _replayed(runs: "Sequence[_Run]") -> "Iterator[Result | PhoenixError]":
    if not runs:
        return
    inputs = Inputs(runs)
    with Shelf.below(runs[0].plan.reader.lake.scratch) as shelf:
        for day in runs[0].plan.days:
            inputs.read(day)
            with _uncollected():
                for run in runs:
                    run.replay(day, inputs)
            if sum(len(run.session.desk.records.decisions) for run in runs) > _MOST_AT_HAND:
                for number, run in enumerate(runs):
                    shelf.put(number, run.session.desk.records, run.session.desk.working)
        for number, run in enumerate(runs):
            with _uncollected():
                result = run.result(inputs, shelf.whole(number, run.session.desk.records))
            yield result


@dataclass(slots=True)
class _Run:
    """An experiment on its way."""

    plan: Plan
    session: Session
    bounds: BoundsOfRun | None
    prepare: Callable[[DayInputs], DayInputs] | None = None
    failed: PhoenixError | None = None

    @classmethod
    def of(cls, plan: Plan, prepare: Callable[[DayInputs], DayInputs] | None = None) -> Self:
        experiment, declared = plan.experiment, default_strategy()
        trader = partial(declared.contract.trader or _no_trader, experiment.strategy)
        traded, implied = instrument(plan.specification), plan.is_implied
        bounds = BoundsOfRun.of(plan, declared.contract) if implied and not prepare else None
        session = Session(traded, trader, experiment.venue, plan.closing_ns, quotes_implied=implied)
        return cls(plan, session, bounds, prepare)

    def replay(self, day: date, inputs: "Inputs") -> None:
        if self.failed is not None:
            return
        ends, session = self.plan.ends_session(day), self.session
        try:
            whole, shared = inputs.day(self.plan), inputs.shared(self.plan)
            if self.prepare:
                whole = self.prepare(whole)
                shared = Day(Signals(whole.signals), shared.marks)
            read = self.plan.priced(whole)
            if self.bounds:
                self.bounds.add(read)
            session.day(read, shared, inputs.tape(self.plan), ends_session=ends)
            if ends and not session.is_flat:
                raise StrategyFailed(not_flat(day, session.account.position))
        except PhoenixError as error:
            self.failed = error
        except (RuntimeError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
            self.failed = StrategyFailed(
                f"Replay over arrays of {self.plan.experiment.name} stopped on {day}: {type(error).__name__}: {error}."
            )

    def result(self, inputs: "Inputs", records: Records) -> Result | PhoenixError:
        if self.failed is not None:
            return self.failed
        left = Replayed(
            fills=records.fills,
            decisions=tuple(records.decisions),
            sent=tuple(records.sent.values()),
            orders=dict(sorted(records.ends.items())),
            settled=self.session.dues.settled,
            final=self.session.account.balance,
            events=self.session.events,
        )
        try:
            interval, calibrated = self.bounds.interval() if self.bounds else (None, {})
            kept = inputs.kept(self.plan).and_versions(calibrated)  # others' experiments share what was kept
            return result_of(self.plan, kept, left, default_strategy().contract.annotations, interval)
        except PhoenixError as error:
            return error


class Inputs:
    """What experiments read of a day: its files once, and its signals once for each set of their parameters."""

    def __init__(self, runs: Sequence[_Run]) -> None:
        plans = {plan.experiment.signals: plan for plan in (run.plan for run in runs)}
        self._readers = {parameters: plan.reader for parameters, plan in plans.items()}
        self._kept = {parameters: Collected.of(plan) for parameters, plan in plans.items()}
        ticks = {run.plan.is_implied: instrument(run.plan.specification).price_increment.raw for run in runs}
        self._tapes = {implied: TapeReader(tick, is_implied=implied) for implied, tick in ticks.items()}
        self._days: dict[SignalParameters | None, DayInputs] = {}
        self._shared: dict[SignalParameters | None, Day] = {}
        self._columns: dict[bool, Tape] = {}

    def read(self, day: date) -> None:
        """Read the next day."""
        (first, reader), *others = self._readers.items()
        read = reader.day(day)
        self._days = {first: read} | {parameters: one.with_its_signals(read) for parameters, one in others}
        for parameters, kept in self._kept.items():
            kept.add(self._days[parameters])
        self._shared = {parameters: Day.of(one) for parameters, one in self._days.items()}
        for tape in self._columns.values():
            tape.watched.clear()  # which knows the tape, too
        self._columns = {}  # memory of the day before is free before that of this one is needed
        self._columns = {implied: tapes.read(read.trades, read.quotes) for implied, tapes in self._tapes.items()}

    def day(self, plan: Plan) -> DayInputs:
        """What an experiment reads of the day."""
        return self._days[plan.experiment.signals]

    def shared(self, plan: Plan) -> Day:
        """What an experiment looks up in the same way as others."""
        return self._shared[plan.experiment.signals]

    def tape(self, plan: Plan) -> Tape:
        """The day's tape, with the quotes that an experiment sees."""
        return self._columns[plan.is_implied]

    def kept(self, plan: Plan) -> Collected:
        """What was kept of all days."""
        return self._kept[plan.experiment.signals]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking through what is kept of a day again and again: none of it are cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _no_trader(*given: object) -> Never:
    raise ReplayUnsuitable(f"The strategy of {given[0]!r} declares no trader. Replay signals instead.")
