"""`phoenix universe`: the symbols that had data on a day."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Market, utc_today
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.options import Json, day_of
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from phoenix_core.sources.universe import Lister, Member, Universe
    from phoenix_dagster.settings import Settings


def universe(
    on: Annotated[str, typer.Option(help="The day, YYYY-MM-DD, UTC.")],
    market: Annotated[str, typer.Option(help="um, cm or spot.")] = Market.UM.value,
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the archive again, whatever is known.")] = False,
    as_json: Json = False,
) -> None:
    """Print the symbols that had data on a day, those that were delisted since among them."""
    from phoenix_core.sources.universe import universe as found_on  # noqa: PLC0415 - brings an HTTP client
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic

    if market not in set(Market):
        raise ConfigInvalid(f"--market is {market[:60]!r}: expected one of {', '.join(Market)}.")
    day, settings = day_of("--on", on), read_settings()
    if day >= utc_today():
        raise ConfigInvalid(
            f"--on is {day}: expected a day before today, {utc_today()} UTC, since a day is out after it."
        )
    lake = Lake.at(settings.data, settings.local)
    found = found_on(lake, _lister(settings), Market(market), day, refresh=refresh)
    if as_json:
        print_document(_document(found))
        return
    print_table(("symbol", "first", "last", "missing", "unit", "known of it"), [_cells(one) for one in found.members])
    print("\n".join(_remarks(found)))


def _lister(settings: "Settings") -> "Lister":
    """The archive if it may be asked, else the folders."""
    from phoenix_core.sources.binance.listing import ArchiveListing  # noqa: PLC0415 - brings an HTTP client
    from phoenix_core.sources.contract import Monthly  # noqa: PLC0415 - as above
    from phoenix_core.sources.opened import opened  # noqa: PLC0415 - as above
    from phoenix_core.sources.universe import TreeListing  # noqa: PLC0415 - as above

    archive, trees = opened(settings.sources, settings.archive_url, Monthly(settings.monthly))
    return ArchiveListing(archive.client) if archive else TreeListing(*trees)


def _cells(one: "Member") -> list[str]:
    return [
        one.listing.symbol,
        str(one.first),
        str(one.last),
        f"{one.missing:,}",
        f"{one.multiplier:,}",
        " ".join(f"{change.on or 'on some day'}: {change.says}" for change in one.changes),
    ]


def _remarks(found: "Universe") -> Iterator[str]:
    gone = sum(one.last < found.listed_to for one in found.members)
    yield (
        f"{len(found.members):,} of {found.symbols:,} symbols that {found.source} ever listed had data on {found.on}; "
        f"{gone:,} of them end before {found.listed_to}, where the listing of {found.asked} ends."
    )
    if found.without_file:
        named = ", ".join(one.symbol for one in found.without_file)
        yield f"Listed before and after it, but without a file of that day: {named}."
    if found.others:
        yield f"Listed in other letters than A to Z, which Phoenix does not take: {', '.join(found.others)}."
    if found.is_probed:
        yield "The listing ends before that day, so each file of it was asked for by itself."


def _document(found: "Universe") -> dict[str, Any]:
    members = [
        asdict(one) | {"listing": str(one.listing), "changes": [_change(change) for change in one.changes]}
        for one in found.members
    ]
    return {
        "market": found.market.value,
        "on": found.on,
        "source": found.source,
        "asked": found.asked,
        "listed_to": found.listed_to,
        "symbols_ever": found.symbols,
        "probed": found.is_probed,
        "without_file": [str(one) for one in found.without_file],
        "others": list(found.others),
        "members": members,
    }


def _change(change: Any) -> dict[str, Any]:  # noqa: ANN401 - a Change
    named = {name: getattr(change, name) for name in ("listing", "becomes")}
    return asdict(change) | {name: None if one is None else str(one) for name, one in named.items()}
