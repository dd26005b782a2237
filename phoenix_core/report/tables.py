"""The tables of the page: columns with their units, and rows of text.

Pure. How they look, and that they sort, is the template's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from string import Formatter
from typing import Any

import polars as pl
from markupsafe import Markup

from phoenix_core.backtest.ledger import ROUND_TRIP_SCHEMA
from phoenix_core.instruments.specification import money_decimals, money_form
from phoenix_core.market import NS_PER_SECOND, day_from_text
from phoenix_core.report.figures import signed
from phoenix_core.report.parameters import Parameter, written
from phoenix_core.report.result import PublishedResult

_MONTHS = range(1, 13)
_KNOWN = {*ROUND_TRIP_SCHEMA, "entry_zip"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand at the right, text at the left, and prose may be broken into lines."""

    name: str
    unit: str = ""
    is_number: bool = True
    is_prose: bool = False

    @property
    def class_attribute(self) -> Markup:
        """Attribute of its cells; most are numbers, and those have none."""
        text = "t prose" if self.is_prose else "t"
        return Markup("") if self.is_number else Markup(' class="{}"').format(text)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under columns."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


def round_trips(result: PublishedResult) -> Table:
    """Every round trip, with what its strategy declares of its beginning."""
    traded = result.instrument
    money, places = traded.settlement, money_decimals(traded.settlement)
    notional = (pl.col("quantity") * pl.col("entry_price")).cast(pl.Float64)
    if traded.is_inverse:
        contracts, entry = (pl.col(name).cast(pl.Float64) for name in ("quantity", "entry_price"))
        notional = contracts * float(traded.contract_size) / entry
    return table_of(
        result.round_trips,
        {
            Column("opened", "UTC", is_number=False): clock("opened_ns"),
            Column("held", "min"): number((pl.col("closed_ns") - pl.col("opened_ns")) / (60 * NS_PER_SECOND), 1),
            Column("side", is_number=False): pl.col("side").str.to_lowercase(),
            Column("quantity", traded.quantity_unit): exact("quantity"),
            Column("entry", traded.quote): exact("entry_price"),
            Column("exit", traded.quote): number(pl.col("exit_price"), 2),
            Column("price PnL", money): number(pl.col("realized") - pl.col("slippage"), places),
            Column("slippage", money): number(pl.col("slippage"), places),
            Column("fees", money): number(pl.col("fees"), places),
            Column("funding", money): number(pl.col("funding"), places),
            Column("net", money): number(pl.col("net"), places),
            Column("net", "bp of notional"): number(1e4 * pl.col("net").cast(pl.Float64) / notional, 1),
            Column("closed by", is_number=False): pl.col("closed_by").str.to_lowercase(),
            **_annotated(result),
        },
    )


def _annotated(result: PublishedResult) -> dict[Column, pl.Expr]:
    """What the strategy declares of its round trips; of one that declares nothing, its annotations as they are."""
    declared = result.shown.round_trip_columns
    if declared:
        return {Column(one.name, is_number=one.is_number): _formatted(one.text) for one in declared}
    named = [name for name in result.round_trips.columns if name.startswith("entry_") and name not in _KNOWN]
    return {Column(name.removeprefix("entry_"), is_number=False): pl.col(name).cast(pl.String) for name in named}


def _formatted(text: str) -> pl.Expr:
    """Columns in a format; empty where one of them is."""
    names = list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(text) if name))

    def cell(row: Mapping[str, Any]) -> str:
        return "" if None in row.values() else text.format(**row)

    return pl.struct(names).map_elements(cell, return_dtype=pl.String)


def monthly_returns(equity: pl.DataFrame, hold: pl.Series | None, starting: float) -> Table:
    """Return of each month and year, with buy and hold below it, if there is one."""
    columns = [Column("year", is_number=False), *(Column(f"{month:02d}") for month in _MONTHS), Column("whole year")]
    worth = equity.select("ts", "equity", *([] if hold is None else [hold.alias("hold")]))
    shown = [("equity", ""), *([] if hold is None else [("hold", ", buy and hold")])]
    ends = worth.group_by(pl.from_epoch("ts", "ns").dt.strftime("%Y-%m").alias("month"), maintain_order=True).last()
    months: list[str] = ends["month"].to_list()
    rows = []
    before = {"equity": starting, "hold": starting}
    for year, ofyear in groupby(months, key=lambda month: month[:4]):
        told = list(ofyear)
        for name, of_what in shown:
            found = dict(
                ends.filter(pl.col("month").is_in(told)).select("month", pl.col(name).cast(pl.Float64)).iter_rows()
            )
            rows.append([f"{year}{of_what}", *_changes(year, found, before[name])])
            before[name] = found[told[-1]]
    return Table(columns, rows)


