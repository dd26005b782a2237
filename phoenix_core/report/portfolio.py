"""The page of a portfolio: the account, each listing, and what was held when; in the look of a backtest's."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import PurePath
from typing import Any

import polars as pl

from phoenix_core.backtest.portfolio.publish import FILE
from phoenix_core.backtest.portfolio.result import LISTING
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.specification import money_form
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, day_from_text
from phoenix_core.report.figures import moment, signed
from phoenix_core.report.folder import is_made_up, table_in
from phoenix_core.report.metrics import Statistics, figures, hourly_returns, statistics
from phoenix_core.report.page import ROWS_SHOWN, environment, identities, inlined
from phoenix_core.report.portfolio_charts import portfolio_charts
from phoenix_core.report.summary import Headline, Notice, tone_of
from phoenix_core.report.tables import Column, Table, clock, exact, listed, missing_days, number, table_of
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.choices import choices, in_sample

_PARTS = ("price", "slippage", "fees", "funding", "net")
_MINUTES = 60 * 1_000_000_000


@dataclass(frozen=True)
class PublishedPortfolio:
    """What was published of a portfolio.

    Attributes:
        folder: Where it lies, `backtests/<portfolio>/<day or first_last>`.
        document: `portfolio.json`.
        equity: The account at the end of each minute: ts (ns), equity, gross, net, positions.
        fills: Each fill with its decision, and its listing.
        round_trips: Likewise.
        ledger: Likewise.
        is_synthetic: The market was made up.
        in_sample: Of each listing whose days were there to choose on, that they were, in a sentence.
    """

    folder: str
    document: Mapping[str, Any]
    equity: pl.DataFrame
    fills: pl.DataFrame
    round_trips: pl.DataFrame
    ledger: pl.DataFrame
    is_synthetic: bool = False
    in_sample: tuple[str, ...] = ()

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What was run."""
        chosen: Mapping[str, Any] = self.document["portfolio"]
        return chosen

    @property
    def listings(self) -> Mapping[str, Mapping[str, Any]]:
        """What is told of each listing."""
        told: Mapping[str, Mapping[str, Any]] = self.document["listings"]
        return told

    @property
    def currency(self) -> str:
        """What its account is kept in."""
        return specification(Listing.parse(self.chosen["listings"][0]), day_from_text(self.chosen["first"])).settlement

    @property
    def final(self) -> Decimal:
        """Balance at the end."""
        return Decimal(self.document["final_balance"])

    @property
    def parts(self) -> dict[str, Decimal]:
        """Parts of the PnL of all listings, and their sum net."""
        return {name: Decimal(self.document["parts"][name]) for name in _PARTS}

    @property
    def starting(self) -> Decimal:
        """Balance at the start."""
        return Decimal(self.document["starting_balance"])

    @property
    def span(self) -> str:
        """First and last day as people write it."""
        first, last = self.chosen["first"], self.chosen["last"]
        return str(first) if first == last else f"{first} to {last}"

    @property
    def days_asked(self) -> int:
        """Days of the range."""
        return (date.fromisoformat(self.chosen["last"]) - date.fromisoformat(self.chosen["first"])).days + 1

    @cached_property
    def statistics(self) -> Statistics:
        """Of the account: exposed is a minute in which anything is held."""
        return statistics(self.equity.with_columns(pl.col("positions").alias("position")), self.round_trips)

    @cached_property
    def leverage(self) -> pl.DataFrame:
        """What was held at the end of each minute by equity: ts, gross, net, and how many positions."""
        equity = pl.col("equity")
        return self.equity.select("ts", pl.col("gross") / equity, pl.col("net") / equity, "positions")


def is_portfolio(lake: Lake, location: str) -> bool:
    """Whether a folder holds what was published of a portfolio."""
    return lake.stat(f"{lake.name(location)}/{FILE}") is not None


