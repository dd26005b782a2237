"""`phoenix sweep`: many experiments over one range, and what the best of them is worth."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from phoenix_core.sweeps.methods import Objective, Pruner, Sampler
from phoenix_dagster.cli.options import First, Json, Last, Strategy, Symbol, day_of, listing_of
from phoenix_dagster.cli.output import print_document
from phoenix_dagster.cli.results import Venue
from phoenix_dagster.cli.sweep_output import document_of, print_points, print_sweep, short

if TYPE_CHECKING:
    from phoenix_core.backtest.experiment import Experiment
    from phoenix_core.market import Listing
    from phoenix_core.storage.lake import Lake
    from phoenix_core.sweeps.publish import Sweep
    from phoenix_core.sweeps.request import Cut
    from phoenix_core.sweeps.search import Elsewhere
    from phoenix_core.sweeps.sweep import Outcome


class Replays(StrEnum):
    """What replays the points; results are the same."""

    ENGINE = "engine"  # NautilusTrader, each point by itself
    ARRAYS = "arrays"  # batches of points, over a day's columns


Grids = Annotated[
    list[str],
    typer.Option("--grid", metavar="NAME=VALUES", help="A field and its values: first:last:step, or a,b,c. Repeat it."),
]
Processes = Annotated[int, typer.Option(min=1, help="Points that run at once, no more than there are cores.")]
Replaying = Annotated[
    Replays, typer.Option(help="arrays: many points at a time, the engine confirms the best and a sample.")
]
Train = Annotated[int, typer.Option(min=0, help="Days to choose on in each window. 0: no walk-forward.")]
Test = Annotated[int, typer.Option(min=1, help="Days to judge by in each window.")]
Embargo = Annotated[int, typer.Option(min=-1, help="Days between the two. -1: the longest look-back of the signals.")]
Groups = Annotated[int, typer.Option(min=0, help="Parts of the range for purged cross-validation. 0: none.")]
Shuffles = Annotated[int, typer.Option(min=0, help="Replays of the best with signals shuffled within each day.")]
Searched = Annotated[Sampler, typer.Option("--search", help="Every point of the grid, or what a sampler draws.")]
Trials = Annotated[int, typer.Option(min=1, help="How many points a sampler draws.")]
Batch = Annotated[int, typer.Option(min=1, help="How many it draws before it sees what they gave.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the sampler: the same seed draws the same points.")]
Aim = Annotated[Objective, typer.Option("--objective", help="What a sampler makes large.")]
Prune = Annotated[Pruner, typer.Option(help="Who gives up points after the first days.")]
Rungs = Annotated[int, typer.Option(min=2, max=10, help="How often; 3: after a quarter, half and all days.")]
TestGroups = Annotated[int, typer.Option(min=1, help="Parts to judge by at a time, in every combination.")]


def sweep(
    grid: Grids,
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    strategy: Strategy = "{}",
    venue: Venue = "{}",
    train: Train = 0,
    test: Test = 1,
    embargo: Embargo = -1,
    groups: Groups = 0,
    test_groups: TestGroups = 2,
    shuffles: Shuffles = 0,
    search: Searched = Sampler.GRID,
    trials: Trials = 100,
    batch: Batch = 8,
    seed: Seed = 42,
    objective: Aim = Objective.SHARPE,
    prune: Prune = Pruner.NONE,
    rungs: Rungs = 3,
    processes: Processes = 2,
    replay: Replaying = Replays.ENGINE,
    *,
    anchored: Annotated[bool, typer.Option("--anchored", help="Every window to choose on begins at --first.")] = False,
    count: Annotated[bool, typer.Option("--count", help="Only print the points, and run none.")] = False,
    launch: Annotated[
        bool, typer.Option("--launch", help="Let the running Dagster run the points, on all of its workers.")
    ] = False,
    url: Annotated[str, typer.Option(help="The Dagster webserver, for --launch.")] = "http://127.0.0.1:3000",
    as_json: Json = False,
) -> None:
    """Run every point of a grid over a range; 1 if some failed. A re-run goes on where it stopped."""
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - as above
    from phoenix_core.sweeps.publish import Sweep, run_sweep  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.sweeps.request import Cut, Search  # noqa: PLC0415 - as above
    from phoenix_core.sweeps.search import Home  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings, search_storage  # noqa: PLC0415 - as above

    settings = read_settings()
    listing = listing_of(symbol, settings)
    days = {"first": day_of("--first", first), "last": day_of("--last", last or first)}
    base = Experiment.parse(listing=str(listing), **days, strategy=strategy, venue=venue)
    windows = {"train": train, "test": test, "embargo": embargo, "anchored": anchored}
    cut = Cut(**windows, groups=groups, test_groups=test_groups, shuffles=shuffles)
    asked = Search(search=search, trials=trials, batch=batch, seed=seed, objective=objective, prune=prune, rungs=rungs)
    wanted = Sweep.of(base, grid, cut, asked)
    if count:
        print_points(wanted, as_json=as_json)
        return
    lake = Lake.existing(settings.data, settings.local)
    print(f"{listing}, {base.first} to {base.last}: {wanted.count} points", file=sys.stderr)
    if launch and wanted.search is None:
        _launch(lake, wanted, grid, cut, url.rstrip("/"))
    elsewhere = _rounds(lake, listing, url.rstrip("/")) if launch and wanted.search else None
    home = Home(search_storage(settings), elsewhere)
    is_over_arrays = replay is Replays.ARRAYS
    swept = run_sweep(lake, wanted, processes, _Progress(wanted.count), home, over_arrays=is_over_arrays)
    folder = lake.address(swept.entry.facts["folder"])
    if as_json:
        print_document(document_of(swept, folder))
    else:
        print_sweep(swept, folder)
    raise typer.Exit(1 if swept.failed else 0)


def _launch(lake: "Lake", wanted: "Sweep", grid: Sequence[str], cut: "Cut", url: str) -> None:
    """Have Dagster run the points, and wait for the end; what failed there is tried once more by whoever goes on."""
    from phoenix_dagster.operation.backfill import RunningDagster  # noqa: PLC0415 - brings a GraphQL client
    from phoenix_dagster.operation.follow import follow  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.sweep import launch_sweep  # noqa: PLC0415 - as above

    dagster = RunningDagster(url)
    backfill = launch_sweep(dagster, lake, wanted, grid, cut)
    with _told_of_interrupts(
        backfill, url, "The sweep goes on in Dagster, and its table with it. The same command follows a new one."
    ):
        follow(dagster, [backfill], _say, unit="variants")


def _rounds(lake: "Lake", listing: "Listing", url: str) -> "Elsewhere":
    """What has Dagster run the points of a search, those that are drawn together in a backfill each."""
    from phoenix_dagster.operation.backfill import RunningDagster  # noqa: PLC0415 - brings a GraphQL client
    from phoenix_dagster.operation.follow import follow  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.sweep import launch_variants  # noqa: PLC0415 - as above

    dagster = RunningDagster(url)

    def launched(experiments: "Sequence[Experiment]") -> None:
        backfill = launch_variants(dagster, lake, listing, experiments)
        with _told_of_interrupts(
            backfill, url, "What was drawn goes on in Dagster. The same command goes on with the search."
        ):
            follow(dagster, [backfill], _say, unit="variants")

    return launched


@contextmanager
def _told_of_interrupts(backfill: str, url: str, goes_on: str) -> Iterator[None]:
    _say(f"backfill {backfill} at {url}")
    try:
        yield
    except KeyboardInterrupt:
        _say(f"\n{goes_on}")
        _say(f"Cancel it: phoenix backfill --cancel {backfill} --url {url}")
        raise


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Progress:
    """A line on stderr for each point that ends."""

    def __init__(self, count: int) -> None:
        self._count, self._ended = count, 0

    def __call__(self, outcome: "Outcome") -> None:
        self._ended += 1
        became = "kept" if outcome.is_kept else "made" if outcome.entry else "failed"
        values = ", ".join(f"{short(field)} {value}" for field, value in outcome.point.values.items())
        print(f"{self._ended}/{self._count} {became}: {values}", file=sys.stderr)
