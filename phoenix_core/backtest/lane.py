"""One listing in a replay: its days, what of its market is to be fed, and when something can happen to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl
from nautilus_trader.core.data import Data
from nautilus_trader.model.enums import AggressorSide

from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.ticks import TickFile
from phoenix_core.backtest.venue import Simulated
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.strategies.contract import Skipper
from phoenix_core.strategies.signal_tick import SignalTick

Ticks = Sequence[Sequence[Any]]


@dataclass(eq=False)
class Lane:
    """A listing on its way through the days.

    Attributes:
        simulated: Its place at the venue.
        skipper: Of its strategy; None: it has none, and gets every tick.
        closing_ns: What an order needs to arrive, and a little more: the session ends twice this before the end of its
            last day, and finally once this.
        late_ns: From an event at the exchange until the strategy sees it.
        implied: Where quotes come from if book_ticker is not used; None: from its files.
        day: What is replayed.
        ends_session: Everything is closed at its end.
    """

    simulated: Simulated
    skipper: Skipper | None
    closing_ns: int
    late_ns: int = 0
    implied: ImpliedQuotes | None = None
    day: DayInputs = field(init=False)
    ends_session: bool = False
    _days: list[DayInputs] = field(default_factory=list)
    _ahead: tuple[int | None, int | None] | None = None  # the next stop while it sleeps, and the market before that

    def begin(self, day: DayInputs, *, ends_session: bool) -> None:
        """Begin a day."""
        self.day, self.ends_session = day, ends_session
        self._days = [*self._days[-1:], day]
        self._ahead = None
        self.simulated.settlement.expect(self.simulated.watched, day.funding, day.marks, day.delivery, day.brackets)
        self.simulated.exchange.expect(day.depth, day.largest)
        self.simulated.closing.open_session()

    @property
    def holds(self) -> bool:
        """Whether it has a position."""
        return self.simulated.closing.position != 0

    # -- every tick ----------------------------------------------------------------------------

    def streams(self, rows: int) -> tuple[Iterator[Sequence[Any]], Iterator[Sequence[Any]]]:
        """Trades and quotes of the day, so many rows at a time; implied quotes come between the trades."""
        trades = self.day.trades.stream(rows)
        if self.implied is not None:
            return map(self.implied.between, trades), iter(())
        return trades, iter(()) if self.day.quotes is None else self.day.quotes.stream(rows)

    def signals(self, first: int, last: int) -> list[SignalTick]:
        """Those of [first, last]."""
        rows = self.day.signals.filter(pl.col("ts_init").is_between(first, last))
        return self.day.signal_ticks(rows, self.simulated.exchange.instrument.id)

    # -- what is due ---------------------------------------------------------------------------

    def due(self) -> set[int]:
        """The day's beginning, and when the exchange settles."""
        day = self.day
        times = {day.start_ns, *(due.ts for due in day.funding), *(mark.ts for mark in day.marks)}
        return times | ({day.delivery.ts} if day.delivery else set())

    def session_ends(self, first: int, last: int) -> list[Heartbeat]:
        """Ends of its session in [first, last]."""
        closes = self.simulated.exchange.instrument.id
        return [Heartbeat(end, closes=closes) for end in self._ends if first <= end <= last]

    def others(self, first: int, last: int) -> list[Data]:
        """What its strategy gets besides ticks and signals, of [first, last]."""
        # What a day's file holds may be known only after midnight: that of the day before is looked through as well.
        known = (event for inputs in self._days for event in inputs.others)
        return [event for event in known if first <= event.ts_init <= last]

    @property
    def _ends(self) -> tuple[int, ...]:
        """When everything is closed, and once more for what a working entry caught while it was cancelled."""
        if not self.ends_session:
            return ()
        return (self.day.end_ns - 2 * self.closing_ns, self.day.end_ns - self.closing_ns)

    # -- skipping ------------------------------------------------------------------------------

    def needs_ticks(self, now: int) -> bool:
        """Whether ticks matter from now on."""
        return bool(self.skipper and self.skipper.needs_ticks) or self.simulated.exchange.needs_ticks(now)

    def wakes(self) -> None:
        """Forget when it would have woken."""
        self._ahead = None

    def next_stop(self, now: int) -> int | None:
        """The next instant at which something can happen to it while it sleeps, a liquidation aside."""
        if self._ahead is None or (self._ahead[0] or now + 1) <= now:
            stop = self._next_stop(now)
            self._ahead = (stop, None if stop is None else self._market_before(stop - self.late_ns))
        return self._ahead[0]

    def asleep(self, now: int, until: int) -> Ticks:
        """Ticks of (now, until] that a sleeper is fed: for quote and last sale to be what they were when it wakes.

        What it holds may be looked at, or closed, whenever another acts: then they are so at `until` already.
        """
        self.next_stop(now)
        stop, market = self._ahead or (None, None)
        if self.holds and stop != until:
            market = self._market_before(until - self.late_ns)
        if market is None or market > until:
            return [], []
        if self.implied is not None and market > now:
            self.implied.forget()  # what is skipped is not known; from here on it is fed anew
        return self.between(max(now + 1, market), until)

    def between(self, first: int, last: int) -> Ticks:
        """Trades and quotes of [first, last]."""
        trades = self._between("trades", first, last)
        if self.implied is not None:
            return self.implied.between(trades), []
        return trades, self._between("quotes", first, last)

    def _next_stop(self, now: int) -> int | None:
        if self.skipper is None:
            return None
        stops = [self.skipper.next_stop(self.day.signals.filter(pl.col("ts_init") > now))]
        if self.holds:
            day = self.day
            stops.append(next((time.ts for time in day.funding if time.ts > now), None))
            stops.append(day.delivery.ts if day.delivery and day.delivery.ts > now else None)
            stops.append(next((end for end in self._ends if end > now), None))
        return min((stop for stop in stops if stop is not None), default=None)

    def _market_before(self, at: int) -> int:
        """From when on ticks must be fed for quote and last sale to be, at an instant, what they were."""
        trades = partial(self._last_known, "trades", at)
        if self.implied is None:
            known = [self._last_known("quotes", at), trades(AggressorSide.SELLER)]
            return min((ts for ts in known if ts is not None), default=self.day.start_ns)
        sides = [trades(AggressorSide.BUYER), trades(AggressorSide.SELLER)]
        # Without both there was no quote yet: whatever came since the day began makes it.
        return min(ts for ts in sides if ts is not None) if None not in sides else self.day.start_ns

    def _last_known(self, kind: str, at: int, *side: AggressorSide) -> int | None:
        files = (getattr(inputs, kind) for inputs in reversed(self._days))
        known = (file.last_known(at, *side) for file in files if file is not None)
        return next((ts for ts in known if ts is not None), None)

    def _between(self, kind: str, first: int, last: int) -> list[Any]:
        files: list[TickFile | None] = [getattr(inputs, kind) for inputs in self._days if inputs.end_ns >= first]
        return [tick for file in files if file for tick in file.between(first, last)]
