"""The command that recomputes a result from the raw files, and compares days of own files with others of them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.completion import datasets_beginning, days_beginning
from phoenix_dagster.cli.folders import compare_days
from phoenix_dagster.cli.options import Json, Last, Symbol
from phoenix_dagster.cli.output import print_document, print_table
from phoenix_dagster.cli.results import Result, result_folder

if TYPE_CHECKING:
    from phoenix_core.verification.difference import Check


def verify(
    result: Result = "",
    first: Annotated[
        str, typer.Option(help="Compare days instead, from this one on.", autocompletion=days_beginning)
    ] = "",
    last: Last = "",
    symbol: Symbol = "",
    datasets: Annotated[
        str, typer.Option(help="Raw assets, separated by commas. Default: all.", autocompletion=datasets_beginning)
    ] = "",
    *,
    signals: Annotated[
        bool, typer.Option("--signals", help="Recompute a result's signals from the raw files.")
    ] = False,
    ledger: Annotated[bool, typer.Option("--ledger", help="Recompute its ledger from its fills.")] = False,
    fills: Annotated[
        bool, typer.Option("--fills", help="Recompute its fills from raw zips, by the second implementation.")
    ] = False,
    against_archive: Annotated[
        bool, typer.Option("--against-archive", help="Compare days with the published files, not with each other.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Recompute a result, all of it by default; or compare days with other files of them. 1 if something differs."""
    chosen = [name for name, wanted in (("signals", signals), ("ledger", ledger), ("fills", fills)) if wanted]
    if not first:
        if against_archive or last or symbol or datasets:
            raise ConfigInvalid("phoenix verify compares days, or recomputes a result: to compare days, add --first.")
        _verify_result(result, chosen, as_json=as_json)
    if result or chosen:
        raise ConfigInvalid("phoenix verify --first compares days: it takes no result, and recomputes none.")
    compare_days(first, last, symbol, datasets, against_archive=against_archive, as_json=as_json)


def _verify_result(given: str, chosen: list[str], *, as_json: bool) -> None:
    from phoenix_core.verification.result import verified  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - --help need not wait for it

    settings = read_settings()
    lake = Lake.existing(settings.data, settings.local)
    folder = result_folder(lake, given)
    found = verified(lake, folder, chosen)
    if as_json:
        print_document({"result": folder, "checks": [asdict(one) for one in found]})
    else:
        print(f"{folder}, recomputed:")
        _print_checks(found)
    raise typer.Exit(1 if any(one.differences for one in found) else 0)


def _print_checks(found: "list[Check]") -> None:
    rows = [[one.name, f"{one.rows:,}", f"{len(one.differences):,}", f"{len(one.left_out):,}"] for one in found]
    print_table(("check", "rows", "differences", "left out"), rows)
    for one in found:
        print("".join(f"{one.name}: {line}\n" for line in one.differences), end="")
        print("".join(f"{one.name} left out: {line}\n" for line in one.left_out), end="")