def portfolio_in(lake: Lake, location: str) -> PublishedPortfolio:
    """Read a published portfolio.

    Raises:
        InputMissing: There is none.
        CatalogCorrupt: A table is not what was published.
    """
    folder = lake.name(location)
    try:
        document: dict[str, Any] = json.loads(lake.read(f"{folder}/{FILE}"))
    except FileNotFoundError:
        raise InputMissing(
            f"{lake.address(folder)} holds no portfolio: expected {FILE}. Run phoenix portfolio."
        ) from None
    tables = {name: table_in(lake, folder, name, document) for name in ("equity", "fills", "positions", "ledger")}
    chosen = document["portfolio"]
    names = chosen["listings"]
    if len(names) == 1:  # its tables are those of a backtest, which need not say whose they are
        only = pl.lit(names[0]).alias(LISTING)
        tables |= {name: tables[name].select(only, pl.all()) for name in ("fills", "positions", "ledger")}
        tables["equity"] = _as_of_several(tables["equity"])
    first, last = (day_from_text(chosen[end]) for end in ("first", "last"))
    found = {name: in_sample(choices(lake, Listing.parse(name)), first, last) for name in names}
    return PublishedPortfolio(
        folder=folder,
        document=document,
        equity=tables["equity"],
        fills=tables["fills"],
        round_trips=tables["positions"],
        ledger=tables["ledger"],
        is_synthetic=any(is_made_up(lake, file) for file in document["zips"]),
        in_sample=tuple(f"{name}: {one.told}" for name, one in found.items() if one),
    )


def portfolio_page(lake: Lake, location: str) -> str:
    """Compose the page of a published portfolio: HTML with everything inlined, equal for equal results.

    Raises:
        InputMissing: There is none.
        CatalogCorrupt: A table is not what was published.
    """
    result = portfolio_in(lake, location)
    panels = portfolio_charts(result.equity, result.leverage, result.ledger, result.currency)
    document = result.document
    return (
        environment()
        .get_template("portfolio.html")
        .render(
            inlined({panel.name: panel.figure() for panel in panels}),
            title=f"{len(result.listings)} listings · {result.span}",
            span=result.span,
            name=PurePath(result.folder).parts[-2],
            currency=result.currency,
            days_run=len(document["days"]),
            days_asked=result.days_asked,
            notices=list(_notices(result)),
            headlines=_headlines(result),
            listings=_by_listing(result),
            parts=_parts(result),
            assumptions=[*document["assumptions"], *_assumed(result)],
            panels=panels,
            round_trips=_trips(result),
            figures=_figures(result),
            missing=_missing(result),
            identities=identities(document),
            chosen=_chosen(result),
            rows_shown=ROWS_SHOWN,
        )
    )


def _as_of_several(equity: pl.DataFrame) -> pl.DataFrame:
    worth = pl.col("position") * pl.col("price")
    return equity.select(
        "ts", "equity", "cash", worth.abs().alias("gross"), worth.alias("net"),
        (pl.col("position") != 0).cast(pl.Int64).alias("positions"),
    )  # fmt: skip


def _notices(result: PublishedPortfolio) -> Iterator[Notice]:
    if result.is_synthetic:
        yield Notice("Synthetic data: this market was made up by Phoenix, nothing in it was ever traded.")
    for told in result.in_sample:
        yield Notice(told, is_grave=True)
    if result.document["ruined_ns"]:
        when = moment(result.document["ruined_ns"])
        yield Notice(f"The account was worth nothing at {when}: what follows it means nothing.", is_grave=True)
    for name, one in result.listings.items():
        if one["missing"]:
            yield Notice(f"{name}: {len(one['missing'])} of {result.days_asked} days could not be run.")


def _headlines(result: PublishedPortfolio) -> list[Headline]:
    parts, money, known = result.parts, _money(result), figures()
    net, share = parts["net"], signed(parts["net"] / result.starting, ".2%")
    largest, most = (max(result.leverage[name], default=0) for name in ("gross", "positions"))
    refused = sum(count for one in result.listings.values() for count in one["refused"].values())
    return [
        Headline("Net PnL", money(net), "after fees and funding", tone_of(net)),
        Headline("Return", share, f"of the starting balance, {result.starting:{_form(result)}}", tone_of(net)),
        *(
            Headline(name, known[key].text(getattr(result.statistics, key), result.currency), note)
            for name, key, note in (
                ("Max drawdown", "max_drawdown", "of the account from a high, by minute"),
                ("Sharpe, annualized", "sharpe", f"from {hourly_returns(result.equity).len():,} hourly returns"),
                ("Exposure", "exposure", f"of minutes; {result.statistics.round_trips:,} round trips"),
            )
        ),
        Headline("Most at once", f"{largest:.2f} × equity", f"gross; {most} positions"),
        Headline("Entries refused", f"{refused:,}", "beyond the limits of the account"),
    ]


