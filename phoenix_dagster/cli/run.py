"""`phoenix run`: assets of a range of days in this process, with a live display on a terminal."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from phoenix_core.interrupts import EXIT_CODE
from phoenix_core.market import Listing
from phoenix_dagster.cli.options import First, Json, Last, Select, Strategy, Symbol, days_of, listing_of, names_of
from phoenix_dagster.cli.output import duration, print_document
from phoenix_dagster.operation.interrupts import Interrupts, ended_at_once

if TYPE_CHECKING:
    from phoenix_dagster.cli.display import Display
    from phoenix_dagster.operation.run import Plan, RunDone, Runner

_INTERRUPTED = "Interrupted. The same command goes on where it stopped."


def run(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    select: Select = "all",
    strategy: Strategy = "{}",
    *,
    as_json: Json = False,
) -> None:
    """Run assets of a range of days here, without a daemon; 1 if a day failed. A re-run goes on where it stopped."""
    with ended_at_once():  # nothing is under way yet, and an import that is interrupted may do anything
        runner, plan, listing = _prepared(first, last, symbol, select)
        from phoenix_dagster.cli.display import display, span  # noqa: PLC0415 - --help need not wait for it
        from phoenix_dagster.operation.tally import Tally  # noqa: PLC0415 - as above

    runner.watcher, runner.strategy = (tally := Tally.of(plan)), strategy
    with display(tally) as shown:

        def last_words() -> None:
            runner.end("`phoenix run` was ended at once.")
            shown.end()
            shown.say(_INTERRUPTED)

        with Interrupts(last_words) as interrupts:
            runner.is_interrupted, runner.interrupt = lambda: interrupts.received, interrupts.again
            shown.say(f"{listing}, {span(plan.days)}, {len(plan.daily) + len(plan.spanning)} assets")
            ended = _carried_out(runner, plan, shown)
            shown.end()
            if as_json:
                print_document(
                    _document(plan, listing, runner.lake.location, ended, is_interrupted=interrupts.received)
                )
            else:
                _print_end(plan, ended, runner.lake.location)
            if interrupts.received:
                shown.say(_INTERRUPTED)
                # Not as an exception: until Python has wound up, a second Ctrl-C would end in a traceback.
                sys.stdout.flush()
                os._exit(EXIT_CODE)
    raise typer.Exit(0 if all(one.is_good for one in ended) else 1)


def _prepared(first: str, last: str, symbol: str, select: str) -> tuple["Runner", "Plan", Listing]:
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - --help need not wait for it
    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.in_process import opened_history  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.run import Runner, planned  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import dagster_home, export, read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    # Of the others nothing is made here, and of hundreds it would take seconds.
    defs = definitions(settings.model_copy(update={"symbols": (listing,)}))
    plan = planned(defs, listing, names_of(select), days)
    home = dagster_home()
    export({"DAGSTER_HOME": str(home)})
    return Runner(defs, opened_history(home), Lake.at(settings.data, settings.local)), plan, listing


def _carried_out(runner: "Runner", plan: "Plan", shown: "Display") -> list["RunDone"]:
    """Run a plan and say of each day how it ended; an interrupt leaves the rest."""
    ended: list[RunDone] = []
    with runner.instance:
        try:
            for one in runner.run(plan):
                ended.append(one)
                counts = Counter(part.outcome.value for part in one.parts)
                figures = ", ".join(f"{count} {name}" for name, count in counts.items())
                rows = sum(part.rows for part in one.parts)
                shown.say(f"{one.day or 'all days'}: {figures}, {rows:,} rows, {one.seconds:.1f} s")
        except KeyboardInterrupt:  # between two runs: one that is under way is ended by Dagster
            runner.end("`phoenix run` was interrupted.")
    return ended


def _print_end(plan: "Plan", ended: Sequence["RunDone"], data: str) -> None:
    """A line for each asset of a day that failed, then what was done, and where it lies."""
    for one in ended:
        for part in one.parts:
            if part.reason:
                print(f"{one.day or 'all days'} {part.asset}: {part.reason}")
    counts = {name: count for name, count in _counts(plan, ended).items() if count}
    seconds = sum(one.seconds for one in ended)
    if plan.daily:
        print(f"Days: {', '.join(f'{count} {name}' for name, count in counts.items())}, in {duration(seconds)}")
    for part in (part for one in ended if not one.day for part in one.parts if part.where):
        print(f"{part.asset.rsplit('/', 1)[-1]}: {part.where}")
    print(f"Data: {data}")


def _counts(plan: "Plan", ended: Sequence["RunDone"]) -> dict[str, int]:
    """Days by what became of them."""
    days = [one for one in ended if one.day]
    kept, good = sum(one.is_kept for one in days), sum(one.is_good for one in days)
    failed = sum(one.has_failed for one in days)
    return {"made": good - kept, "kept": kept, "failed": failed, "not finished": len(plan.days) - good - failed}


def _document(
    plan: "Plan", listing: Listing, data: str, ended: Sequence["RunDone"], *, is_interrupted: bool
) -> dict[str, object]:
    return {
        "symbol": str(listing),
        "first": plan.days[0],
        "last": plan.days[-1],
        "data": data,
        "is_interrupted": is_interrupted,
        "runs": [
            {
                "day": one.day or None,
                "run": one.run_id,
                "seconds": round(one.seconds, 3),
                "assets": [
                    {
                        "asset": part.asset,
                        "outcome": part.outcome.value.replace(" ", "_"),
                        "rows": part.rows,
                        "seconds": round(part.seconds, 3),
                        "reason": part.reason or None,
                        "path": part.where or None,
                    }
                    for part in one.parts
                ],
            }
            for one in ended
        ],
    }
