"""The commands of `phoenix` that question an experiment, compare some, or show one."""

import argparse
import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from phoenix_core.market import days_between
from phoenix_core.storage import Lake
from phoenix_dagster.commands import add_range, chosen_listing
from phoenix_dagster.settings import read_settings

if TYPE_CHECKING:
    from phoenix_core.backtest.experiment import Experiment


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands that question an experiment, or show it."""
    questions = {
        "lookahead": ("take the future away at random instants: does any decision change?", question_lookahead),
        "implied": ("quotes implied from trades against the true ones, and what that does to fills", print_implied),
        "envelope": ("the same experiment under optimistic, default and pessimistic assumptions", print_envelope),
    }
    for name, (says, run) in questions.items():
        question = commands.add_parser(name, help=says)
        add_range(question)
        question.add_argument("--strategy", type=json.loads, default={}, help="fields of the strategy, as JSON")
        question.add_argument("--venue", type=json.loads, default={}, help="fields of the venue, as JSON")
        if name == "lookahead":
            question.add_argument("--instants", type=int, default=5, help="how often (default: 5)")
            question.add_argument("--seed", type=int, default=1, help="chooses the instants (default: 1)")
        question.set_defaults(run=run)
    compare = commands.add_parser("compare", help="all experiments over one range, and what the best is worth")
    compare.add_argument("folder", nargs="?", help="a result of that range (default: the last one that was written)")
    compare.set_defaults(run=print_comparison)
    report = commands.add_parser("report", help="make the page of a backtest and open it in a browser")
    report.add_argument("folder", nargs="?", help="folder of the result (default: the last one that was written)")
    report.add_argument("--no-open", action="store_true", help="only make it and print where it is")
    report.set_defaults(run=show_report)


def _experiment(chosen: argparse.Namespace) -> "Experiment":
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415 - brings pydantic models

    return Experiment.parse(
        listing=str(chosen_listing(chosen, read_settings())),
        first=chosen.first,
        last=chosen.last or chosen.first,
        strategy=chosen.strategy,
        venue=chosen.venue,
    )


def question_lookahead(chosen: argparse.Namespace) -> int:
    """Cut the future off and print what changed; 1 if something did."""
    from phoenix_core.backtest.lookahead import described, guard  # noqa: PLC0415 - brings NautilusTrader

    lake = Lake.at(read_settings().data)
    found = guard(lake, _experiment(chosen), instants=chosen.instants, seed=chosen.seed)
    print("\n".join(described(found)))
    return 1 if found.leaks else 0


def print_envelope(chosen: argparse.Namespace) -> int:
    """Print one table."""
    from phoenix_core.backtest.envelope import envelope  # noqa: PLC0415 - brings NautilusTrader

    table = envelope(Lake.at(read_settings().data), _experiment(chosen))
    for row in [dict(zip(table.columns, table.columns, strict=True)), *table.iter_rows(named=True)]:
        cells = (f"{cell:>14,.4f}" if isinstance(cell, float) else f"{cell:>14}" for cell in row.values())
        print("".join(cells))
    return 0


def print_implied(chosen: argparse.Namespace) -> int:
    """Print how often implied quotes are true, and both results."""
    from phoenix_core.backtest.agreement import agreement, with_and_without  # noqa: PLC0415 - brings NautilusTrader

    lake, experiment = Lake.at(read_settings().data), _experiment(chosen)
    for day in days_between(experiment.first, experiment.last):
        found = agreement(lake, experiment, day)
        print(
            f"{day}: {found.compared:,} trades compared; bid equal {found.bid_equal:.1%}, ask equal "
            f"{found.ask_equal:.1%}, both within a tick {found.both_within_tick:.1%}, mids {found.mean_ticks_off:.2f} "
            "ticks apart on average"
        )
    for name, result in zip(("true", "implied"), with_and_without(lake, experiment), strict=True):
        print(
            f"{name:<8} quotes: {result.fills.height} fills, net {result.ledger.parts.net:,.2f}, orders {result.orders}"
        )
    return 0


def print_comparison(chosen: argparse.Namespace) -> int:
    """Print one row an experiment, and the deflated Sharpe ratio of the best."""
    from phoenix_core.report.comparison import comparison  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.report.folder import document_in  # noqa: PLC0415 - as above

    lake = Lake.at(read_settings().data)
    folder = _result_folder(lake, chosen.folder)
    found = comparison(lake, document_in(lake, str(folder))["experiment"]["listing"], folder.name)
    print(f"{found.listing}, {found.span}: {found.rows.height} experiment{'s' * (found.rows.height > 1)}")
    print(f"{'experiment':<14}{'net':>14}{'trips':>8}{'drawdown':>10}{'Sharpe':>9}{'P(Sharpe > 0)':>15}")
    for name, net, trips, drawdown, sharpe, chance in found.rows.iter_rows():
        ratio = "none" if sharpe is None else f"{sharpe:.2f}"
        likely = "none" if chance is None else f"{chance:.0%}"
        print(f"{name:<14}{net:>14,.2f}{trips:>8}{drawdown:>10.2%}{ratio:>9}{likely:>15}")
    if found.deflated is not None:
        print(f"deflated Sharpe of the best: {found.deflated:.0%} that it is more than luck among {found.rows.height}")
    return 0


def _result_folder(lake: Lake, given: str | None) -> Path:
    from phoenix_core.errors import InputMissing  # noqa: PLC0415 - for results alone

    if given:
        return lake.path(given)
    results = sorted(lake.path("backtests").glob("*/*/experiment.json"), key=lambda path: path.stat().st_mtime)
    if not results:
        raise InputMissing(f"No backtest lies in {lake.path('backtests')}: materialize one first.")
    return results[-1].parent


def show_report(chosen: argparse.Namespace) -> int:
    """Write the page beside its result, print its place and open it."""
    from phoenix_core.report.folder import page_of  # noqa: PLC0415 - brings plotly

    lake = Lake.at(read_settings().data)
    folder = _result_folder(lake, chosen.folder)
    relative = f"{folder.relative_to(lake.root)}/report.html"
    path = lake.write(relative, page_of(lake, str(folder)).encode())
    print(path)
    if not chosen.no_open:
        webbrowser.open(path.as_uri())
    return 0
