"""The Phoenix strategy without NautilusTrader's engine: the same decisions at the same events, on a plain desk.

`strategy.py` is the strategy; this is what it does of it in replay over arrays, and tests hold both to the same orders.
What is decided is `decisions.py`, for both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, Self

import polars as pl
from nautilus_trader.model.instruments import Instrument

from phoenix_core.catalog.instruments import largest_position
from phoenix_core.execution.decisions import Annotation, annotations_of
from phoenix_core.execution.holding import Payoff, payoff_of_instrument
from phoenix_core.strategies.phoenix.decisions import (
    annotated,
    entry_price,
    entry_quantity,
    entry_rows,
    exit_rows,
    in_steps,
    is_exit,
    price_below_sale,
    qualifies,
    within,
)
from phoenix_core.strategies.phoenix.parameters import EntryReference, StrategyParameters
from phoenix_core.strategies.signal_tick import SignalTick

_REMEMBERED = 16_384  # a day of buckets of a million


class Ended(Protocol):
    """An order as its end is told."""

    id: str
    is_reduce_only: bool

    @property
    def left(self) -> int:
        """Lots that were not filled."""

    @property
    def was_cancelled(self) -> bool:
        """Whether a cancellation ended it."""


Annotations = tuple[tuple[str, Annotation], ...]


class Desk(Protocol):
    """Where a trader sends orders and looks things up."""

    @property
    def now(self) -> int:
        """Nanoseconds."""

    @property
    def position(self) -> Decimal:
        """Base units held."""

    @property
    def equity(self) -> Decimal:
        """Balance in quote units."""

    def quote(self) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask that are seen."""

    def last_sale(self) -> Decimal | None:
        """Price of the last sale by an aggressor that is seen."""

    def buy_as_maker(
        self, quantity: Decimal, price: Decimal, annotations: Annotations, named: Callable[[str], None]
    ) -> None:
        """Send a post-only limit order; its name is told before it goes."""

    def sell_at_market(self, quantity: Decimal, annotations: Annotations) -> None:
        """Send an order that closes the position."""

    def cancel(self, name: str) -> None:
        """Send a cancellation, unless the order has ended or one is on its way."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is asked of the instrument at each entry.

    Attributes:
        tick: Of prices.
        step: Of quantities.
        largest: Notional by equity that the initial margin allows.
        largest_position: Notional at which the exchange stops; None: nowhere.
        least: Notional of an order.
        payoff: How quantities become money.
    """

    tick: Decimal
    step: Decimal
    largest: Decimal
    largest_position: Decimal | None
    least: Decimal
    payoff: Payoff

    @classmethod
    def of(cls, traded: Instrument) -> Self:
        return cls(
            traded.price_increment.as_decimal(),
            traded.size_increment.as_decimal(),
            1 / traded.margin_init,
            largest_position(traded),
            traded.min_notional.as_decimal(),
            payoff_of_instrument(traded),
        )


@lru_cache(maxsize=_REMEMBERED)
def _annotations(signal: SignalTick | None) -> Annotations:
    """The signal of an order, as its tags are read; the same one for all experiments that are given the same signal."""
    return annotations_of(annotated(signal) or [])


@dataclass(slots=True)
class PhoenixTrader:
    """State and reactions of the strategy.

    Attributes:
        chosen: Parameters.
        instrument: What is traded.
        desk: Where its orders go.
        rest_since_ns: Since when an exit lacks something, which is sent again with the next quote; None: nothing lacks.
        timeout_ns: When the working entry is to be cancelled; None: no entry works.
        last_signal: Gives the last signal that was known.
    """

    chosen: StrategyParameters
    instrument: Instrument
    desk: Desk
    last_signal: Callable[[], SignalTick | None]
    rest_since_ns: int | None = None
    timeout_ns: int | None = None
    entry: str | None = None
    exit: str | None = None
    _exit_signal: SignalTick | None = None
    _timed_out: bool = False
    _terms: _Terms = field(init=False)

    def __post_init__(self) -> None:
        self._terms = _Terms.of(self.instrument)

    @property
    def is_idle(self) -> bool:
        """Whether it may enter: nothing is held, and no order works."""
        return self.entry is None and self.exit is None and self.desk.position == 0

    def acts_on(self, signals: pl.DataFrame) -> tuple[list[int], list[int]]:
        """Rows that it enters on when idle, and that it leaves on."""
        return entry_rows(self.chosen, signals), exit_rows(self.chosen, signals)

    def on_signal(self, signal: SignalTick) -> None:
        """Leave or enter."""
        if is_exit(self.chosen, signal):
            self._leave(signal)
        else:
            self._perhaps_enter(signal)

    def on_quote(self) -> None:
        """Send again what an exit left, on a quote later than it."""
        self._leave(self._exit_signal)

    def on_sent(self, name: str, *, is_reduce_only: bool) -> None:
        """Know every order that closes the position, whoever sends it."""
        if is_reduce_only:
            self.exit = name
            self.rest_since_ns = None

    def on_ended(self, order: Ended, now: int) -> None:
        """Free an order's place."""
        if order.id == self.entry:
            self.entry = self.timeout_ns = None
            if self._timed_out and self.chosen.requote and order.was_cancelled:
                signal = self.last_signal()
                if signal is not None:
                    self._perhaps_enter(signal)
        elif order.id == self.exit:
            self.exit = None
            self.rest_since_ns = now if order.left > 0 else None

    def on_timeout(self) -> None:
        """Withdraw the entry that has worked too long."""
        self.timeout_ns = None
        if self.entry is not None:
            self._timed_out = True
            self.desk.cancel(self.entry)

    def _leave(self, signal: SignalTick | None) -> None:
        if self.entry is not None:
            self.desk.cancel(self.entry)
        self.rest_since_ns = None
        position = self.desk.position
        if position == 0 or self.exit is not None:
            return
        self._exit_signal = signal
        self.desk.sell_at_market(position, _annotations(signal))

    def _perhaps_enter(self, signal: SignalTick) -> None:
        if self.is_idle and qualifies(self.chosen, signal):
            self._enter(signal)

    def _enter(self, signal: SignalTick) -> None:
        price, terms = self._limit(), self._terms
        if price <= 0:
            return
        wanted = entry_quantity(self.chosen, signal.rv, self.desk.equity, price, terms.largest, terms.payoff)
        quantity = in_steps(within(terms.largest_position, wanted, price), terms.step)
        if quantity <= 0 or terms.payoff.notional(quantity, price) < terms.least:
            return
        self._timed_out = False
        self.timeout_ns = self.desk.now + int(self.chosen.entry_timeout_secs * 1e9)
        self.desk.buy_as_maker(quantity, price, _annotations(signal), self._entering)

    def _limit(self) -> Decimal:
        """Limit of an entry; not above zero where what it is measured from is not known."""
        tick = self._terms.tick
        if self.chosen.entry_reference is EntryReference.LAST_SELL:
            sale = self.desk.last_sale()
            return Decimal(0) if sale is None else price_below_sale(self.chosen, sale, tick)
        seen = self.desk.quote()
        return Decimal(0) if seen is None else entry_price(self.chosen, *seen, tick)

    def _entering(self, name: str) -> None:
        self.entry = name
