"""How `phoenix sweep` prints what it found: tables for people, a document for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from phoenix_core.market import Listing
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from phoenix_core.report.baselines import Baselines
    from phoenix_core.sweeps.publish import Sweep, Swept
    from phoenix_core.sweeps.table import Judgement


def short(field: str) -> str:
    """The last part of a field's name."""
    return field.rpartition(".")[2]


def print_points(wanted: "Sweep", *, as_json: bool) -> None:
    """Print what would be run, without running any; of a search only how many."""
    if wanted.search is not None:
        print(f"{wanted.count} draws from {wanted.grid.count} points")
        return
    points = wanted.grid.points(wanted.base)
    if as_json:
        print_document([{"experiment": one.experiment.name, "values": one.values} for one in points])
        return
    heads = ("experiment", *(short(axis.field) for axis in wanted.grid.axes))
    print_table(heads, [(one.experiment.name, *one.values.values()) for one in points])
    print(f"{len(points)} points")


def document_of(swept: "Swept", folder: str) -> dict[str, Any]:
    """A sweep for programs; keys are those of docs/cli.md."""
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
        "missing": dict(swept.table.missing),
    }


def print_sweep(swept: "Swept", folder: str) -> None:
    """Print the points, best first; then the windows; then what the best is worth."""
    from phoenix_core.instruments.specification import money_form  # noqa: PLC0415 - brings pydantic
    from phoenix_core.instruments.table import specification  # noqa: PLC0415 - as above

    base = swept.sweep.base
    form = f"+{money_form(specification(Listing.parse(base.listing), base.first).settlement)}"
    fields = [axis.field for axis in swept.sweep.grid.axes]
    points = swept.table.points.sort("sharpe", descending=True, nulls_last=True, maintain_order=True)
    is_open = swept.table.is_open
    interval = ("interval",) if is_open else ()
    heads = ("experiment", *map(short, fields), "net", *interval, *_HEADS)
    rows = [
        (
            row["experiment"],
            *(f"{row[field]:g}" if isinstance(row[field], float) else str(row[field]) for field in fields),
            _figure(form, row["net"]),
            *(row[name] or "" for name in interval),
            *map(_figure, (",d", ".2%", ".2f", ".0%"), (row[name] for name in _FIGURES)),
        )
        for row in points.iter_rows(named=True)
    ]
    print_table(heads, rows)
    if is_open:
        from phoenix_core.sweeps.page import OPEN  # noqa: PLC0415 - brings Polars

        print(OPEN)
    for one in swept.failed:
        print(f"{one.point.experiment.name} failed: {one.reason}")
    if swept.pruned:
        print(f"{len(swept.pruned)} points were pruned after some of the days, and have no figures.")
    if swept.table.missing:
        from phoenix_core.sweeps.page import missing_told  # noqa: PLC0415 - brings Polars

        print(f"Not all days: {missing_told(swept.table.missing)}.")
    if swept.table.windows.height:
        print()
        _print_windows(swept.table.windows.to_dicts(), form)
    print("\n" + "\n".join((*_remarks(swept.table.judgement, form), *_beside(swept.table.baselines, form))))
    print(f"Table: {folder}")
    print(f"Page: {folder}/sweep.html")
    if swept.table.windows.height:
        print(f"Walk-forward: {folder}/walk_forward.html")


_HEADS = ("round trips", "max drawdown", "Sharpe", "P(Sharpe > 0)")
_FIGURES = ("round_trips", "max_drawdown", "sharpe", "probabilistic_sharpe")


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
    if (dealt := baselines.shuffled) is not None:
        yield (
            f"It is above {dealt.rank:.0%} of {dealt.draws:,} replays with its signals shuffled within each day, whose "
            f"middle nine tenths gained {dealt.low:{form}} to {dealt.high:{form}}."
        )


def _figure(form: str, value: Any) -> str:  # noqa: ANN401 - a number or None
    return "none" if value is None else f"{value:{form}}"
