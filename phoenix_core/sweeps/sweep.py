"""Run the points of a grid, each as an ordinary published result of `continuous_backtest`.

What is published and still made by this code from these inputs is kept, so that a sweep which was killed goes on
where it stopped. Points run in processes of their own, since a replay keeps one core busy. What the results are
worth together is `table.py`'s.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from threading import Thread

from phoenix_core.alone import made_alone
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish, span_of
from phoenix_core.backtest.recipe import backtest_recipe
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.errors import CatalogCorrupt, PhoenixError, StrategyFailed
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.market import Listing, day_from_text, days_between
from phoenix_core.products import CONTINUOUS_BACKTEST
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.verified_once import verified_once
from phoenix_core.sweeps.grid import Point
from phoenix_core.sweeps.trials import begin, remember


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a point.

    Attributes:
        point: Which.
        entry: Its published result, or None if it failed.
        reason: Why it failed.
        is_kept: The result was there before.
    """

    point: Point
    entry: Entry | None
    reason: str = ""
    is_kept: bool = False


Done = Callable[[Outcome], None]
Job = Callable[[], list[Outcome]]  # some points, run and published in one process
Jobs = Callable[[Lake, Sequence[Point], int], list[Job]]


def run_points(
    lake: Lake, points: Sequence[Point], processes: int, done: Done, jobs_of: "Jobs | None" = None
) -> list[Outcome]:
    """Run what is not there yet; a point that fails holds up no other.

    Args:
        lake: The data folder.
        points: Of a grid.
        processes: How many run at once, no more than there are cores; 1 runs them here, without another process.
        done: Told of each point as it ends, those that are kept first.
        jobs_of: Cuts what is to run, for some processes, into what each runs at a time; None: `by_engine`.

    Returns:
        One for each point, in their order.

    Raises:
        StrategyFailed: A process was killed from outside; what was finished is published.
    """
    standing = Standing(lake)
    ended: dict[str, Outcome] = {}

    def end(outcome: Outcome) -> None:
        ended[outcome.point.experiment.name] = outcome
        done(outcome)

    wanted = []
    for point in points:
        if entry := standing.find(point.experiment):
            remember(lake, entry)
            end(Outcome(point, entry, is_kept=True))
        else:
            wanted.append(point)
    lake = verified_once(lake)  # all points read the same days
    at_once = max(1, min(processes, len(wanted), os.cpu_count() or 1))
    jobs = (jobs_of or by_engine)(lake, wanted, at_once)
    for outcomes in _in_processes(jobs, at_once) if min(at_once, len(jobs)) > 1 else (job() for job in jobs):
        for outcome in outcomes:
            end(outcome)
    return [ended[point.experiment.name] for point in points]


class Standing:
    """Finds results that are still what running their experiment would give. Inputs are looked up once for all.

    Where a point has signal parameters of its own, what its signals are computed from is looked up by what the result
    names: an earlier day of open interest that came later is not noticed.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._versions: dict[str, str | None] = {}

    def find(self, experiment: Experiment) -> Entry | None:
        """The entry of a result; None if there is none, or code, inputs or bytes are others."""
        try:
            entry = Manifest(self._lake).find(asset_of(experiment), span_of(experiment), experiment.name)
            if entry is None or not entry.published or entry.recipe != backtest_recipe(experiment):
                return None
            return entry if not self.changed_inputs(entry, experiment) and self._is_whole(entry) else None
        except CatalogCorrupt:
            return None  # made anew

    def changed_inputs(self, entry: Entry, experiment: Experiment) -> list[str]:
        """Inputs of a result, `asset@day` in order, that are others now than those it was made from."""
        listing = Listing.parse(experiment.listing)
        assets = [one.product.asset(listing) for one in CONTINUOUS_BACKTEST.inputs_on(listing.market)]
        days = days_between(experiment.first, experiment.last)
        read = {f"{asset}@{day}" for asset in assets for day in days} | entry.sources.keys()
        return sorted(name for name in read if self._version(name) != entry.sources.get(name))

    def _version(self, name: str) -> str | None:
        if name not in self._versions:
            asset, _, day = name.partition("@")
            found = Manifest(self._lake).find(asset, day_from_text(day))
            self._versions[name] = found.data_version if found else None
        return self._versions[name]

    def _is_whole(self, entry: Entry) -> bool:
        Manifest(self._lake).verify(entry)
        document = document_in(self._lake, entry.facts["folder"])
        for file in document["files"]:
            table_in(self._lake, entry.facts["folder"], file.removesuffix(".parquet"), document)
        return True


def asset_of(experiment: Experiment) -> str:
    """The asset that an experiment over a range is a variant of."""
    return CONTINUOUS_BACKTEST.asset(Listing.parse(experiment.listing))


def key_of(experiment: Experiment) -> Key:
    """Under which its result is recorded."""
    return Key(asset_of(experiment), span_of(experiment), experiment.name)


def by_engine(lake: Lake, points: Sequence[Point], at_once: int) -> list[Job]:
    """A job for each point, which NautilusTrader replays."""
    del at_once
    return [partial(_alone, lake, point) for point in points]


def _alone(lake: Lake, point: Point) -> list[Outcome]:
    return [PointRunner(lake)(point)]


@dataclass(frozen=True, slots=True)
class PointRunner:
    """Runs and publishes a point; a trial is in the ledger before it begins, whatever becomes of it."""

    lake: Lake

    def __call__(self, point: Point) -> Outcome:
        """Run it; why it failed is in its outcome."""
        begin(self.lake, point.experiment)
        try:
            return made_alone(self.lake, key_of(point.experiment), partial(_made, point))
        except PhoenixError as error:
            return Outcome(point, None, said(error))


def _made(point: Point, lake: Lake) -> Outcome:
    # Another worker may have made it since the sweep began, or while this one slept.
    if entry := Standing(lake).find(point.experiment):
        remember(lake, entry)
        return Outcome(point, entry, is_kept=True)
    return published(lake, point, run(lake, point.experiment))


def published(lake: Lake, point: Point, result: Result) -> Outcome:
    """Publish the result of a point, and enter what it earned in the ledger of trials."""
    entry = publish(lake, result, asset=asset_of(point.experiment))
    remember(lake, entry)
    return Outcome(point, entry)


def said(error: PhoenixError) -> str:
    """Why a point failed."""
    return f"{type(error).__name__}: {error}"


def _in_processes(jobs: Sequence[Job], at_once: int) -> Iterator[list[Outcome]]:
    with _pool(at_once) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise StrategyFailed(
                "A process of the sweep was ended from outside, for lack of memory perhaps. What was finished is "
                "published; run the same sweep again, with fewer processes."
            ) from error


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end when this one does, however it ends.

    They hold one end of a pipe whose other end is only here: when it closes, also because this process was killed,
    they end at once, where an executor alone would leave them behind. A published file is whole or not there, so
    nothing is lost but the points under way.
    """
    # Not forked: Polars and NautilusTrader run threads here, whose locks a copy of this process would keep for ever.
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(processes, context, _begin_process, (theirs,))
    try:
        yield pool
    finally:  # at the end they have nothing to do any more, and on an interrupt what they do is not wanted
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


def _begin_process(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process ends the others

    def end_with_the_first() -> None:
        pipe.poll(None)  # nothing is ever sent: it returns when the other end is closed
        os._exit(1)

    Thread(target=end_with_the_first, daemon=True).start()
