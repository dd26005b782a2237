"""`phoenix portfolio`: one backtest over several symbols that share an account."""

import json
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.cli.completion import listings_beginning
from phoenix_dagster.cli.options import First, Json, Last, Strategy, day_of, fields, listings_of, shortened
from phoenix_dagster.cli.output import print_document, print_table
from phoenix_dagster.cli.results import Venue

Symbols = Annotated[
    str,
    typer.Option(
        help="market:SYMBOL of each, separated by commas. Default: all of PHOENIX_SYMBOLS.",
        autocompletion=listings_beginning,
    ),
]
StrategyOf = Annotated[
    Any,
    typer.Option(
        parser=fields,
        metavar="JSON",
        help='Fields that differ for a symbol, such as {"um:ETHUSDT": {"lpi_entry_threshold": 0.8}}.',
    ),
]
MaxPositions = Annotated[int, typer.Option(min=0, help="Symbols held or bid for at once. 0: all.")]
MaxLeverage = Annotated[str, typer.Option(help="What all of these come to, by equity, such as 2.5. Default: any.")]
_PARTS = ("price", "slippage", "fees", "funding", "net")


def portfolio(
    first: First,
    last: Last = "",
    symbols: Symbols = "",
    strategy: Strategy = "{}",
    strategy_of: StrategyOf = "{}",
    venue: Venue = "{}",
    max_positions: MaxPositions = 0,
    max_gross_leverage: MaxLeverage = "",
    *,
    as_json: Json = False,
) -> None:
    """Run a strategy over several symbols with one account, and publish what came of each and of all."""
    from phoenix_core.backtest.portfolio.portfolio import Portfolio  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.portfolio import made_portfolio  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    limits: dict[str, Any] = {"max_positions": max_positions} if max_positions else {}
    limits |= {"max_gross_leverage": _leverage(max_gross_leverage)} if max_gross_leverage else {}
    wanted = Portfolio.parse(
        listings=[str(listing) for listing in listings_of(symbols, settings)],
        first=day_of("--first", first),
        last=day_of("--last", last or first),
        strategy=strategy,
        strategy_of=strategy_of,
        venue=venue,
        limits=limits,
    )
    lake = Lake.existing(settings.data, settings.local)
    print(f"{shortened(wanted.listings)}, {wanted.first} to {wanted.last}", file=sys.stderr)
    _, entry = made_portfolio(lake, wanted, _day_done)
    folder, document = entry.facts["folder"], json.loads(lake.read(entry.file))
    if as_json:
        print_document({"path": lake.address(folder)} | document)
    else:
        _print(document)
        print(f"{lake.address(folder)}; phoenix report shows it.")


def _day_done(day: date, events: int) -> None:
    print(f"{day}: {events:,} events so far", file=sys.stderr)


def _leverage(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ConfigInvalid(f"--max-gross-leverage is {text[:60]!r}: expected a number such as 2.5.") from error


def _print(document: Mapping[str, Any]) -> None:
    """A row for each symbol and one for all, then what a reader must know."""
    listings: Mapping[str, Any] = document["listings"]
    rows = [
        [name, f"{one['fills']:,}", f"{one['round_trips']:,}", *_parts(one), f"{sum(one['refused'].values()):,}"]
        for name, one in listings.items()
    ]
    counts = [sum(one[name] for one in listings.values()) for name in ("fills", "round_trips")]
    refused = sum(count for one in listings.values() for count in one["refused"].values())
    rows.append(["all", *(f"{count:,}" for count in counts), *_parts(document), f"{refused:,}"])
    print_table(("symbol", "fills", "round trips", *_PARTS, "refused"), rows)
    for name, one in listings.items():
        if one["missing"]:
            day, why = next(iter(one["missing"].items()))
            print(
                f"{name}: {len(one['missing'])} missing of {len(one['missing']) + len(one['days'])} days, {day}: {why}"
            )
        for limit, count in one["refused"].items():
            print(f"{name}: {count:,} refused for {limit}")
    print(f"balance {Decimal(document['final_balance']):,.2f}")


def _parts(told: Mapping[str, Any]) -> list[str]:
    return [f"{Decimal(told['parts'][name]):+,.2f}" for name in _PARTS]