def capacity_table(result: PublishedResult) -> Table:
    """What was earned at each starting balance, and how much of the market it took."""
    unit, is_inverse = result.instrument.settlement, result.instrument.is_inverse
    columns = [
        Column("starting balance", unit),
        Column("net", unit),
        Column("return"),
        Column("entries filled", "share of lots"),
        Column("of a minute's volume", "median"),
        Column("of a minute's volume", "worst"),
        Column("fills"),
    ]
    rows = [
        (
            written(one.balance) if is_inverse else f"{Decimal(one.balance):,.0f}",
            signed(Decimal(one.net), money_form(unit)) + (", insolvent" if one.insolvent else ""),
            signed(Decimal(one.net) / Decimal(one.balance), ".3%"),
            "none" if one.filled is None else f"{one.filled:.1%}",
            f"{one.share_median:.2%}",
            f"{one.share_worst:.2%}",
            f"{one.fills:,}",
        )
        for one in result.capacity
    ]
    return Table(columns, rows)


def parameter_table(chosen: Iterable[Parameter]) -> Table:
    """Parameters with value, default and meaning; what differs is marked by the template."""
    columns = [
        Column("parameter", is_number=False),
        Column("value"),
        Column("default"),
        Column("meaning", is_number=False, is_prose=True),
    ]
    rows = [(one.name, one.text(one.value), one.text(one.default), one.description) for one in chosen]
    return Table(columns, rows)


def missing_days(missing: Mapping[str, str]) -> Table:
    """Days that could not be run, those in a row with one reason together."""
    rows: list[tuple[str, str, str]] = []
    days = sorted(missing)
    order = [day_from_text(day).toordinal() - number for number, day in enumerate(days)]
    for (_, why), run in groupby(zip(days, order, strict=True), key=lambda pair: (pair[1], missing[pair[0]])):
        told = [day for day, _ in run]
        rows.append((told[0] if len(told) == 1 else f"{told[0]} to {told[-1]}", f"{len(told):,}", why))
    return Table(
        [Column("day", is_number=False), Column("days"), Column("reason", is_number=False, is_prose=True)], rows
    )


def listed(names: Sequence[str], pairs: Iterable[Sequence[str]]) -> Table:
    """A table of plain text, the last column prose."""
    columns = [Column(name, is_number=False, is_prose=name == names[-1]) for name in names]
    return Table(columns, list(pairs))


def _changes(year: str, found: Mapping[str, float], before: float) -> list[str]:
    cells, last = [], before
    for month in _MONTHS:
        value = found.get(f"{year}-{month:02d}")
        cells.append("" if value is None else signed(value / last - 1, ".2%"))
        last = last if value is None else value
    return [*cells, signed(last / before - 1, ".2%")]


def table_of(frame: pl.DataFrame, columns: Mapping[Column, pl.Expr]) -> Table:
    """A row for each row of a frame, its cells made of it."""
    cells = [value.fill_null("").alias(str(number)) for number, value in enumerate(columns.values())]
    return Table(list(columns), frame.select(cells).rows())


def clock(name: str) -> pl.Expr:
    """A time in nanoseconds, to the second."""
    return pl.from_epoch(pl.col(name) // NS_PER_SECOND, "s").dt.strftime("%Y-%m-%d %H:%M:%S")


def number(value: pl.Expr, places: int) -> pl.Expr:
    """A number with so many decimals."""
    return value.cast(pl.Float64).map_elements(lambda number: f"{number:,.{places}f}", return_dtype=pl.String)


def exact(name: str) -> pl.Expr:
    """A decimal as it is, without zeros behind it."""
    return pl.col(name).map_elements(written, return_dtype=pl.String)
