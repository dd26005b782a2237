"""What a result comes to, in figures that are ready to be shown: headlines, notices, statistics.

Pure: from a published result to text. How it looks is the template's business.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import polars as pl

from phoenix_core.instruments.specification import money_form
from phoenix_core.report.account import AccountFigures, Headline, Notice, tone_of
from phoenix_core.report.baselines import Baselines, Draws, baselines
from phoenix_core.report.figures import moment, signed
from phoenix_core.report.metrics import buy_and_hold, figures, max_drawdown
from phoenix_core.report.result import PublishedResult


@dataclass(frozen=True)
class Summary(AccountFigures[PublishedResult]):
    """Figures of a result."""

    @cached_property
    def hold(self) -> pl.Series:
        """Buy and hold over the minutes of the equity curve."""
        instrument = self.result.instrument
        return buy_and_hold(self.result.equity, float(self.result.starting), is_inverse=instrument.is_inverse)

    def headlines(self) -> list[Headline]:
        """Net, return, buy and hold, drawdown, Sharpe, exposure, fees, funding."""
        return [
            self.net(self._net_between()),
            self.gain(),
            self._held(float(self.result.starting)),
            self.drawdown(f"; buy and hold {self._drawdown_held}"),
            *self.rest(),
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

    def parts(self) -> list[tuple[str, str, str]]:
        """Parts of the PnL and the balances: name, amount, share of the starting balance."""
        kept = self.result.document.get("balances", {})
        return [*super().parts(), *((f"there of {name}", amount, "") for name, amount in kept.items())]

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
        document = self.result.document
        return [
            *self.counted(),
            ("drawdown of buy and hold", self._drawdown_held, "The same of buy and hold."),
            *self.ended(document["closed_at_end"], document["excluded_seconds"]),
        ]

    @cached_property
    def _baselines(self) -> Baselines:
        result = self.result
        return baselines(result.equity, result.round_trips, float(result.starting), result.instrument, result.shuffled)

    def baselines(self) -> list[tuple[str, str, str, str, str]]:
        """What would have been earned without the signals: name, net, nine tenths of them, gained less, meaning."""
        found, share = self._baselines, "as the result paid on average"
        rows = [("buy and hold", signed(found.held_net, self.form), "", "", f"With the same balance; fees {share}.")]
        if found.random is not None:
            what = "Round trips with its holding times, sizes and costs, at random minutes"
            rows.append(self._drawn("random entries", found.random, what))
        if found.shuffled is not None:
            what = "Replays of the strategy with its signals shuffled within each day"
            rows.append(self._drawn("shuffled signals", found.shuffled, what))
        return rows

    def _drawn(self, name: str, drawn: Draws, what: str) -> tuple[str, str, str, str, str]:
        low, median, high = (signed(value, self.form) for value in (drawn.low, drawn.median, drawn.high))
        return name, median, f"{low} to {high}", f"{drawn.rank:.0%}", f"{what}; {drawn.draws:,} draws."

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


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
