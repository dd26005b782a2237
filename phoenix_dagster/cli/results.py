"""Commands that question an experiment, compare some, or show one."""

import webbrowser
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phoenix_core.market import Listing, day_from_text, days_between
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.options import First, Json, Last, Strategy, Symbol, amounts_of, day_of, fields, listing_of
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from phoenix_core.backtest.experiment import Experiment

Venue = Annotated[Any, typer.Option(parser=fields, metavar="JSON", help="Fields of the venue, as JSON.")]
Result = Annotated[
    str, typer.Argument(help="Folder of a result, or how its identity begins. Default: the last written.")
]


def _lake() -> Lake:
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic, --help need not wait for it

    settings = read_settings()
    return Lake.existing(settings.data, settings.local)


def _experiment(symbol: str, first: str, last: str, strategy: Any, venue: Any) -> "Experiment":  # noqa: ANN401 - JSON
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415 - brings pydantic models
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    return Experiment.parse(
        listing=str(listing_of(symbol, read_settings())),
        first=day_of("--first", first),
        last=day_of("--last", last or first),
        strategy=strategy,
        venue=venue,
    )


def lookahead(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    strategy: Strategy = "{}",
    venue: Venue = "{}",
    instants: Annotated[int, typer.Option(min=1, help="How often.")] = 5,
    seed: Annotated[int, typer.Option(help="Chooses the instants.")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """Take the future away at random instants: does any signal or order change? 1 if one does."""
    from phoenix_core.backtest.lookahead import described, guard  # noqa: PLC0415 - brings NautilusTrader

    lake = _lake()
    found = guard(lake, _experiment(symbol, first, last, strategy, venue), instants=instants, seed=seed)
    if as_json:
        print_document(asdict(found))
    else:
        print("\n".join(described(found)))
    raise typer.Exit(0 if found.is_sound else 1)


def envelope(
    result: Result = "",
    first: Annotated[str, typer.Option(help="Instead of a result: the first day of an experiment.")] = "",
    last: Last = "",
    symbol: Symbol = "",
    strategy: Strategy = "{}",
    venue: Venue = "{}",
    *,
    as_json: Json = False,
) -> None:
    """Run a result's experiment over latencies and queue models: the interval of its net. Its report shows it."""
    from phoenix_core.backtest.envelope import envelope as enveloped  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.backtest.envelope import envelope_of, publish_envelope  # noqa: PLC0415 - likewise
    from phoenix_core.instruments.table import specification  # noqa: PLC0415 - heavy
    from phoenix_core.report.folder import document_in  # noqa: PLC0415 - as above

    lake, file = _lake(), ""
    if first:
        experiment = _experiment(symbol, first, last, strategy, venue)
        listing, day = experiment.listing, experiment.first
        found = enveloped(lake, experiment)
        told = found.document("")
    else:
        document = document_in(lake, result_folder(lake, result))
        listing, day = document["experiment"]["listing"], day_from_text(document["experiment"]["first"])
        found = envelope_of(lake, document)
        file, told = publish_envelope(lake, document, found), found.document(document["identity"])
    if as_json:
        print_document(told | ({"file": file} if file else {}))
        return
    rows = [
        [
            f"{one.latency_ms:g} ms{' *' if one.is_own else ''}",
            one.queue,
            f"{one.fills:,}",
            f"{one.maker_share:.0%}",
            f"{Decimal(one.net):+,.2f}",
            *("unbounded" if end is None else f"{Decimal(end):+,.2f}" for end in (one.low, one.high)),
        ]
        for one in found.cases
    ]
    print_table(("latency", "queue", "fills", "makers", "net", "low", "high"), rows)
    print(f"* its own; {found.told(specification(Listing.parse(listing), day).settlement)}.")
    if file:
        print(f"{lake.address(file)}; phoenix report shows it.")


def implied(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    strategy: Strategy = "{}",
    venue: Venue = "{}",
    *,
    as_json: Json = False,
) -> None:
    """Hold quotes implied from trades against the true ones, and what that does to fills."""
    from phoenix_core.backtest.agreement import agreement, with_and_without  # noqa: PLC0415 - brings NautilusTrader

    lake, experiment = _lake(), _experiment(symbol, first, last, strategy, venue)
    days = {day: agreement(lake, experiment, day) for day in days_between(experiment.first, experiment.last)}
    results = dict(zip(("true", "implied"), with_and_without(lake, experiment), strict=True))
    if as_json:
        figures = {
            name: {"fills": one.fills.height, "net": one.ledger.parts.net, "orders": one.orders}
            for name, one in results.items()
        }
        print_document({"days": [{"day": day} | asdict(one) for day, one in days.items()], "quotes": figures})
        return
    for day, found in days.items():
        print(
            f"{day}: {found.compared:,} trades compared; bid equal {found.bid_equal:.1%}, ask equal "
            f"{found.ask_equal:.1%}, both within a tick {found.both_within_tick:.1%}, mids {found.mean_ticks_off:.2f} "
            "ticks apart on average"
        )
    form = _money_form(experiment.listing, experiment.first)
    for name, one in results.items():
        print(f"{name:<8} quotes: {one.fills.height} fills, net {one.ledger.parts.net:{form}}, orders {one.orders}")


def capacity(
    result: Result = "",
    balances: Annotated[
        str,
        typer.Option(
            help="Starting balances in the settlement currency, with commas. Default: 1e4 … 1e9; of coins 0.1 … 1e4."
        ),
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Run a result's experiment at other balances; its report draws the curve from then on."""
    from phoenix_core.backtest.capacity_curve import capacity_curve, publish_curve  # noqa: PLC0415 - heavy
    from phoenix_core.report.folder import document_in  # noqa: PLC0415 - as above

    wanted = amounts_of(balances) if balances else []
    lake = _lake()
    document = document_in(lake, result_folder(lake, result))
    points = capacity_curve(lake, document, wanted)
    file = publish_curve(lake, document, points)
    if as_json:
        print_document({"file": file, "points": [asdict(point) for point in points]})
        return
    experiment = document["experiment"]
    form = _money_form(experiment["listing"], day_from_text(experiment["first"]))
    rows = [
        [
            f"{Decimal(one.balance):,f}",
            f"{Decimal(one.net):+{form}}",
            f"{Decimal(one.net) / Decimal(one.balance):+.4%}",
            "none" if one.filled is None else f"{one.filled:.1%}",
            f"{one.share_median:.2%}",
            f"{one.share_worst:.2%}",
            f"{one.fills:,}",
        ]
        for one in points
    ]
    print_table(("balance", "net", "return", "entries filled", "share median", "share worst", "fills"), rows)
    print(f"{lake.address(file)}; phoenix report draws it.")


def compare(
    folders: Annotated[
        list[str] | None, typer.Argument(help="Folders of results. One: all over its range. Default: the last range.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Compare experiments: what differs between them, their figures, and what the best is worth."""
    from phoenix_core.report.comparison import comparison, printable, remarks, results_over  # noqa: PLC0415 - heavy
    from phoenix_core.report.folder import document_in  # noqa: PLC0415 - as above

    lake, given = _lake(), folders or [""]
    if len(given) == 1:
        result = result_folder(lake, given[0])
        span = result.rpartition("/")[2]
        given = results_over(lake, document_in(lake, result)["experiment"]["listing"], span)
    found = comparison(lake, given)
    if as_json:
        deflated = [asdict(one) for one in found.deflated]
        print_document({"results": found.rows.to_dicts(), "differing": found.differing, "deflated_sharpe": deflated})
        return
    lines = printable(found)
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    print("\n".join(remarks(found)))


def result_folder(lake: Lake, given: str, documents: tuple[str, ...] = ("experiment.json",)) -> str:
    """Folder of the result that was named, or of the last one that was written; see `result_named`."""
    from phoenix_core.report.named import result_named  # noqa: PLC0415 - --help need not wait for it

    return result_named(lake, given, documents)


def report(
    folder: Result = "",
    *,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only make it and print where it is.")] = False,
) -> None:
    """Make the page of a backtest or a portfolio and open it in a browser."""
    from phoenix_core.report.folder import page_of  # noqa: PLC0415 - brings plotly
    from phoenix_core.report.portfolio import portfolio_page  # noqa: PLC0415 - likewise
    from phoenix_core.report.portfolio_result import is_portfolio  # noqa: PLC0415 - likewise

    lake = _lake()
    result = result_folder(lake, folder, ("experiment.json", "portfolio.json"))
    composed = portfolio_page if is_portfolio(lake, result) else page_of
    page, content = f"{result}/report.html", composed(lake, result).encode()
    lake.write(page, content)
    print(lake.address(page))
    if not no_open:
        webbrowser.open(lake.fetch(page, sha256_of(content)).as_uri())  # a browser opens no bucket


def _money_form(listing: str, day: date) -> str:
    """How amounts of an account are written, by what its instrument is settled in."""
    from phoenix_core.instruments.specification import money_form  # noqa: PLC0415 - brings pydantic
    from phoenix_core.instruments.table import specification  # noqa: PLC0415 - as above

    return money_form(specification(Listing.parse(listing), day).settlement)
