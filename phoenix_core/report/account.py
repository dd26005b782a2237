"""What any account came to, that of one listing or of several: the figures that their pages share.

Pure: from published tables to text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

import polars as pl

from phoenix_core.instruments.specification import money_form
from phoenix_core.report.figures import signed
from phoenix_core.report.metrics import Statistics, figures, hourly_returns, statistics
from phoenix_core.report.uncertainty import LEVEL, Uncertainty, uncertainty

_WITH_INTERVAL = ("sharpe", "max_drawdown", "expectancy")


class Account(Protocol):
    """What was published of an account: see `PublishedResult` and `PublishedPortfolio`."""

    @property
    def document(self) -> Mapping[str, Any]:
        """What stands beside its tables."""

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What was run."""

    @property
    def currency(self) -> str:
        """Of its amounts."""

    @property
    def starting(self) -> Decimal:
        """Balance at the start."""

    @property
    def parts(self) -> Mapping[str, Decimal]:
        """Of the PnL."""

    @property
    def equity(self) -> pl.DataFrame:
        """By minute: ts, equity, position."""

    @property
    def fills(self) -> pl.DataFrame:
        """Of all orders."""

    @property
    def round_trips(self) -> pl.DataFrame:
        """From flat to flat."""

    @property
    def ledger(self) -> pl.DataFrame:
        """Every change."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure that is seen first.

    Attributes:
        name: What it is.
        text: The figure with its unit.
        note: What it is measured by, or against.
        tone: `gain`, `loss` or nothing.
    """

    name: str
    text: str
    note: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must know before the figures; `is_grave` where they mean nothing without it."""

    text: str
    is_grave: bool = False


@dataclass(frozen=True)
class AccountFigures[Published: Account]:
    """Figures of an account.

    Attributes:
        result: What was published of it.
    """

    result: Published

    @cached_property
    def statistics(self) -> Statistics:
        """See `metrics`."""
        return statistics(self.result.equity, self.result.round_trips)

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """See `uncertainty`."""
        return uncertainty(self.result.equity, self.result.round_trips, self.result.document["identity"])

    @property
    def currency(self) -> str:
        """Currency of every amount."""
        return self.result.currency

    @property
    def form(self) -> str:
        """How amounts are written."""
        return money_form(self.currency)

    def money(self, value: Decimal | float) -> str:
        """Write a gain or a loss with its currency."""
        return f"{signed(value, self.form)} {self.currency}"

    @property
    def days_asked(self) -> int:
        """Days of the range."""
        first, last = (date.fromisoformat(self.result.chosen[name]) for name in ("first", "last"))
        return (last - first).days + 1

    def net(self, interval: str = "") -> Headline:
        """Net PnL; an interval is said before what it is after."""
        net = self.result.parts["net"]
        return Headline(
            "Net PnL", self.money(net), f"{interval}after fees and funding{self._loss_likely()}", tone_of(net)
        )

    def gain(self) -> Headline:
        """Net by the balance at the start."""
        net, starting = self.result.parts["net"], self.result.starting
        note = f"of the starting balance, {format(starting, self.form)} {self.currency}"
        return Headline("Return", signed(net / starting, ".2%"), note, tone_of(net))

    def drawdown(self, besides: str = "") -> Headline:
        """The largest fall of its equity."""
        note = f"{self._between('max_drawdown')}from a high, by minute{besides}"
        return Headline("Max drawdown", self.statistic("max_drawdown"), note)

    def rest(self) -> list[Headline]:
        """Sharpe, exposure, fees, funding."""
        parts, hours = self.result.parts, hourly_returns(self.result.equity).len()
        likely = self.statistic("probabilistic_sharpe")
        note = f"{self._between('sharpe')}from {hours:,} hourly returns; chance that it is above 0: {likely}"
        return [
            Headline("Sharpe, annualized", self.statistic("sharpe"), note),
            Headline(
                "Exposure", self.statistic("exposure"), f"of minutes; {self.statistics.round_trips:,} round trips"
            ),
            Headline("Fees", self.money(parts["fees"]), self._makers()),
            Headline("Funding", self.money(parts["funding"]), self._settlements()),
        ]

    def parts(self) -> list[tuple[str, str, str]]:
        """Parts of the PnL and the balances: name, amount, share of the starting balance."""
        starting, final = self.result.starting, Decimal(str(self.result.document["final_balance"]))
        rows = [
            (name, signed(value, self.form), signed(value / starting, ".3%"))
            for name, value in self.result.parts.items()
        ]
        ends = [
            (f"{name} balance", format(value, self.form), "")
            for name, value in (("starting", starting), ("final", final))
        ]
        return [ends[0], *rows, ends[1]]

    def counted(self) -> list[tuple[str, str, str]]:
        """Every statistic: name, value, meaning."""
        return [(figure.name, self.statistic(name), figure.meaning) for name, figure in figures().items()]

    def ended(self, closed_at_end: int, excluded_seconds: float) -> list[tuple[str, str, str]]:
        """How its orders and its range ended, likewise."""
        orders = ", ".join(f"{count:,} {end.lower()}" for end, count in self.result.document["orders"].items())
        return [
            ("orders", orders or "none", "By how they ended."),
            ("fills at the end", f"{closed_at_end:,}", "Forced by the end of the range."),
            ("excluded", f"{excluded_seconds / 3600:,.1f} h", "Gaps without trades, and until entries resumed."),
        ]

    def intervals(self) -> list[tuple[str, str, str]]:
        """Figures with their intervals: name, value, interval; empty where no interval can be given."""
        found = self.uncertainty
        if found.why_none:
            return []
        known = figures()
        rows = [
            (
                f"{known[name].name}, {self.currency}" if known[name].is_money else known[name].name,
                known[name].text(getattr(self.statistics, name), self.currency),
                self._interval(name),
            )
            for name in _WITH_INTERVAL
        ]
        return [*rows, ("probability of a loss", f"{found.probability_of_loss:.1%}", "")]

    def statistic(self, name: str) -> str:
        """A figure with its unit."""
        figure, value = figures()[name], getattr(self.statistics, name)
        text = figure.text(value, self.currency)
        return f"{text} {self.currency}" if figure.is_money and value is not None else text

    def _interval(self, name: str) -> str:
        found = getattr(self.uncertainty, name)
        if found is None:
            return "none"
        low, high = (figures()[name].text(end, self.currency) for end in (found.low, found.high))
        return f"{low} to {high}"

    def _between(self, name: str) -> str:
        found = getattr(self.uncertainty, name)
        return "" if found is None else f"{LEVEL:.0%} interval {self._interval(name)}; "

    def _loss_likely(self) -> str:
        likely = self.uncertainty.probability_of_loss
        return "" if likely is None else f"; probability of a loss over as many days: {likely:.0%}"

    def _makers(self) -> str:
        fills = self.result.fills
        makers = fills.filter(pl.col("liquidity") == "MAKER").height
        return f"{fills.height:,} fills, {makers:,} of them as maker"

    def _settlements(self) -> str:
        settled = self.result.ledger.filter(pl.col("kind") == "funding").height
        charged = self.result.chosen["venue"].get("funding", True)
        return f"{settled:,} settlements while in a position" if charged else "not charged in this experiment"


def tone_of(value: Decimal | float) -> str:
    """The tone of a headline with a value."""
    return "gain" if value > 0 else "loss" if value < 0 else ""
