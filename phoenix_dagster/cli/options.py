"""Options that several commands share, written once, and what they mean together."""

import json
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phoenix_core.errors import ConfigInvalid, nearest
from phoenix_core.market import Listing, day_from_text, days_between, utc_today
from phoenix_dagster.cli.completion import days_beginning, names_beginning, symbols_beginning

if TYPE_CHECKING:
    from phoenix_core.datasets import Dataset
    from phoenix_dagster.settings import Settings


First = Annotated[str, typer.Option(help="First day, YYYY-MM-DD.", autocompletion=days_beginning)]
Last = Annotated[str, typer.Option(help="Last day, inclusive. Default: the first.", autocompletion=days_beginning)]
Symbol = Annotated[
    str,
    typer.Option(help="market:SYMBOL. Default: the first of PHOENIX_SYMBOLS.", autocompletion=symbols_beginning),
]
Select = Annotated[
    str,
    typer.Option(help="Assets or stages, separated by commas; all: every daily asset.", autocompletion=names_beginning),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


def strategy_fields(text: str) -> dict[str, Any]:
    """Read a strategy: its import path, or a JSON object of its fields.

    Modules of the folder that the command was started in are found, as `python -m` finds them.

    Raises:
        typer.BadParameter: It is neither.
    """
    is_path = ":" in text and not text.lstrip().startswith("{")
    chosen = {"path": text.strip()} if is_path else fields(text)
    if chosen.get("path"):
        sys.path.insert(0, str(Path.cwd()))
    return chosen


Strategy = Annotated[
    Any,
    typer.Option(
        parser=strategy_fields, metavar="JSON", help="Fields of the strategy, as JSON; or module:Class of another one."
    ),
]


def days_of(first: str, last: str, settings: "Settings") -> list[date]:
    """Days from first to last, both inclusive; an empty last is the first.

    Raises:
        ConfigInvalid: A day that is none, or a range outside the partitions.
    """
    begin = day_of("--first", first)
    end = day_of("--last", last) if last else begin
    yesterday = utc_today() - timedelta(1)
    if end < begin:
        raise ConfigInvalid(f"The range {begin}...{end} runs backwards: expected --first before --last.")
    if begin < settings.start or end > yesterday:
        raise ConfigInvalid(
            f"The range {begin}...{end} can't be taken: expected days from {settings.start} (PHOENIX_START) to "
            f"{yesterday} (yesterday, UTC)."
        )
    return days_between(begin, end)


def day_of(option: str, text: str) -> date:
    """The day that an option was given.

    Raises:
        ConfigInvalid: It is none; the option is named.
    """
    try:
        return day_from_text(text)
    except ConfigInvalid as error:
        raise ConfigInvalid(f"{option}: {error}") from error


def listing_of(symbol: str, settings: "Settings", option: str = "--symbol") -> Listing:
    """The symbol that was asked for by an option, or the first of the settings.

    Raises:
        ConfigInvalid: No symbol of the settings, so that nothing of it can lie here or be made.
    """
    if not symbol:
        return settings.symbols[0]
    known = [str(listing) for listing in settings.symbols]
    if symbol.strip() not in known:
        raise ConfigInvalid(
            f"{option} is {symbol[:60]!r}{nearest(symbol, known)}: expected one of PHOENIX_SYMBOLS, "
            f"{shortened(known)}. Add it there, or correct it."
        )
    return Listing.parse(symbol)


def listings_of(symbols: str, settings: "Settings") -> list[Listing]:
    """The symbols that were asked for, separated by commas, or all of the settings.

    Raises:
        ConfigInvalid: One that is no symbol of the settings.
    """
    if not symbols:
        return list(settings.symbols)
    return [listing_of(name, settings, "--symbols") for name in names_of(symbols)]


def shortened(names: Sequence[str], most: int = 10) -> str:
    """Names as a message has them, the first of many.

    >>> shortened(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def names_of(text: str) -> list[str]:
    """Names separated by commas.

    Raises:
        ConfigInvalid: There is none.
    """
    if names := [name.strip() for name in text.split(",") if name.strip()]:
        return names
    raise ConfigInvalid(f"{text[:60]!r} names nothing: expected names separated by commas.")


def chosen_datasets(listing: Listing, settings: "Settings", text: str) -> tuple["Dataset", ...]:
    """Datasets of a listing by their names, or by those of products that are made from them; empty: all.

    Raises:
        ConfigInvalid: No such dataset or product on its market.
    """
    from phoenix_core.products import products_on  # noqa: PLC0415 - --help need not wait for it

    known = {product.name: product for product in products_on(listing.market, settings.kline_intervals)}
    names = names_of(text) if text else list(known)
    for name in names:
        if name not in known:
            raise ConfigInvalid(
                f"No dataset or product {name[:60]!r}{nearest(name, known)}: expected some of {', '.join(known)}."
            )
    found = {dataset.name: dataset for name in names for dataset in known[name].datasets(listing.market)}
    return tuple(found.values())


def amounts_of(text: str) -> list[Decimal]:
    """Amounts above zero, separated by commas, such as `1e4,250000`.

    Raises:
        ConfigInvalid: One of them is none.
    """
    try:
        amounts = [Decimal(name) for name in names_of(text)]
    except InvalidOperation as error:
        raise ConfigInvalid(f"{text[:60]!r} has an amount that is no number: expected such as 1e4,250000.") from error
    if not all(amount.is_finite() and amount > 0 for amount in amounts):
        raise ConfigInvalid(f"{text[:60]!r} has an amount that is not above zero: expected such as 1e4,250000.")
    return amounts


def fields(text: str) -> dict[str, Any]:
    """Read a JSON object, such as `{"lpi_entry_threshold": 0.5}`.

    Raises:
        typer.BadParameter: It is not one.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{text[:60]!r} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{text[:60]!r} is no JSON object: expected names and values in braces")
    return value
