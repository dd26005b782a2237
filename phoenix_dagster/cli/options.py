"""Options that several commands share, written once, and what they mean together."""

import json
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, day_from_text, days_between, utc_today
from phoenix_dagster.settings import Settings

First = Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option(help="Last day, inclusive. Default: the first.")]
Symbol = Annotated[str, typer.Option(help="market:SYMBOL. Default: the first of PHOENIX_SYMBOLS.")]
Select = Annotated[str, typer.Option(help="Assets or stages, separated by commas; all: every daily asset.")]


def days_of(first: str, last: str, settings: Settings) -> list[date]:
    """Days from first to last, both inclusive; an empty last is the first.

    Raises:
        ConfigInvalid: A day that is none, or a range outside the partitions.
    """
    begin = day_from_text(first)
    end = day_from_text(last) if last else begin
    yesterday = utc_today() - timedelta(1)
    if end < begin or begin < settings.start or end > yesterday:
        raise ConfigInvalid(
            f"The range {begin}...{end} can't be taken: expected days from {settings.start} (PHOENIX_START) to "
            f"{yesterday}, the earlier first."
        )
    return list(days_between(begin, end))


def listing_of(symbol: str, settings: Settings) -> Listing:
    """The symbol that was asked for, or the first of the settings."""
    return Listing.parse(symbol) if symbol else settings.symbols[0]


def names_of(text: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def fields(text: str) -> dict[str, Any]:
    """Read a JSON object, such as `{"lpi_entry_threshold": 0.5}`.

    Raises:
        typer.BadParameter: It is not one.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{text!r} is no JSON object: expected names and values in braces")
    return value
