"""`phoenix run`: assets of a range of days in this process, with a live display on a terminal."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from phoenix_dagster.cli.options import First, Last, Select, Symbol, days_of, listing_of, names_of
from phoenix_dagster.settings import read_settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from phoenix_dagster.operation.run import DayDone


def run(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    select: Select = "all",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, at the end.")] = False,
) -> None:
    """Run assets of a range of days here, without a daemon; 1 if a day failed. A re-run goes on where it stopped."""
    import dagster as dg  # noqa: PLC0415 - --help need not wait for it

    from phoenix_dagster.definitions import definitions  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.run import planned  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.run import run as run_plan  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import dagster_home, export  # noqa: PLC0415 - as above

    # As Ctrl-C: Dagster then ends the run in its history, and files are published whole or not at all.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    defs = definitions(settings)
    plan = planned(defs, listing, names_of(select), days)
    export({"DAGSTER_HOME": str(dagster_home())})
    ended: list[DayDone] = []
    total = len(plan.days) * bool(plan.daily) + bool(plan.spanning)
    with dg.DagsterInstance.get() as instance, _display() as display:
        task = display.add_task(f"{listing}", total=total, rate="")
        for one in run_plan(defs, instance, plan):
            ended.append(one)
            rate = f"{sum(e.rows for e in ended) / max(sum(e.seconds for e in ended), 1e-9):,.0f} rows/s"
            display.update(task, advance=1, rate=rate)
            display.console.print(_line(one), highlight=False, markup=False, soft_wrap=True)
    failed = [one for one in ended if one.reasons]
    if as_json:
        print(json.dumps({"data": str(settings.data), "days": [asdict(one) for one in ended]}, indent=2))
    else:
        for one in failed:
            print(f"{one.day or 'all days'}: {'; '.join(one.reasons)}")
        print(f"{total - len(failed)} of {total} done, {len(failed)} failed. Results in {settings.data.resolve()}")
    raise typer.Exit(1 if failed else 0)


@contextmanager
def _display() -> Iterator["Progress"]:
    """Bar, rate and time left on stderr; only lines where that is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - --help need not wait for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        yield progress


def _line(one: "DayDone") -> str:
    state = f"{len(one.reasons)} failed" if one.reasons else "done"
    where = f", {one.results[0]}" if one.results else ""
    return f"{one.day or 'all days'}: {state}, {len(one.done)} assets, {one.rows:,} rows, {one.seconds:.1f} s{where}"
