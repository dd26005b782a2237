"""`phoenix run`: assets of a range of days in this process, with a live display on a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from phoenix_core.interrupts import EXIT_CODE
from phoenix_core.market import Listing
from phoenix_dagster.cli.options import First, Json, Last, Select, Symbol, days_of, listing_of, names_of
from phoenix_dagster.cli.output import duration, print_document
from phoenix_dagster.operation.interrupts import Interrupts, ended_at_once

if TYPE_CHECKING:
    import dagster as dg

    from phoenix_dagster.cli.display import Display
    from phoenix_dagster.operation.run import Plan, RunDone
    from phoenix_dagster.settings import Settings


def run(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    select: Select = "all",
    *,
    as_json: Json = False,
) -> None:
    """Run assets of a range of days here, without a daemon; 1 if a day failed. A re-run goes on where it stopped."""
    with ended_at_once():  # nothing is under way yet, and an import that is interrupted may do anything
        import dagster as dg  # noqa: PLC0415 - --help need not wait for it

        from phoenix_dagster.definitions import definitions  # noqa: PLC0415 - as above
        from phoenix_dagster.operation.run import planned  # noqa: PLC0415 - as above
        from phoenix_dagster.settings import dagster_home, export, read_settings  # noqa: PLC0415 - as above

        settings = read_settings()
        listing, days = listing_of(symbol, settings), days_of(first, last, settings)
        defs = definitions(settings)
        plan = planned(defs, listing, names_of(select), days)
        export({"DAGSTER_HOME": str(dagster_home())})
        instance = dg.DagsterInstance.get()
    with instance:
        ended, is_interrupted = _carried_out(defs, instance, plan, listing, settings)
    missing = len(plan.days) * bool(plan.daily) + bool(plan.spanning) - len(ended)
    if as_json:
        print_document(_document(plan, listing, settings, ended, is_interrupted=is_interrupted))
    else:
        _print_end(ended, missing, settings)
    if is_interrupted:
        raise typer.Exit(EXIT_CODE)
    raise typer.Exit(0 if all(one.is_good for one in ended) else 1)


def _carried_out(
    defs: "dg.Definitions", instance: "dg.DagsterInstance", plan: "Plan", listing: Listing, settings: "Settings"
) -> tuple[list["RunDone"], bool]:
    """Run and show a plan; give what ended, and whether somebody asked to end before it was done."""
    from phoenix_core.storage import Lake  # noqa: PLC0415 - for this alone
    from phoenix_dagster.cli.display import display, span  # noqa: PLC0415 - --help need not wait for it
    from phoenix_dagster.operation.run import Runner  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.tally import Tally  # noqa: PLC0415 - as above

    ended: list[RunDone] = []
    tally = Tally.of(plan)
    runner = Runner(defs, instance, Lake.at(settings.data), tally)
    with display(tally) as shown:

        def last_words() -> None:
            shown.leave()
            runner.end("`phoenix run` was ended at once.")

        with Interrupts(last_words) as interrupts:
            runner.is_interrupted = lambda: interrupts.received
            shown.say(f"{listing}, {span(plan.days)}, {len(plan.daily) + len(plan.spanning)} assets")
            try:
                for one in runner.run(plan):
                    ended.append(one)
                    tally.run_ended(one)
                    _say_day(shown, one)
            except KeyboardInterrupt:  # between two runs; Dagster ends one that is under way
                runner.end("`phoenix run` was interrupted.")
            return ended, interrupts.received


def _say_day(shown: "Display", one: "RunDone") -> None:
    counts = Counter(part.outcome.value for part in one.parts)
    figures = ", ".join(f"{count} {name}" for name, count in counts.items())
    rows = sum(part.rows for part in one.parts)
    shown.say(f"{one.day or 'all days'}: {figures}, {rows:,} rows, {one.seconds:.1f} s")


def _print_end(ended: Sequence["RunDone"], missing: int, settings: "Settings") -> None:
    """A line for each asset of a day that failed, then what was done, and where it lies."""
    for one in ended:
        for part in one.parts:
            if part.reason:
                print(f"{one.day or 'all days'} {part.asset}: {part.reason}")
    seconds = sum(one.seconds for one in ended)
    counts = {name: count for name, count in _counts(ended, missing).items() if count}
    print(f"Days: {', '.join(f'{count} {name}' for name, count in counts.items()) or 'none'}, in {duration(seconds)}")
    for part in (part for one in ended if not one.day for part in one.parts if part.where):
        print(f"{part.asset.rsplit('/', 1)[-1]}: {part.where}")
    print(f"Data: {settings.data.resolve()}")


def _counts(ended: Sequence["RunDone"], missing: int) -> dict[str, int]:
    """Days by what became of them; what spans all days counts as one more."""
    bad = sum(not one.is_good for one in ended)
    kept = sum(one.is_kept for one in ended)
    return {"made": len(ended) - bad - kept, "kept": kept, "failed": bad, "not reached": missing}


def _document(
    plan: "Plan", listing: Listing, settings: "Settings", ended: Sequence["RunDone"], *, is_interrupted: bool
) -> dict[str, object]:
    return {
        "symbol": str(listing),
        "first": plan.days[0],
        "last": plan.days[-1],
        "data": settings.data.resolve(),
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
