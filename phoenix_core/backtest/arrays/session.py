"""One experiment over days of columns: goes from one event that matters to the next.

Events of an instant come in the engine's order: trades and quotes, what the exchange settles (behind the first of
them), the end of the session, signals, then arrivals and timeouts. Between events ticks pass as `execution.passing`
says; signals that the trader would not act on, and marks far from the margin, are not looked at.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import polars as pl
from nautilus_trader.model.instruments import Instrument

from phoenix_core.backtest.arrays.account import Account
from phoenix_core.backtest.arrays.desk import Desk
from phoenix_core.backtest.arrays.dues import Dues
from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.venue import conditions, fill_rule
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.tape import Place, Tape
from phoenix_core.strategies.contract import Trader
from phoenix_core.strategies.signal_tick import SignalTick


class Phase(IntEnum):
    """What comes after what within an instant."""

    TICK = 0
    DUE = 1
    SESSION_END = 2
    SIGNAL = 3
    TIMER = 4
    DAY_END = 5


class Event(NamedTuple):
    """The next thing that matters: when, behind what of the tape, which kind, and what is done."""

    ts: int
    place: Place
    phase: Phase
    act: Callable[[], None]


@dataclass(slots=True)
class Signals:
    """A day's signals, and the rows that a trader would act on.

    Attributes:
        frame: `signals.table.SIGNAL_COLUMNS` and `entries_blocked`.
        ts: Of each row.
        entries: Rows to enter on when idle.
        exits: Rows to leave on.
        known: How many rows the trader has got.
    """

    frame: pl.DataFrame
    ts: list[int]
    entries: list[int]
    exits: list[int]
    known: int = 0

    def tick(self, row: int) -> SignalTick:
        """A row as the strategy gets it."""
        return SignalTick(self.frame.row(row, named=True))


class Session:
    """An experiment on its way through its days.

    Args:
        instrument: What is traded, as the venue's settings have it.
        trader: Makes what decides, of instrument, desk and a look at the last signal.
        venue: The exchange's.
        closing_ns: How long before the end of the last day the session ends for good, and twice that at first.
        quotes_implied: Quotes were implied from trades.

    Attributes:
        events: How many were looked at.
    """

    def __init__(
        self,
        instrument: Instrument,
        trader: Callable[[Instrument, Desk, Callable[[], SignalTick | None]], Trader],
        venue: VenueParameters,
        closing_ns: int,
        *,
        quotes_implied: bool,
    ) -> None:
        self.account = Account(instrument, venue.starting_balance)
        self.desk = Desk(
            instrument, fill_rule(instrument, venue, quotes_implied=quotes_implied), conditions(venue), self.account
        )
        self.dues = Dues(self.account, venue.liquidation_fee if venue.liquidation else None)
        self.trader = trader(instrument, self.desk, self._last_signal)
        self.desk.trader = self.trader
        self.events = 0
        self._closing_ns = closing_ns
        self._signals = Signals(pl.DataFrame(), [], [], [])
        self._before: SignalTick | None = None
        self._ends: list[int] = []

    @property
    def is_flat(self) -> bool:
        """Nothing is held and no order is unfinished."""
        return not self.account.lots and not self.desk.working

    def day(self, inputs: DayInputs, tape: Tape, *, ends_session: bool) -> None:
        """Go through a day; its tape has the last quote before it in front, where there was one."""
        self._before = self._last_signal()
        frame = inputs.signals
        self._signals = Signals(frame, frame["ts_init"].to_list(), *self.trader.acts_on(frame))
        self.desk.begin(tape, inputs.depth, inputs.largest)
        self.account.begin(inputs.brackets)
        self.dues.begin(inputs.funding, inputs.marks)
        twice = (inputs.end_ns - 2 * self._closing_ns, inputs.end_ns - self._closing_ns)
        self._ends = list(twice) if ends_session else []
        while self._go(event := self._next(tape, inputs.end_ns)) or event.phase is not Phase.DAY_END:
            pass

    def _next(self, tape: Tape, end_ns: int) -> Event:
        """The next event, seen from the present state."""
        found = [Event(end_ns, tape.at(end_ns), Phase.DAY_END, self._nothing)]
        found += self._awaited_quote(tape)
        if (due := self.dues.next_ns(end_ns)) is not None:
            found.append(Event(due, tape.behind_the_first(due), Phase.DUE, lambda: self._settle(due)))
        found += [Event(end, tape.at(end), Phase.SESSION_END, self._end_session) for end in self._ends[:1]]
        if (row := self._next_signal()) is not None:
            known = self._signals.ts[row]
            found.append(Event(known, tape.at(known), Phase.SIGNAL, lambda: self._give_signal(row)))
        timers = ((self.desk.next_arrival_ns, self.desk.let_in), (self.trader.timeout_ns, self.trader.on_timeout))
        found += [Event(ts, tape.at(ts), Phase.TIMER, act) for ts, act in timers if ts is not None and ts <= end_ns]
        return min(found, key=lambda event: event[:3])

    def _go(self, event: Event) -> bool:
        """Let ticks pass up to an event, and let it happen; whether something was filled before instead."""
        tape, desk = self.desk.passage.tape, self.desk
        self.events += 1
        is_filled = desk.go_to(event.place)
        if not is_filled:
            desk.now = event.ts
        phase = Phase.TICK if is_filled else event.phase
        counted = bisect_right if phase >= Phase.TIMER else bisect_left
        self._signals.known = max(self._signals.known, counted(self._signals.ts, desk.now))
        is_first = phase is Phase.TICK and desk.passage.place == tape.behind_the_first(desk.now)
        self.dues.pass_by(desk.now, inclusive=phase is not Phase.DUE and not is_first)
        if not is_filled:
            event.act()
        return is_filled

    def _awaited_quote(self, tape: Tape) -> list[Event]:
        """The quote with which an exit is sent again, where one is."""
        since = self.trader.rest_since_ns
        row = tape.quotes.ts.size if since is None else int(tape.quotes.ts.searchsorted(since, side="right"))
        if row == tape.quotes.ts.size:
            return []
        return [Event(int(tape.quotes.ts[row]), tape.behind_quote(row), Phase.TICK, self.trader.on_quote)]

    def _next_signal(self) -> int | None:
        """Row of the next signal that the trader would act on."""
        signals, trader = self._signals, self.trader
        chosen = [signals.entries] if trader.is_idle else []
        if not trader.is_idle or trader.rest_since_ns is not None:
            chosen.append(signals.exits)
        places = [(rows, bisect_left(rows, signals.known)) for rows in chosen]
        return min((rows[place] for rows, place in places if place < len(rows)), default=None)

    def _give_signal(self, row: int) -> None:
        self._signals.known = row + 1
        self.trader.on_signal(self._signals.tick(row))

    def _settle(self, ts: int) -> None:
        if self.dues.settle(ts):
            self._close(OrderReason.LIQUIDATION)

    def _end_session(self) -> None:
        self._ends.pop(0)
        self._close(OrderReason.SESSION_END)
        self.desk.is_open = False

    def _close(self, reason: OrderReason) -> None:
        """As `execution.closing` does: cancel what works, and close the position unless an order that does works."""
        is_closing = False
        for order in sorted(self.desk.working.values(), key=lambda order: (order.ts, order.id)):
            if order.is_reduce_only:
                is_closing = True
            else:
                self.desk.cancel(order.id)
        if self.account.lots and not is_closing:
            self.desk.sell_at_market(self.account.position, forced_by=reason)

    def _nothing(self) -> None:
        """Nothing happens at the end of a day by itself."""

    def _last_signal(self) -> SignalTick | None:
        return self._signals.tick(self._signals.known - 1) if self._signals.known else self._before
