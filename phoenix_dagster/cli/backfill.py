"""`phoenix backfill`: launch backfills in the running Dagster, follow them, or cancel them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.cli.completion import days_beginning
from phoenix_dagster.cli.options import Json, Last, Select, Symbol, days_of, listing_of, names_of
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from phoenix_dagster.operation.backfill import Outcome, RunningDagster, State

_DAYS_BY_NAME = 31


def backfill(
    first: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.", autocompletion=days_beginning)] = "",
    last: Last = "",
    symbol: Symbol = "",
    select: Select = "all",
    *,
    newest_first: Annotated[
        bool, typer.Option("--newest-first", help="The last day at once, others after it.")
    ] = False,
    following: Annotated[
        str, typer.Option("--follow", metavar="IDS", help="Launch nothing; follow these, separated by commas.")
    ] = "",
    cancelled: Annotated[str, typer.Option("--cancel", metavar="IDS", help="Cancel these, separated by commas.")] = "",
    url: Annotated[str, typer.Option(help="The Dagster webserver.")] = "http://127.0.0.1:3000",
    as_json: Json = False,
) -> None:
    """Launch a backfill in the running Dagster and follow it; 1 if a day failed."""
    from phoenix_dagster.operation.backfill import RunningDagster  # noqa: PLC0415 - brings a GraphQL client

    if sum(map(bool, (first, following, cancelled))) != 1:
        raise ConfigInvalid("`phoenix backfill` needs one of --first, --follow and --cancel.")
    dagster = RunningDagster(url.rstrip("/"))
    if cancelled:
        _cancel(dagster, names_of(cancelled))
        return
    ids = names_of(following) if following else _launch(dagster, first, last, symbol, select, newest_first=newest_first)
    raise typer.Exit(_follow(dagster, ids, url, as_json=as_json))


def _launch(
    dagster: "RunningDagster", first: str, last: str, symbol: str, select: str, *, newest_first: bool
) -> list[str]:
    from phoenix_dagster.operation.backfill import in_order  # noqa: PLC0415 - brings a GraphQL client
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic

    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    keys = dagster.keys(listing.path, names_of(select))
    batches = in_order(days, newest_first=newest_first)
    launched = [dagster.launch(keys, batch, priority=-number) for number, batch in enumerate(batches)]
    _say(f"{len(keys)} assets of {listing}, {len(days)} days: backfill {', '.join(launched)}")
    return launched


def _cancel(dagster: "RunningDagster", ids: Sequence[str]) -> None:
    for one in ids:
        dagster.cancel(one)
        print(f"{one}: Dagster cancels it and its runs")


def _follow(dagster: "RunningDagster", ids: Sequence[str], url: str, *, as_json: bool) -> int:
    from phoenix_dagster.operation.follow import follow  # noqa: PLC0415 - brings a GraphQL client

    try:
        ended = follow(dagster, ids, _say)
    except KeyboardInterrupt:
        names = ",".join(ids)
        _say(f"\nThe backfill goes on in Dagster. Follow it: phoenix backfill --follow {names} --url {url}")
        _say(f"Cancel it: phoenix backfill --cancel {names} --url {url}")
        raise
    outcomes = {one: dagster.outcome(one, list(state.assets)) for one, state in ended.items()}
    if as_json:
        print_document([_document(one, ended[one], outcome) for one, outcome in outcomes.items()])
    else:
        for one, outcome in outcomes.items():
            _print_outcome(one, ended[one], outcome)
    return 0 if all(state.is_good for state in ended.values()) else 1


def _print_outcome(name: str, state: "State", outcome: "Outcome") -> None:
    from phoenix_dagster.operation.follow import rows_of  # noqa: PLC0415 - as above

    by_asset = len({day for _, day in outcome.targeted}) > _DAYS_BY_NAME
    head, unit = ("asset", "days") if by_asset else ("day", "assets")
    rows = rows_of(outcome, by_asset=by_asset)
    print(f"{name}: {state.status.lower()}, {unit} of each {head}" + (f": {state.error}" if state.error else ""))
    print_table(
        (head, "done", "failed", "not reached"),
        [(row.name, str(row.done), str(row.failed), str(row.not_reached)) for row in rows],
    )
    for (asset, day), reason in sorted(outcome.failed.items(), key=lambda one: one[0][::-1]):
        print(f"  {day} {asset}: {reason}")


def _document(name: str, state: "State", outcome: "Outcome") -> dict[str, object]:
    rest = outcome.targeted - outcome.done - outcome.failed.keys()
    return {
        "backfill": name,
        "status": state.status.lower(),
        "error": state.error or None,
        "done": [{"asset": asset, "day": day} for asset, day in sorted(outcome.done)],
        "failed": [{"asset": one[0], "day": one[1], "reason": why} for one, why in sorted(outcome.failed.items())],
        "not_reached": [{"asset": asset, "day": day} for asset, day in sorted(rest)],
    }


def _say(line: str) -> None:
    """Progress goes to stderr: stdout is the result's, for people and programs alike."""
    print(line, file=sys.stderr, flush=True)
