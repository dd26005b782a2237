"""A whole sweep: run its points, judge them, and publish the table beside the results.

The folder is `sweeps/<name>/<first_last>`: `sweep.json` names the digest of each table, and the manifest has an entry
for it. Nothing of it holds a clock time or says which points were there before: a sweep that was killed and run again
leaves the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import polars as pl

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import span_of
from phoenix_core.backtest.shuffled import shuffled_nets
from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.report.baselines import among
from phoenix_core.storage.digests import canonical_json, digest_of, sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.batches import Batches
from phoenix_core.sweeps.choices import Choice, choose_on
from phoenix_core.sweeps.crossvalidation import Combinations
from phoenix_core.sweeps.grid import Grid
from phoenix_core.sweeps.methods import Sampler
from phoenix_core.sweeps.page import PAGE, sweep_page
from phoenix_core.sweeps.recipe import sweep_recipe
from phoenix_core.sweeps.request import Cut, Search
from phoenix_core.sweeps.search import Found, Home, Sought, run_search
from phoenix_core.sweeps.sweep import Done, Outcome, run_points
from phoenix_core.sweeps.table import Table, table
from phoenix_core.sweeps.trials import Trials, trials
from phoenix_core.sweeps.walk_forward_page import PAGE as WALK_FORWARD_PAGE
from phoenix_core.sweeps.walk_forward_page import walk_forward_page
from phoenix_core.sweeps.windows import Split, WalkForward, longest_look_back

_SHARED = {"first", "last"}
_HERE = Home()


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is asked for.

    Attributes:
        base: What the grid does not vary, and the range.
        grid: What it does.
        windows: How the choice is walked forward; None: not.
        combinations: How the range is cut for cross-validation; None: not.
        search: Which points are tried; None: all of the grid.
        shuffles: Replays of the best with its signals shuffled within each day.
    """

    base: Experiment
    grid: Grid
    windows: WalkForward | None = None
    combinations: Combinations | None = None
    search: Search | None = None
    shuffles: int = 0

    @classmethod
    def of(cls, base: Experiment, grid: Sequence[str], cut: Cut, search: Search | None = None) -> Self:
        """What a command or the launchpad asks for.

        Args:
            base: What the grid does not vary, and the range.
            grid: A text for each axis, see `grid.Axis`.
            cut: How the range is cut.
            search: Which points are tried; None: all.

        Raises:
            ConfigInvalid: A text that is no axis, or windows that can't be.
        """
        between = longest_look_back(Listing.parse(base.listing)) if cut.embargo < 0 else cut.embargo
        windows = WalkForward(cut.train, cut.test, between, anchored=cut.anchored) if cut.train else None
        combinations = Combinations(cut.groups, cut.test_groups, between) if cut.groups else None
        is_all = search is None or search.search is Sampler.GRID
        return cls(base, Grid.parse(grid), windows, combinations, None if is_all else search, cut.shuffles)

    @property
    def count(self) -> int:
        """How many points are tried at most, known before any is."""
        return self.search.trials if self.search else self.grid.count

    @property
    def name(self) -> str:
        """Short identity of everything but the range."""
        return digest_of(self.described() | {"experiment": self.base.model_dump(mode="json", exclude=_SHARED)})[:12]

    def splits(self) -> tuple[list[Split], list[Split]]:
        """Days of each window, and of each combination.

        Raises:
            ConfigInvalid: The range is too short for them.
        """
        first, last = self.base.first, self.base.last
        return (
            self.windows.splits(first, last) if self.windows else [],
            self.combinations.splits(first, last) if self.combinations else [],
        )

    def described(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "experiment": self.base.model_dump(mode="json"),
            "grid": {axis.field: list(axis.values) for axis in self.grid.axes},
            "windows": asdict(self.windows) if self.windows else None,
            "combinations": asdict(self.combinations) if self.combinations else None,
            # Left out where they are not asked, so that such a sweep is named as before there was another way.
            **({"search": self.search.model_dump(mode="json")} if self.search else {}),
            **({"shuffles": self.shuffles} if self.shuffles else {}),
        }


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep gave.

    Attributes:
        sweep: What was asked for.
        outcomes: Of its points, in the grid's order.
        table: What they are worth.
        entry: Of the published table; its file is `sweep.json`.
        pruned: Names of points that a search gave up after some of the days.
    """

    sweep: Sweep
    outcomes: tuple[Outcome, ...]
    table: Table
    entry: Entry
    pruned: frozenset[str] = frozenset()

    @property
    def failed(self) -> list[Outcome]:
        """Points without a result that were meant to have one."""
        return [one for one in self.outcomes if one.entry is None and one.point.experiment.name not in self.pruned]


def run_sweep(
    lake: Lake, sweep: Sweep, processes: int, done: Done, home: Home = _HERE, *, over_arrays: bool = False
) -> Swept:
    """Run what is not there yet, judge all points, and publish the table.

    Args:
        lake: The data folder.
        sweep: What to run.
        processes: How many points run at once.
        done: Told of each point as it ends.
        home: Where a search is kept, and its points run.
        over_arrays: Replay what can be over arrays (`batches`), confirmed by the engine: a sample, and the best.

    Raises:
        ConfigInvalid: A point that the experiment refuses, or a range too short for windows or combinations;
            nothing has run then.
        CatalogCorrupt: A result or a trial is not what was written.
        StrategyFailed: A process was killed from outside.
        ReplayDiffers: The engine does not confirm a point; the table is not published.
    """
    base, listing = sweep.base, Listing.parse(sweep.base.listing)
    splits, combinations = sweep.splits()
    batches = _batches(sweep) if over_arrays else None
    choose(lake, sweep)
    if sweep.search is None:
        found = Found(run_points(lake, sweep.grid.points(base), processes, done, batches))
    else:
        study = f"{sweep.name}@{base.first}_{base.last}"
        found = run_search(lake, Sought(base, sweep.grid, sweep.search, study, home), processes, done)
    tried = trials(lake, listing, base.first, base.last)
    judged = _beside_shuffled(lake, sweep, table(lake, found.outcomes, splits, tried, combinations), found.outcomes)
    if batches:
        batches.confirm_best(lake, found.outcomes, judged.judgement.best)
    entry = _publish(lake, sweep, found.outcomes, judged, tried)
    return Swept(sweep, tuple(found.outcomes), judged, entry, found.pruned)


def _batches(sweep: Sweep) -> Batches:
    """How the points of a sweep are replayed over arrays.

    Raises:
        ConfigInvalid: They are searched.
    """
    if sweep.search is not None:
        raise ConfigInvalid(
            "A search runs few points at a time, and arrays many: search by the engine, or sweep a grid."
        )
    return Batches.of(sweep.grid.points(sweep.base), sweep.name)


def _beside_shuffled(lake: Lake, sweep: Sweep, judged: Table, outcomes: Sequence[Outcome]) -> Table:
    """The table with the best among replays of itself whose signals chance has dealt."""
    if not sweep.shuffles or judged.baselines is None:
        return judged
    best = next(one for one in outcomes if one.point.experiment.name == judged.judgement.best)
    nets = shuffled_nets(lake, best.point.experiment, sweep.shuffles)
    if nets is None:
        return judged
    (net,) = judged.points.filter(pl.col("experiment") == judged.judgement.best)["net"]
    return replace(judged, baselines=replace(judged.baselines, shuffled=among(net, nets)))


def choose(lake: Lake, sweep: Sweep) -> None:
    """Mark the days of a sweep as chosen on, before anything runs and whatever becomes of it.

    Raises:
        ConfigInvalid: A point that the experiment refuses, or a range too short for windows or combinations.
    """
    base = sweep.base
    sweep.splits()
    if sweep.search is None:
        sweep.grid.points(base)
    else:  # refused now, and not when it is drawn
        usual = {axis.field: axis.values[0] for axis in sweep.grid.axes}
        for axis in sweep.grid.axes:
            for value in axis.values:
                sweep.grid.point(base, usual | {axis.field: value})
    choose_on(lake, Listing.parse(base.listing), Choice(sweep.name, base.first, base.last, sweep.count))


def _publish(lake: Lake, sweep: Sweep, outcomes: Sequence[Outcome], found: Table, tried: Trials) -> Entry:
    span = span_of(sweep.base)
    folder = f"sweeps/{sweep.name}/{span}"
    sources = {one.point.experiment.name: one.entry.data_version for one in outcomes if one.entry}
    code = sweep_recipe()
    document = sweep_document(sweep, found, tried, sources, code) | {"files": write_tables(lake, folder, found)}
    content = canonical_json(document)
    money = specification(Listing.parse(sweep.base.listing), sweep.base.first).settlement
    lake.write(f"{folder}/{PAGE}", sweep_page(sweep.described(), sweep.name, span, found, money).encode())
    if found.windows.height:
        fields, listing = [axis.field for axis in sweep.grid.axes], sweep.base.listing
        page = walk_forward_page(listing, fields, sweep.name, span, found, money)
        lake.write(f"{folder}/{WALK_FORWARD_PAGE}", page.encode())
    lake.write(f"{folder}/sweep.json", content)
    return Manifest(lake).record(
        Entry(
            asset=f"{Listing.parse(sweep.base.listing).path}/sweep",
            day=span,
            published=True,
            variant=sweep.name,
            recipe=code,
            file=f"{folder}/sweep.json",
            sha256=sha256_of(content),
            bytes=len(content),
            rows=found.points.height,
            sources=sources,
            facts={"identity": document["identity"], "folder": folder},
        )
    )


def sweep_document(sweep: Sweep, found: Table, tried: Trials, sources: Mapping[str, str], code: str) -> dict[str, Any]:
    """What `sweep.json` says, but for the digests of its tables."""
    return sweep.described() | {
        "identity": digest_of(sweep.described() | {"recipe": code, "results": sources, "trials": asdict(tried)}),
        "recipe": code,
        "results": sources,
        "judgement": asdict(found.judgement),
        "baselines": asdict(found.baselines) if found.baselines else None,
        **({"missing": dict(found.missing)} if found.missing else {}),
    }


def write_tables(lake: Lake, folder: str, found: Table) -> dict[str, str]:
    """Write the tables for programs and for people, and give their digests; without windows there is one."""
    digests = {}
    for name, frame in (("points", found.points), ("windows", found.windows), ("combinations", found.combinations)):
        if frame.is_empty():
            continue
        for form, write in (("parquet", frame.write_parquet), ("csv", frame.write_csv)):
            with lake.publishing(f"{folder}/{name}.{form}") as staged:
                write(staged)
                digests[f"{name}.{form}"] = sha256_of(staged)
    return digests