def _by_listing(result: PublishedPortfolio) -> Table:
    """A row for each listing, and one for all."""
    money = result.currency
    trips = result.round_trips
    held = (pl.col("closed_ns") - pl.col("opened_ns")).sum() / _MINUTES
    largest = (pl.col("quantity") * pl.col("entry_price")).cast(pl.Float64).max()
    of_trips = {
        name: (minutes, most or 0.0, won)
        for name, minutes, most, won in trips.group_by(LISTING)
        .agg(held.alias("held"), largest.alias("largest"), (pl.col("net") > 0).sum().alias("won"))
        .iter_rows()
    }
    columns = [
        Column("listing", is_number=False), Column("days"), Column("round trips"), Column("won"), Column("fills"),
        *(Column(name, money) for name in _PARTS), Column("held", "h"), Column("largest", money), Column("refused"),
    ]  # fmt: skip
    rows = []
    for name, one in result.listings.items():
        minutes, most, won = of_trips.get(name, (0.0, 0.0, 0))
        amounts = [signed(Decimal(one["parts"][part]), _form(result)) for part in _PARTS]
        counts = [f"{len(one['days']):,}", f"{one['round_trips']:,}", f"{won:,}", f"{one['fills']:,}"]
        refused = ", ".join(f"{count:,} {limit}" for limit, count in one["refused"].items())
        rows.append([name, *counts, *amounts, f"{minutes / 60:,.1f}", f"{most:,.0f}", refused or "0"])
    totals = [signed(value, _form(result)) for value in result.parts.values()]
    counts = [f"{len(result.document['days']):,}", f"{trips.height:,}", "", f"{result.fills.height:,}"]
    rows.append(["all", *counts, *totals, "", "", ""])
    return Table(columns, rows)


def _parts(result: PublishedPortfolio) -> Table:
    columns = [Column("part", is_number=False), Column("amount", result.currency), Column("of starting balance")]
    rows = [
        (name, signed(value, _form(result)), signed(value / result.starting, ".3%"))
        for name, value in result.parts.items()
    ]
    ends = [
        (f"{name} balance", format(value, _form(result)), "")
        for name, value in (("starting", result.starting), ("final", result.final))
    ]
    return Table(columns, [ends[0], *rows, ends[1]])


def _trips(result: PublishedPortfolio) -> Table:
    money = result.currency
    return table_of(
        result.round_trips,
        {
            Column("opened", "UTC", is_number=False): clock("opened_ns"),  # first: the page leads from it to the charts
            Column("listing", is_number=False): pl.col(LISTING),
            Column("held", "min"): number((pl.col("closed_ns") - pl.col("opened_ns")) / _MINUTES, 1),
            Column("side", is_number=False): pl.col("side").str.to_lowercase(),
            Column("quantity"): exact("quantity"),
            Column("entry"): exact("entry_price"),
            Column("exit"): number(pl.col("exit_price"), 4),
            Column("fees", money): number(pl.col("fees"), 2),
            Column("funding", money): number(pl.col("funding"), 2),
            Column("net", money): number(pl.col("net"), 2),
            Column("closed by", is_number=False): pl.col("closed_by").str.to_lowercase(),
        },
    )


def _figures(result: PublishedPortfolio) -> Table:
    rows = [
        (figure.name, figure.text(getattr(result.statistics, name), result.currency), figure.meaning)
        for name, figure in figures().items()
    ]
    orders = ", ".join(f"{count:,} {end.lower()}" for end, count in result.document["orders"].items())
    return listed(("figure", "value", "meaning"), [*rows, ("orders", orders or "none", "By how they ended.")])


def _missing(result: PublishedPortfolio) -> Table:
    columns = [Column("listing", is_number=False)]
    rows: list[list[str]] = []
    for name, one in result.listings.items():
        found = missing_days(one["missing"])
        columns = [columns[0], *found.columns]
        rows += [[name, *row] for row in found.rows]
    return Table(columns, rows)


def _assumed(result: PublishedPortfolio) -> Iterator[str]:
    """What is assumed of listings, once where all share it."""
    told: dict[str, list[str]] = {}
    for name, one in result.listings.items():
        for line in one["assumptions"]:
            told.setdefault(line, []).append(name)
    for line, names in told.items():
        yield line if len(names) == len(result.listings) else f"{', '.join(names)}: {line}"


def _chosen(result: PublishedPortfolio) -> Table:
    """What was run, value by value."""
    rows = [pair for name in ("limits", "venue", "strategy") for pair in _flat(name, result.chosen[name])]
    return listed(("parameter", "value"), rows)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _flat(f"{name}.{inner}", one)
    else:
        yield name, "none" if value is None else str(value)


def _form(result: PublishedPortfolio) -> str:
    return money_form(result.currency)


def _money(result: PublishedPortfolio) -> Any:  # noqa: ANN401 - a function
    return lambda value: f"{signed(value, _form(result))} {result.currency}"
