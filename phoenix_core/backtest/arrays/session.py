"""One experiment over days of columns: goes from one event that matters to the next.

Events of an instant come in the engine's order: trades and quotes, what the exchange settles (behind the first of
them), the end of the session, signals, then arrivals and timeouts. Between events ticks pass as `execution.passing`
says; signals that the trader would not act on, and marks far from the margin, are not looked at.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

import polars as pl
from nautilus_trader.model.instruments import Instrument

from phoenix_core.backtest.arrays.account import Account
from phoenix_core.backtest.arrays.day import Day, Signals
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


# Something that may be the next that matters: when, which kind, what is done, and behind what of the tape; None: behind
# all of its instant. A plain tuple, since thousands are made for each that happens.
Event = tuple[int, Phase, Callable[[], None], Place | None]


@dataclass(slots=True)
class Acted:
    """A day's signals as a trader takes them.

    Attributes:
        signals: All of them.
        entries: Rows to enter on when idle.
        exits: Rows to leave on.
        known: How many rows the trader has got.
    """

    signals: Signals
    entries: list[int]
    exits: list[int]
    known: int = 0


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
        self._signals = Acted(Signals(pl.DataFrame()), [], [])
        self._before: SignalTick | None = None
        self._ends: list[int] = []

    @property
    def is_flat(self) -> bool:
        """Nothing is held and no order is unfinished."""
        return not self.account.lots and not self.desk.working

    def day(self, inputs: DayInputs, shared: Day, tape: Tape, *, ends_session: bool) -> None:
        """Go through a day; its tape has the last quote before it in front, where there was one."""
        self._before = self._last_signal()
        self._signals = Acted(shared.signals, *self.trader.acts_on(shared.signals.frame))
        self.desk.begin(tape, inputs.depth, inputs.largest)
        self.account.begin(inputs.brackets)
        self.dues.begin(inputs.funding, shared.marks)
        twice = (inputs.end_ns - 2 * self._closing_ns, inputs.end_ns - self._closing_ns)
        self._ends = list(twice) if ends_session else []
        while self._go(event := self._next(tape, inputs.end_ns)) or event[1] is not Phase.DAY_END:
            pass
        self.desk.end()

    def _next(self, tape: Tape, end_ns: int) -> Event:
        """The next event, seen from the present state."""
        trader, ends, never = self.trader, self._ends, end_ns + 1
        row, rest = self._next_signal(), trader.rest_since_ns
        quote = None if rest is None else self._awaited_quote(tape, rest)
        signal = never if row is None else self._signals.signals.ts[row]
        shown = never if quote is None else int(tape.quotes.ts[quote])
        due = self.dues.next_ns(end_ns) or never
        session_end = ends[0] if ends else never
        arrival, timeout = self.desk.next_arrival_ns or never, trader.timeout_ns or never
        first = min(end_ns, shown, due, session_end, signal, arrival, timeout)
        # Made of those alone that come first: an event takes longer to make than to be passed over.
        tied: list[Event] = [(first, Phase.DAY_END, self._nothing, None)] if first == end_ns else []
        if first == shown and quote is not None:
            tied.append((first, Phase.TICK, trader.on_quote, tape.behind_quote(quote)))
        if first == due:
            tied.append((first, Phase.DUE, partial(self._settle, first), tape.behind_the_first(first)))
        if first == session_end:
            tied.append((first, Phase.SESSION_END, self._end_session, None))
        if first == signal and row is not None:
            tied.append((first, Phase.SIGNAL, partial(self._give_signal, row), None))
        if first == arrival:
            tied.append((first, Phase.TIMER, self.desk.let_in, None))
        if first == timeout:
            tied.append((first, Phase.TIMER, trader.on_timeout, None))
        return tied[0] if len(tied) == 1 else min(tied, key=lambda event: (event[3] or tape.at(first), event[1]))

    def _go(self, event: Event) -> bool:
        """Let ticks pass up to an event, and let it happen; whether something was filled before instead."""
        tape, desk = self.desk.passage.tape, self.desk
        ts, phase, act, place = event
        self.events += 1
        is_filled = desk.go_to(place or tape.at(ts))
        if is_filled:
            phase = Phase.TICK
        else:
            desk.now = ts
        counted = bisect_right if phase >= Phase.TIMER else bisect_left
        self._signals.known = max(self._signals.known, counted(self._signals.signals.ts, desk.now))
        is_first = phase is Phase.TICK and desk.passage.place == tape.behind_the_first(desk.now)
        self.dues.pass_by(desk.now, inclusive=phase is not Phase.DUE and not is_first)
        if not is_filled:
            act()
        return is_filled

    def _awaited_quote(self, tape: Tape, since: int) -> int | None:
        """Row of the quote with which an exit is sent again, where there is one."""
        row = tape.at(since).quote
        return None if row == tape.quotes.ts.size else row

    def _next_signal(self) -> int | None:
        """Row of the next signal that the trader would act on."""
        signals, trader = self._signals, self.trader
        is_idle = trader.is_idle
        chosen = [signals.entries] if is_idle else []
        if not is_idle or trader.rest_since_ns is not None:
            chosen.append(signals.exits)
        places = [(rows, bisect_left(rows, signals.known)) for rows in chosen]
        return min([rows[place] for rows, place in places if place < len(rows)], default=None)

    def _give_signal(self, row: int) -> None:
        self._signals.known = row + 1
        self.trader.on_signal(self._signals.signals.tick(row))

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
        return self._signals.signals.tick(self._signals.known - 1) if self._signals.known else self._before
