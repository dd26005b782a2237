"""The page of a portfolio: the account, each listing, and what was held when; in the look of a backtest's."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import polars as pl

from phoenix_core.backtest.portfolio.result import LISTING
from phoenix_core.instruments.specification import money_form
from phoenix_core.report.account import AccountFigures, Headline, Notice
from phoenix_core.report.figures import moment, signed
from phoenix_core.report.page import ROWS_SHOWN, environment, identities, inlined, intervals_table, parts_table
from phoenix_core.report.portfolio_charts import portfolio_charts
from phoenix_core.report.portfolio_result import PublishedPortfolio, portfolio_in
from phoenix_core.report.tables import (
    Column,
    Table,
    clock,
    exact,
    listed,
    missing_days,
    monthly_returns,
    number,
    table_of,
)
from phoenix_core.storage.lake import Lake

_PARTS = ("price", "slippage", "fees", "funding", "net")
_SECTIONS = ("limits", "venue", "strategy", "strategy_of")
_MINUTES = 60 * 1_000_000_000


class _Figures(AccountFigures[PublishedPortfolio]):
    """Figures of a portfolio's account."""

    def headlines(self) -> list[Headline]:
        """Those of any account but buy and hold, how much it held, and what it did not let in."""
        leverage = self.result.leverage
        largest, most = (max(leverage[name], default=0) for name in ("gross", "positions"))
        refused = sum(count for one in self.result.listings.values() for count in one["refused"].values())
        return [
            self.net(),
            self.gain(),
            self.drawdown(),
            *self.rest(),
            Headline("Most at once", f"{largest:.2f} × equity", f"gross; {most} positions"),
            Headline("Entries refused", f"{refused:,}", "beyond the limits of the account"),
        ]

    def figures(self) -> list[tuple[str, str, str]]:
        """Every statistic, and what else was counted."""
        listings = self.result.listings.values()
        closed, excluded = (sum(one[name] for one in listings) for name in ("closed_at_end", "excluded_seconds"))
        return [*self.counted(), *self.ended(closed, excluded)]


def portfolio_page(lake: Lake, location: str) -> str:
    """Compose the page of a published portfolio: HTML with everything inlined, equal for equal results.

    Raises:
        InputMissing: There is none.
        CatalogCorrupt: A table is not what was published.
    """
    result = portfolio_in(lake, location)
    found = _Figures(result)
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
            days_asked=found.days_asked,
            notices=list(_notices(result, found.days_asked)),
            headlines=found.headlines(),
            listings=_by_listing(result),
            parts=parts_table(found),
            assumptions=result.assumptions(),
            panels=panels,
            round_trips=_trips(result),
            figures=listed(("figure", "value", "meaning"), found.figures()),
            intervals=intervals_table(found),
            uncertainty_note=found.uncertainty.told(),
            months=monthly_returns(result.equity, None, float(result.starting)),
            missing=_missing(result),
            identities=identities(document),
            chosen=_chosen(result),
            rows_shown=ROWS_SHOWN,
        )
    )


def _notices(result: PublishedPortfolio, days_asked: int) -> Iterator[Notice]:
    if result.is_synthetic:
        yield Notice("Synthetic data: this market was made up by Phoenix, nothing in it was ever traded.")
    for told in result.in_sample:
        yield Notice(told, is_grave=True)
    if result.document["ruined_ns"]:
        when = moment(result.document["ruined_ns"])
        yield Notice(f"The account was worth nothing at {when}: what follows it means nothing.", is_grave=True)
    for name, one in result.listings.items():
        if one["missing"]:
            yield Notice(f"{name}: {len(one['missing'])} of {days_asked} days could not be run.")


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
    won = sum(count for _, _, count in of_trips.values())
    counts = [f"{len(result.document['days']):,}", f"{trips.height:,}", f"{won:,}", f"{result.fills.height:,}"]
    hours = sum(minutes for minutes, _, _ in of_trips.values()) / 60
    most = max((most for _, most, _ in of_trips.values()), default=0.0)
    refused = f"{sum(count for one in result.listings.values() for count in one['refused'].values()):,}"
    rows.append(["all", *counts, *totals, f"{hours:,.1f}", f"{most:,.0f}", refused])
    return Table(columns, rows)


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


def _missing(result: PublishedPortfolio) -> Table:
    columns = [Column("listing", is_number=False)]
    rows: list[list[str]] = []
    for name, one in result.listings.items():
        found = missing_days(one["missing"])
        columns = [columns[0], *found.columns]
        rows += [[name, *row] for row in found.rows]
    return Table(columns, rows)


def _chosen(result: PublishedPortfolio) -> Table:
    """What was run, value by value."""
    rows = [pair for name in _SECTIONS for pair in _flat(name, result.chosen.get(name, {}))]
    return listed(("parameter", "value"), rows)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _flat(f"{name}.{inner}", one)
    else:
        yield name, "none" if value is None else str(value)


def _form(result: PublishedPortfolio) -> str:
    return money_form(result.currency)
