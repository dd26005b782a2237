"""`phoenix sweep`: many experiments over one range, and what the best of them is worth."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phoenix_core.instruments.specification import money_form
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing
from phoenix_dagster.cli.options import First, Json, Last, Strategy, Symbol, day_of, listing_of
from phoenix_dagster.cli.output import print_document, print_table
from phoenix_dagster.cli.results import Venue

if TYPE_CHECKING:
    from phoenix_core.storage.lake import Lake
    from phoenix_core.sweeps.baselines import Baselines
    from phoenix_core.sweeps.publish import Sweep, Swept
    from phoenix_core.sweeps.request import Cut
    from phoenix_core.sweeps.sweep import Outcome
    from phoenix_core.sweeps.table import Judgement


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
    from phoenix_core.sweeps.request import Cut  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    listing = listing_of(symbol, settings)
    days = {"first": day_of("--first", first), "last": day_of("--last", last or first)}
    base = Experiment.parse(listing=str(listing), **days, strategy=strategy, venue=venue)
    cut = Cut(train=train, test=test, embargo=embargo, anchored=anchored, groups=groups, test_groups=test_groups)
    wanted = Sweep.of(base, grid, cut)
    if count:
        _print_points(wanted, as_json=as_json)
        return
    lake = Lake.existing(settings.data, settings.local)
    print(f"{listing}, {base.first} to {base.last}: {wanted.grid.count} points", file=sys.stderr)
    if launch:
        _launch(lake, wanted, grid, cut, url.rstrip("/"))
    swept = run_sweep(lake, wanted, processes, _Progress(wanted.grid.count), over_arrays=replay is Replays.ARRAYS)
    folder = lake.address(swept.entry.facts["folder"])
    if as_json:
        print_document(_document(swept, folder))
    else:
        _print_sweep(swept, folder)
    raise typer.Exit(1 if any(one.entry is None for one in swept.outcomes) else 0)


def _launch(lake: "Lake", wanted: "Sweep", grid: Sequence[str], cut: "Cut", url: str) -> None:
    """Have Dagster run the points, and wait for the end; what failed there is tried once more by whoever goes on."""
    from phoenix_dagster.operation.backfill import RunningDagster  # noqa: PLC0415 - brings a GraphQL client
    from phoenix_dagster.operation.follow import follow  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.sweep import launch_sweep  # noqa: PLC0415 - as above

    dagster = RunningDagster(url)
    backfill = launch_sweep(dagster, lake, wanted, grid, cut)
    _say(f"backfill {backfill} at {url}")
    try:
        follow(dagster, [backfill], _say, unit="variants")
    except KeyboardInterrupt:
        _say("\nThe sweep goes on in Dagster, and its table with it. The same command follows a new one.")
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
        values = ", ".join(f"{_short(field)} {value}" for field, value in outcome.point.values.items())
        print(f"{self._ended}/{self._count} {became}: {values}", file=sys.stderr)


def _short(field: str) -> str:
    return field.rpartition(".")[2]


def _print_points(wanted: "Sweep", *, as_json: bool) -> None:
    points = wanted.grid.points(wanted.base)
    if as_json:
        print_document([{"experiment": one.experiment.name, "values": one.values} for one in points])
        return
    heads = ("experiment", *(_short(axis.field) for axis in wanted.grid.axes))
    print_table(heads, [(one.experiment.name, *one.values.values()) for one in points])
    print(f"{len(points)} points")


def _document(swept: "Swept", folder: str) -> dict[str, Any]:
    base = swept.sweep.base
    return {
        "symbol": base.listing,
        "first": base.first,
        "last": base.last,
        "sweep": swept.sweep.name,
        "identity": swept.entry.facts["identity"],
        "path": folder,
        "points": swept.table.points.to_dicts(),
        "windows": swept.table.windows.to_dicts(),
        "combinations": swept.table.combinations.to_dicts(),
        "judgement": asdict(swept.table.judgement),
        "baselines": asdict(swept.table.baselines) if swept.table.baselines else None,
    }


def _print_sweep(swept: "Swept", folder: str) -> None:
    """The points, best first; then the windows; then what the best is worth."""
    base = swept.sweep.base
    form = f"+{money_form(specification(Listing.parse(base.listing), base.first).settlement)}"
    fields = [axis.field for axis in swept.sweep.grid.axes]
    points = swept.table.points.sort("sharpe", descending=True, nulls_last=True, maintain_order=True)
    heads = ("experiment", *map(_short, fields), "net", "round trips", "max drawdown", "Sharpe", "P(Sharpe > 0)")
    rows = [
        (
            row["experiment"],
            *(f"{row[field]:g}" if isinstance(row[field], float) else str(row[field]) for field in fields),
            *map(_figure, (form, ",d", ".2%", ".2f", ".0%"), (row[name] for name in _FIGURES)),
        )
        for row in points.iter_rows(named=True)
    ]
    print_table(heads, rows)
    for row in points.iter_rows(named=True):
        if row["failed"]:
            print(f"{row['experiment']} failed: {row['failed']}")
    if swept.table.windows.height:
        print()
        _print_windows(swept.table.windows.to_dicts(), form)
    print("\n" + "\n".join((*_remarks(swept.table.judgement, form), *_beside(swept.table.baselines, form))))
    print(f"Table: {folder}")
    print(f"Page: {folder}/sweep.html")


_FIGURES = ("net", "round_trips", "max_drawdown", "sharpe", "probabilistic_sharpe")


def _print_windows(windows: Sequence[dict[str, Any]], form: str) -> None:
    heads = ("judged on", "chosen on", "experiment", "net in", "Sharpe in", "net out", "Sharpe out", "median out")
    print_table(
        heads,
        [
            (
                f"{row['test_first']} to {row['test_last']}",
                f"{row['train_first']} to {row['train_last']}",
                row["experiment"],
                _figure(form, row["in_sample_net"]),
                _figure(".2f", row["in_sample_sharpe"]),
                _figure(form, row["out_of_sample_net"]),
                _figure(".2f", row["out_of_sample_sharpe"]),
                _figure(".2f", row["median_out_of_sample_sharpe"]),
            )
            for row in windows
        ],
    )


def _remarks(worth: "Judgement", form: str) -> Iterator[str]:
    """What the tables can't say, a line each."""
    never = f", {worth.flat} of which never traded" if worth.flat else ""
    yield f"Trials: {worth.trials} experiments were ever tried on these days{never}."
    yield "All figures of the points are in-sample: the best was chosen on these very days."
    if not worth.best:
        yield "No point has a result."
        return
    best = f"Best: {worth.best}, Sharpe ratio {_figure('.2f', worth.sharpe)}"
    yield f"{best}; {_figure('.0%', worth.deflated_sharpe)} that it is more than luck (deflated Sharpe ratio)."
    if worth.minimum_backtest_days is not None:
        yield (
            f"Among so many trials, luck alone shows such a ratio in {worth.minimum_backtest_days:,.1f} days (minimum "
            f"backtest length); above zero at 95 % after {_figure(',.1f', worth.minimum_track_record_days)} days."
        )
    if (overfit := worth.overfitting) is not None:
        yield (
            f"Probability of overfitting: {overfit.probability:.0%} over {overfit.splits:,} splits; the best in sample "
            f"lost out of sample in {overfit.probability_of_loss:.0%}; degradation {_figure('+.2f', overfit.slope)}."
        )
    if (ways := worth.combined) is not None:
        yield (
            f"Purged combinations: probability of overfitting {ways.probability:.0%} over {ways.splits:,}; the chosen "
            f"ones lost on judged days in {ways.probability_of_loss:.0%}. Median Sharpe ratio in sample "
            f"{ways.in_sample:.2f}, out of it {ways.out_of_sample:.2f}; each point more in sample was "
            f"{_figure('+.2f', ways.slope)} out of it (degradation)."
        )
        yield (
            f"Paths over judged days alone: {ways.paths}, Sharpe ratio {ways.path_sharpe_low:.2f} to "
            f"{ways.path_sharpe_high:.2f}, median {ways.path_sharpe_median:.2f}."
        )
    if worth.chosen_net is None and worth.combined is None:
        yield "Nothing was judged on days it was not chosen on: give --train and --test, or --groups."
    elif worth.chosen_net is not None:
        yield (
            f"Walked forward: net {worth.chosen_net:{form}}, Sharpe ratio {_figure('.2f', worth.chosen_sharpe)}, "
            f"{_figure('.0%', worth.chosen_probabilistic_sharpe)} that it is above zero."
        )


def _beside(baselines: "Baselines | None", form: str) -> Iterator[str]:
    """What the best would have earned without its signals."""
    if baselines is None:
        return
    yield f"Beside the best: buying and holding gained {baselines.held_net:{form}}."
    if (chance := baselines.random) is not None:
        yield (
            f"Its {chance.net:{form}} is above {chance.rank:.0%} of {chance.draws:,} random entries with the same "
            f"holding times, whose middle nine tenths gained {chance.low:{form}} to {chance.high:{form}}."
        )


def _figure(form: str, value: Any) -> str:  # noqa: ANN401 - a number or None
    return "none" if value is None else f"{value:{form}}"
