"""`phoenix revise`: which results rest on days that the publisher replaced, and by how much they change."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phoenix_dagster.cli.options import Json, Symbol, listing_of
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from phoenix_core.backtest.revision import Revision
    from phoenix_core.sweeps.revise import Outdated

Processes = Annotated[int, typer.Option(min=1, help="Ranges that run at once, no more than there are cores.")]


def revise(
    symbol: Symbol = "",
    processes: Processes = 2,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which results would be made anew.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Every revision that was ever made, and run none.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make results anew whose data were replaced, and say by how much each changed; 1 if one could not be."""
    from phoenix_core.backtest.revision import revisions  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - as above
    from phoenix_core.sweeps.revise import Revised, behind, outdated  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.sweeps.revise import revise as made_anew  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    lake, listing = Lake.existing(settings.data, settings.local), listing_of(symbol, settings)
    if history:
        every = sorted(revisions(lake, listing), key=_change, reverse=True)
        _show(Revised(tuple(every), {}), [], as_json=as_json)
        return
    wanted, stale = outdated(lake, listing), behind(lake, listing)
    if dry_run:
        _show_wanted(wanted, stale, as_json=as_json)
        raise typer.Exit(1 if stale else 0)
    found = made_anew(lake, listing, wanted, processes, lambda name: print(name, file=sys.stderr))
    _show(found, stale, as_json=as_json)
    raise typer.Exit(1 if found.failed or stale else 0)


def _show(found: Any, stale: list[str], *, as_json: bool) -> None:  # noqa: ANN401 - Revised, which is heavy to import
    if as_json:
        rows = [_row(one) for one in found.revisions]
        print_document({"revisions": rows, "failed": found.failed, "behind": stale})
        return
    if found.revisions:
        heads = ("experiment", "range", "replaced", "net before", "net after", "change", "fills before", "after", "")
        print_table(heads, [_cells(one) for one in found.revisions])
    for name, reason in found.failed.items():
        print(f"{name} failed: {reason}")
    print(f"{len(found.revisions)} results over data that were replaced.")
    _show_behind(stale)


def _show_wanted(wanted: "Iterable[Outdated]", stale: list[str], *, as_json: bool) -> None:
    rows = [(one.entry.variant, _span(one.entry.day), one.entry.asset, _days(one.inputs)) for one in wanted]
    if as_json:
        names = ("experiment", "range", "asset", "replaced")
        print_document({"outdated": [dict(zip(names, row, strict=True)) for row in rows], "behind": stale})
        return
    if rows:
        print_table(("experiment", "range", "asset", "replaced"), rows)
    print(f"{len(rows)} results over data that were replaced.")
    _show_behind(stale)


def _show_behind(stale: list[str]) -> None:
    if stale:
        days = sorted({name.partition("@")[2] for name in stale})
        print(
            f"{len(stale)} inputs are older than what they are made from, {stale[0]} for one: run phoenix run --first "
            f"{days[0]} --last {days[-1]}, then this again."
        )


def _row(one: "Revision") -> dict[str, Any]:
    return asdict(one) | {"change": _change(one)}


def _change(one: "Revision") -> Decimal:
    return Decimal(one.after.net) - Decimal(one.before.net)


def _cells(one: "Revision") -> tuple[str, ...]:
    return (
        one.experiment,
        _span(one.span),
        _days(one.inputs),
        f"{Decimal(one.before.net):+,.2f}",
        f"{Decimal(one.after.net):+,.2f}",
        f"{_change(one):+,.2f}",
        f"{one.before.fills:,}",
        f"{one.after.fills:,}",
        "and other code" if one.is_of_other_code else "",
    )


def _days(inputs: Iterable[str]) -> str:
    """Days of inputs: the first, and how many more."""
    days = sorted({name.partition("@")[2] for name in inputs})
    return f"{days[0]} and {len(days) - 1} more" if len(days) > 1 else days[0]


def _span(span: str) -> str:
    return span.replace("_", " to ")
