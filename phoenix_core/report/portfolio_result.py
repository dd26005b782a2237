"""A published portfolio as the report sees it, read and checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from phoenix_core.backtest.portfolio.publish import FILE
from phoenix_core.backtest.portfolio.result import LISTING
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, day_from_text
from phoenix_core.report.folder import is_made_up, table_in
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.choices import choices, in_sample

_PARTS = ("price", "slippage", "fees", "funding", "net")


@dataclass(frozen=True)
class PublishedPortfolio:
    """What was published of a portfolio.

    Attributes:
        folder: Where it lies, `backtests/<portfolio>/<day or first_last>`.
        document: `portfolio.json`.
        equity: The account at the end of each minute: ts (ns), equity, gross, net, positions, and `position`, their
            number again: exposed is a minute in which anything is held.
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

    @cached_property
    def leverage(self) -> pl.DataFrame:
        """What was held at the end of each minute by equity: ts, gross, net, and how many positions."""
        equity = pl.col("equity")
        return self.equity.select("ts", pl.col("gross") / equity, pl.col("net") / equity, "positions")

    def assumptions(self) -> list[str]:
        """What is assumed of the account, and of its listings; what all of these share is said once."""
        told: dict[str, list[str]] = {}
        for name, one in self.listings.items():
            for line in one["assumptions"]:
                told.setdefault(line, []).append(name)
        every = len(self.listings)
        lines = (line if len(names) == every else f"{', '.join(names)}: {line}" for line, names in told.items())
        return [*self.document["assumptions"], *lines]


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
        equity=tables["equity"].with_columns(pl.col("positions").alias("position")),
        fills=tables["fills"],
        round_trips=tables["positions"],
        ledger=tables["ledger"],
        is_synthetic=any(is_made_up(lake, file) for file in document["zips"]),
        in_sample=tuple(f"{name}: {one.told}" for name, one in found.items() if one),
    )


def _as_of_several(equity: pl.DataFrame) -> pl.DataFrame:
    worth = pl.col("position") * pl.col("price")
    return equity.select(
        "ts", "equity", "cash", worth.abs().alias("gross"), worth.alias("net"),
        (pl.col("position") != 0).cast(pl.Int64).alias("positions"),
    )  # fmt: skip
