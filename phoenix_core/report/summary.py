"""What a result comes to, in figures that are ready to be shown: headlines, notices, statistics.

Pure: from a published result to text. How it looks is the template's business.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

import polars as pl

from phoenix_core.instruments.specification import money_form
from phoenix_core.report.baselines import Baselines, Draws, baselines
from phoenix_core.report.figures import moment, signed
from phoenix_core.report.metrics import Statistics, buy_and_hold, figures, hourly_returns, max_drawdown, statistics
from phoenix_core.report.result import PublishedResult
from phoenix_core.report.uncertainty import LEVEL, Uncertainty, uncertainty

_HEADLINE = ("max_drawdown", "sharpe", "exposure")
_WITH_INTERVAL = ("sharpe", "max_drawdown", "expectancy")


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
class Summary:
    """Figures of a result.

    Attributes:
        result: The published result.
    """

    result: PublishedResult

    @cached_property
    def statistics(self) -> Statistics:
        """See `metrics`."""
        return statistics(self.result.equity, self.result.round_trips)

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """See `uncertainty`."""
        return uncertainty(self.result.equity, self.result.round_trips, self.result.document["identity"])

    @cached_property
    def hold(self) -> pl.Series:
        """Buy and hold over the minutes of the equity curve."""
        instrument = self.result.instrument
        return buy_and_hold(self.result.equity, float(self.result.starting), is_inverse=instrument.is_inverse)

    @property
    def currency(self) -> str:
        """Currency of every amount."""
        return self.result.instrument.settlement

    @property
    def _form(self) -> str:
        return money_form(self.currency)

    def money(self, value: Decimal | float) -> str:
        """Write a gain or a loss with its currency."""
        return f"{signed(value, self._form)} {self.currency}"

    def headlines(self) -> list[Headline]:
        """Net, return, buy and hold, drawdown, Sharpe, exposure, fees, funding."""
        parts, starting = self.result.parts, self.result.starting
        drawdown, sharpe, exposure = (self._statistic(name) for name in _HEADLINE)
        hours = hourly_returns(self.result.equity).len()
        likely = self._statistic("probabilistic_sharpe")
        return [
            Headline(
                "Net PnL",
                self.money(parts["net"]),
                f"{self._net_between()}after fees and funding{self._loss_likely()}",
                tone_of(parts["net"]),
            ),
            Headline(
                "Return",
                signed(parts["net"] / starting, ".2%"),
                f"of the starting balance, {format(starting, self._form)} {self.currency}",
                tone_of(parts["net"]),
            ),
            self._held(float(starting)),
            Headline(
                "Max drawdown",
                drawdown,
                f"{self._between('max_drawdown')}from a high, by minute; buy and hold {self._drawdown_held}",
            ),
            Headline(
                "Sharpe, annualized",
                sharpe,
                f"{self._between('sharpe')}from {hours:,} hourly returns; chance that it is above 0: {likely}",
            ),
            Headline("Exposure", exposure, f"of minutes; {self.statistics.round_trips:,} round trips"),
            Headline("Fees", self.money(parts["fees"]), self._makers()),
            Headline("Funding", self.money(parts["funding"]), self._settlements()),
            *self._in_quote(),
        ]

    def notices(self) -> list[Notice]:
        """Made-up data, days that were chosen on, ruin, missing days: what changes how every figure is read."""
        document, found = self.result.document, []
        if self.result.is_synthetic:
            found.append(Notice("Synthetic data: this market was made up by Phoenix, nothing in it was ever traded."))
        if self.result.in_sample:
            found.append(Notice(self.result.in_sample, is_grave=True))
        if interval := self.result.interval:
            text = f"{_sentence(interval.told(self.currency))} {_sentence(interval.calibrated())}"
            found.append(Notice(text, is_grave=not interval.excludes_zero))
        if envelope := self.result.envelope:
            found.append(Notice(_sentence(envelope.told(self.currency)), is_grave=not envelope.excludes_zero))
        if document.get("ruined_ns"):
            text = f"The account was worth nothing at {moment(document['ruined_ns'])}: what follows it means nothing."
            found.append(Notice(text, is_grave=True))
        if document["missing"]:
            days = len(document["missing"])
            text = f"{days} of {self.days_asked} days could not be run; the account is carried over them."
            found.append(Notice(text))
        return found

    @property
    def days_asked(self) -> int:
        """Days of the range."""
        first, last = (date.fromisoformat(self.result.experiment[name]) for name in ("first", "last"))
        return (last - first).days + 1

    def parts(self) -> list[tuple[str, str, str]]:
        """Parts of the PnL and the balances: name, amount, share of the starting balance."""
        starting, final = self.result.starting, Decimal(str(self.result.document["final_balance"]))
        form = self._form
        rows = [
            (name, signed(value, form), signed(value / starting, ".3%")) for name, value in self.result.parts.items()
        ]
        ends = [
            (f"{name} balance", format(value, form), "") for name, value in (("starting", starting), ("final", final))
        ]
        kept = self.result.document.get("balances", {})
        return [ends[0], *rows, ends[1], *((f"there of {name}", amount, "") for name, amount in kept.items())]

    def parts_in_quote(self) -> list[tuple[str, str]]:
        """The same at the prices of each change, with what the coins gained by being held; empty where none are."""
        found = {name: Decimal(value) for name, value in self.result.document.get("in_quote", {}).items()}
        form = money_form(self.result.instrument.quote)
        rows = [
            (name.replace("_", " "), format(value, form) if name.endswith("balance") else signed(value, form))
            for name, value in found.items()
        ]
        return sorted(rows, key=lambda row: row[0] != "starting balance")

    def figures(self) -> list[tuple[str, str, str]]:
        """Every statistic, and what else was counted: name, value, meaning."""
        document, known = self.result.document, figures()
        rows = [(figure.name, self._statistic(name), figure.meaning) for name, figure in known.items()]
        orders = ", ".join(f"{count:,} {end.lower()}" for end, count in document["orders"].items())
        return [
            *rows,
            ("drawdown of buy and hold", self._drawdown_held, "The same of buy and hold."),
            ("orders", orders or "none", "By how they ended."),
            ("fills at the end", f"{document['closed_at_end']:,}", "Forced by the end of the range."),
            (
                "excluded",
                f"{document['excluded_seconds'] / 3600:,.1f} h",
                "Gaps without trades, and until entries resumed.",
            ),
        ]

    @cached_property
    def _baselines(self) -> Baselines:
        result = self.result
        return baselines(result.equity, result.round_trips, float(result.starting), result.instrument, result.shuffled)

    def baselines(self) -> list[tuple[str, str, str, str, str]]:
        """What would have been earned without the signals: name, net, nine tenths of them, gained less, meaning."""
        found, share = self._baselines, "as the result paid on average"
        rows = [("buy and hold", signed(found.held_net, self._form), "", "", f"With the same balance; fees {share}.")]
        if found.random is not None:
            what = "Round trips with its holding times, sizes and costs, at random minutes"
            rows.append(self._drawn("random entries", found.random, what))
        if found.shuffled is not None:
            what = "Replays of the strategy with its signals shuffled within each day"
            rows.append(self._drawn("shuffled signals", found.shuffled, what))
        return rows

    def _drawn(self, name: str, drawn: Draws, what: str) -> tuple[str, str, str, str, str]:
        low, median, high = (signed(value, self._form) for value in (drawn.low, drawn.median, drawn.high))
        return name, median, f"{low} to {high}", f"{drawn.rank:.0%}", f"{what}; {drawn.draws:,} draws."

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

    def _statistic(self, name: str) -> str:
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

    def _net_between(self) -> str:
        interval = self.result.interval
        return f"in {interval.text()} by trades alone; " if interval else ""

    def _held(self, starting: float) -> Headline:
        gained = self.hold[-1] - starting if self.hold.len() else 0.0
        what = "contracts for the balance, " if self.result.instrument.is_inverse else ""
        note = f"{self.money(gained)}, {what}unlevered, without fees or funding"
        return Headline("Buy and hold", signed(gained / starting, ".2%"), note, tone_of(gained))

    def _in_quote(self) -> list[Headline]:
        """What trading gained in quote units, where amounts are coins."""
        found = self.result.document.get("in_quote")
        if not found:
            return []
        unit = self.result.instrument.quote
        net, form = Decimal(found["net"]), money_form(unit)
        note = f"each change at its own price; holding the coins gained {signed(Decimal(found['revaluation']), form)}"
        return [Headline(f"Net PnL in {unit}", f"{signed(net, form)} {unit}", f"{note} {unit} besides", tone_of(net))]

    @cached_property
    def _drawdown_held(self) -> str:
        hold = self.result.equity.select("ts", self.hold.alias("equity"))
        return figures()["max_drawdown"].text(max_drawdown(hold))

    def _makers(self) -> str:
        fills = self.result.fills
        makers = fills.filter(pl.col("liquidity") == "MAKER").height
        return f"{fills.height:,} fills, {makers:,} of them as maker"

    def _settlements(self) -> str:
        settled = self.result.ledger.filter(pl.col("kind") == "funding").height
        charged = self.result.experiment["venue"].get("funding", True)
        return f"{settled:,} settlements while in a position" if charged else "not charged in this experiment"


def tone_of(value: Decimal | float) -> str:
    """The tone of a headline with a value."""
    return "gain" if value > 0 else "loss" if value < 0 else ""


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
