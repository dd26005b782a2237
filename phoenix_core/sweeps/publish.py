"""A whole sweep: run its points, judge them, and publish the table beside the results.

The folder is `sweeps/<name>/<first_last>`: `sweep.json` names the digest of each table, and the manifest has an entry
for it. Nothing of it holds a clock time or says which points were there before: a sweep that was killed and run again
leaves the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import span_of
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.storage.digests import canonical_json, digest_of, sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.batches import Batches
from phoenix_core.sweeps.choices import Choice, choose_on
from phoenix_core.sweeps.crossvalidation import Combinations
from phoenix_core.sweeps.grid import Grid, Point
from phoenix_core.sweeps.page import sweep_page
from phoenix_core.sweeps.recipe import sweep_recipe
from phoenix_core.sweeps.request import Cut
from phoenix_core.sweeps.sweep import Done, Outcome, run_points
from phoenix_core.sweeps.table import Table, table
from phoenix_core.sweeps.trials import Trials, trials
from phoenix_core.sweeps.windows import Split, WalkForward, longest_look_back

PAGE = "sweep.html"  # beside the table; made of it, and anew with it
_SHARED = {"first", "last"}


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is asked for.

    Attributes:
        base: What the grid does not vary, and the range.
        grid: What it does.
        windows: How the choice is walked forward; None: not.
        combinations: How the range is cut for cross-validation; None: not.
    """

    base: Experiment
    grid: Grid
    windows: WalkForward | None = None
    combinations: Combinations | None = None

    @classmethod
    def of(cls, base: Experiment, grid: Sequence[str], cut: Cut) -> Self:
        """What a command or the launchpad asks for.

        Args:
            base: What the grid does not vary, and the range.
            grid: A text for each axis, see `grid.Axis`.
            cut: How the range is cut.

        Raises:
            ConfigInvalid: A text that is no axis, or windows that can't be.
        """
        between = longest_look_back(Listing.parse(base.listing)) if cut.embargo < 0 else cut.embargo
        windows = WalkForward(cut.train, cut.test, between, anchored=cut.anchored) if cut.train else None
        combinations = Combinations(cut.groups, cut.test_groups, between) if cut.groups else None
        return cls(base, Grid.parse(grid), windows, combinations)

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
        }


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep gave.

    Attributes:
        sweep: What was asked for.
        outcomes: Of its points, in the grid's order.
        table: What they are worth.
        entry: Of the published table; its file is `sweep.json`.
    """

    sweep: Sweep
    outcomes: tuple[Outcome, ...]
    table: Table
    entry: Entry


def run_sweep(lake: Lake, sweep: Sweep, processes: int, done: Done, *, over_arrays: bool = False) -> Swept:
    """Run what is not there yet, judge all points, and publish the table.

    Args:
        lake: The data folder.
        sweep: What to run.
        processes: How many points run at once.
        done: Told of each point as it ends.
        over_arrays: Replay what can be over arrays (`batches`), confirmed by the engine: a sample, and the best.

    Raises:
        ConfigInvalid: A point that the experiment refuses, or a range too short for windows or combinations;
            nothing has run then.
        CatalogCorrupt: A result or a trial is not what was written.
        StrategyFailed: A process was killed from outside.
        ReplayDiffers: The engine does not confirm a point; the table is not published.
    """
    base, listing = sweep.base, Listing.parse(sweep.base.listing)
    points = begun(lake, sweep)
    splits, combinations = sweep.splits()
    batches = Batches.of(points, sweep.name) if over_arrays else None
    outcomes = run_points(lake, points, processes, done, batches)
    tried = trials(lake, listing, base.first, base.last)
    found = table(lake, outcomes, splits, tried, combinations)
    if batches:
        batches.confirm_best(lake, outcomes, found.judgement.best)
    return Swept(sweep, tuple(outcomes), found, _publish(lake, sweep, outcomes, found, tried))


def begun(lake: Lake, sweep: Sweep) -> list[Point]:
    """The points of a sweep, once its days are marked as chosen on, whatever becomes of it.

    Raises:
        ConfigInvalid: A point that the experiment refuses, or a range too short for windows or combinations.
    """
    points = sweep.grid.points(sweep.base)
    sweep.splits()
    choose_on(
        lake, Listing.parse(sweep.base.listing), Choice(sweep.name, sweep.base.first, sweep.base.last, len(points))
    )
    return points


def _publish(lake: Lake, sweep: Sweep, outcomes: Sequence[Outcome], found: Table, tried: Trials) -> Entry:
    span = span_of(sweep.base)
    folder = f"sweeps/{sweep.name}/{span}"
    sources = {one.point.experiment.name: one.entry.data_version for one in outcomes if one.entry}
    code = sweep_recipe()
    document = sweep_document(sweep, found, tried, sources, code) | {"files": write_tables(lake, folder, found)}
    content = canonical_json(document)
    money = specification(Listing.parse(sweep.base.listing), sweep.base.first).settlement
    lake.write(f"{folder}/{PAGE}", sweep_page(sweep.described(), sweep.name, span, found, money).encode())
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
