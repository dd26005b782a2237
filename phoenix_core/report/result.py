"""A published result as the report sees it, read and checked; where it lies is `folder`'s business."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import polars as pl

from phoenix_core.backtest.capacity_curve import Point
from phoenix_core.backtest.envelope import Envelope
from phoenix_core.backtest.ledger import Parts
from phoenix_core.instruments.specification import Specification
from phoenix_core.instruments.table import specification
from phoenix_core.intervals.interval import Interval
from phoenix_core.market import Listing, day_from_text
from phoenix_core.strategies.contract import Shown, shown_of


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """What was published of an experiment.

    Attributes:
        folder: Where it lies, `backtests/<experiment>/<day or first_last>`.
        document: `experiment.json`.
        equity: The account at the end of each minute: ts (ns), price, position, equity.
        fills: Each fill with its decision.
        round_trips: Round trips, `TRIP_SCHEMA`.
        ledger: Every change of the account, `LEDGER_SCHEMA`.
        signals: Signals within minutes of a fill, or None with `signals_absent` saying why.
        signals_absent: Why there are none.
        capacity: What the experiment earned at other balances, smallest first; empty where that was not computed.
        envelope: The experiment over latencies and queue models; None where that was not computed.
        is_synthetic: The market was made up.
        shuffled: Net of replays with signals shuffled within each day; empty where that was not computed.
        in_sample: That some of its days were there to choose on, in a sentence; empty where none was.
    """

    folder: str
    document: Mapping[str, Any]
    equity: pl.DataFrame
    fills: pl.DataFrame
    round_trips: pl.DataFrame
    ledger: pl.DataFrame
    signals: pl.DataFrame | None = None
    signals_absent: str = ""
    is_synthetic: bool = False
    capacity: tuple[Point, ...] = ()
    envelope: Envelope | None = None
    shuffled: tuple[float, ...] = ()
    in_sample: str = ""

    @property
    def experiment(self) -> Mapping[str, Any]:
        """What was run."""
        chosen: Mapping[str, Any] = self.document["experiment"]
        return chosen

    @property
    def chosen(self) -> Mapping[str, Any]:
        """The same, as it is called of any account."""
        return self.experiment

    @property
    def currency(self) -> str:
        """Currency of every amount."""
        return self.instrument.settlement

    @property
    def shown(self) -> Shown:
        """What is shown of its strategy besides what is shown of any."""
        return shown_of(self.experiment["strategy"])

    @property
    def name(self) -> str:
        """Short identity of the experiment, whatever its range."""
        return PurePath(self.folder).parts[-2]

    @property
    def instrument(self) -> Specification:
        """What was traded; its currencies are those of the figures."""
        return specification(Listing.parse(self.experiment["listing"]), day_from_text(self.experiment["first"]))

    @property
    def starting(self) -> Decimal:
        """Balance at the start."""
        return Decimal(self.experiment["venue"]["starting_balance"])

    @property
    def parts(self) -> Mapping[str, Decimal]:
        """Price PnL, slippage, fees, funding, and their sum net."""
        names = [*(part.name for part in fields(Parts)), "net"]
        return {name: Decimal(self.document["parts"][name]) for name in names}

    @property
    def interval(self) -> Interval | None:
        """Bounds of net where quotes were implied; None: they were published, or an earlier release made the result."""
        found = self.document.get("interval")
        return Interval.parse(found) if found else None

    @property
    def span(self) -> str:
        """First and last day as people write it."""
        first, last = self.experiment["first"], self.experiment["last"]
        return str(first) if first == last else f"{first} to {last}"
