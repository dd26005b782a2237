"""Which events the engine needs.

In full every tick is fed. A strategy with a skipper (`strategies.contract`) may be fed less: the signals that
its skipper stops at, the market just before each, and all ticks from there until no order is open; the rest can't
change anything. Both feed from the same files in the same order of ties: trades, quotes, other data, signals. A quote
comes after the trades of its millisecond, since it is the state that they left.

Where the strategy sees the market late, each event is fed twice: at its own time to the exchange alone, as
custom data, and later to everybody else.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import Bar, CustomData, DataType, FundingRateUpdate, MarkPriceUpdate
from nautilus_trader.model.enums import AggressorSide

from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.inputs import DayInputs
from phoenix_core.backtest.ticks import TickFile
from phoenix_core.backtest.venue import Simulated
from phoenix_core.execution.delayed_feed import DelayedFeed
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.strategies.contract import Skipper
from phoenix_core.strategies.signal_tick import ARCHIVE, SignalTick

_SECOND = 1_000_000_000
_FIRST_WINDOW = 3 * _SECOND
_LONGEST_WINDOW = 300 * _SECOND
_BUILT_IN = (Bar, MarkPriceUpdate, FundingRateUpdate)


@dataclass
class Replay:
    """Feeds days to an engine, one after another.

    Attributes:
        simulated: Engine and venue, with instrument and strategy in place.
        skipper: The strategy's; None: it has none, and gets every tick.
        late_ns: From an event at the exchange until the strategy sees it.
        closing_ns: What an order needs to arrive, and a little more: the session ends twice this before
            the end of its last day, and finally once this.
        implied: Where quotes come from if book_ticker is not used; None: from its files.
        events: Events fed so far.
    """

    simulated: Simulated
    skipper: Skipper | None
    closing_ns: int
    late_ns: int = 0
    implied: ImpliedQuotes | None = None
    events: int = 0
    _days: list[DayInputs] = field(default_factory=list)
    _delayed: DelayedFeed = field(init=False)

    def __post_init__(self) -> None:
        self._delayed = DelayedFeed(self.late_ns)

    def full(self, day: DayInputs, *, ends_session: bool) -> None:
        """Feed every tick of a day."""
        self._begin(day)
        trades = day.trades.stream()
        sources: list[Iterator[Sequence[Any]]] = [trades if self.implied is None else map(self.implied.between, trades)]
        if self.implied is None and day.quotes is not None:
            sources.append(day.quotes.stream())
        events = self._other_events(day, day.start_ns, day.end_ns, ends_session=ends_session)
        signals = day.signal_ticks(day.signals)
        for *ticks, others, known in merged_chunks(sources, [events, signals]):
            self._feed(ticks, others, known)

    def skipping(self, day: DayInputs, *, ends_session: bool) -> None:
        """Feed what the skipper stops at, and ticks while an order is open; without a skipper all."""
        if self.skipper is None:
            self.full(day, ends_session=ends_session)
            return
        self._begin(day)
        self._feed([], self._other_events(day, day.start_ns, day.start_ns, ends_session=ends_session), [])
        now = day.start_ns - 1
        window = _FIRST_WINDOW
        while now < day.end_ns:
            if self.skipper.needs_ticks or self.simulated.exchange.needs_ticks(now):
                until = min(now + window, day.end_ns)
                self._feed_between(day, now + 1, until, ends_session=ends_session)
                now, window = until, min(window * 2, _LONGEST_WINDOW)
                continue
            window = _FIRST_WINDOW
            stop = self._next_stop(self.skipper, day, now, ends_session=ends_session)
            if stop is None:
                return
            market = self._market_before(day, stop - self.late_ns)
            if self.implied is not None and market > now:
                self.implied.forget()  # what is skipped is not known; from here on it is fed anew
            self._feed_between(day, max(now + 1, market), stop, ends_session=ends_session, only_at=stop)
            now = stop

    def _begin(self, day: DayInputs) -> None:
        self._days = [*self._days[-1:], day]
        self.simulated.settlement.expect(day.funding, day.marks, day.delivery)
        self.simulated.exchange.expect(day.depth)
        self.simulated.closing.open_session()

    def _session_ends(self, day: DayInputs, *, ends_session: bool) -> tuple[int, ...]:
        """When everything is closed, and once more for what a working entry caught while it was cancelled."""
        return (day.end_ns - 2 * self.closing_ns, day.end_ns - self.closing_ns) if ends_session else ()

    def _next_stop(self, skipper: Skipper, day: DayInputs, now: int, *, ends_session: bool) -> int | None:
        """The next instant at which something can happen, seen from the strategy's present state."""
        stops = [skipper.next_stop(day.signals.filter(pl.col("ts_init") > now))]
        if self.simulated.closing.position != 0:
            stops.append(next((time.ts for time in day.funding if time.ts > now), None))
            stops.append(day.delivery.ts if day.delivery and day.delivery.ts > now else None)
            stops.append(next((end for end in self._session_ends(day, ends_session=ends_session) if end > now), None))
        known = [stop for stop in stops if stop is not None]
        danger = self.simulated.settlement.next_danger(now, min(known, default=day.end_ns))
        return min([*known, *([danger] if danger is not None else [])], default=None)

    def _market_before(self, day: DayInputs, at: int) -> int:
        """From when on ticks must be fed for quote and last sale to be, at an instant, what they were."""
        trades = partial(self._last_known, day, "trades", at)
        if self.implied is None:
            known = [self._last_known(day, "quotes", at), trades(AggressorSide.SELLER)]
            return min((ts for ts in known if ts is not None), default=day.start_ns)
        sides = [trades(AggressorSide.BUYER), trades(AggressorSide.SELLER)]
        # Without both there was no quote yet: whatever came since the day began makes it.
        return min(ts for ts in sides if ts is not None) if None not in sides else day.start_ns

    def _last_known(self, day: DayInputs, kind: str, at: int, *side: AggressorSide) -> int | None:
        files = (getattr(inputs, kind) for inputs in reversed(self._days) if inputs.day <= day.day)
        known = (file.last_known(at, *side) for file in files if file is not None)
        return next((ts for ts in known if ts is not None), None)

    def _feed_between(
        self, day: DayInputs, first: int, last: int, *, ends_session: bool, only_at: int | None = None
    ) -> None:
        """Feed ticks of [first, last], and other events of it, or just those at one instant."""
        ticks = self._ticks_between("trades", first, last)
        if self.implied is not None:
            fed = [self.implied.between(ticks)]
        else:
            fed = [ticks, self._ticks_between("quotes", first, last)]
        since = first if only_at is None else only_at
        rows = day.signals.filter(pl.col("ts_init").is_between(since, last))
        self._feed(fed, self._other_events(day, since, last, ends_session=ends_session), day.signal_ticks(rows))

    def _ticks_between(self, kind: str, first: int, last: int) -> list[Any]:
        files: list[TickFile | None] = [getattr(inputs, kind) for inputs in self._days if inputs.end_ns >= first]
        return [tick for file in files if file for tick in file.between(first, last)]

    def _other_events(self, day: DayInputs, first: int, last: int, *, ends_session: bool) -> list[Data]:
        """What else is known, the day's beginning, when the exchange settles, and the end of the session."""
        times = {day.start_ns, *(due.ts for due in day.funding), *(mark.ts for mark in day.marks)}
        times |= {day.delivery.ts} if day.delivery else set()
        events: list[Data] = [Heartbeat(ts) for ts in times if first <= ts <= last]
        ends = self._session_ends(day, ends_session=ends_session)
        events += [Heartbeat(end, ends_session=True) for end in ends if first <= end <= last]
        if ends_session and last >= day.end_ns:
            events.append(Heartbeat(day.end_ns))
        # What a day's file holds may be known only after midnight: that of the day before is looked through as well.
        known = (event for inputs in self._days for event in inputs.others)
        events += [event for event in known if first <= event.ts_init <= last]
        return sorted(events, key=lambda event: event.ts_init)

    def _feed(self, ticks: Sequence[Sequence[Any]], others: Sequence[Data], signals: Sequence[SignalTick]) -> None:
        if not any((*ticks, others, signals)):
            return
        if self.late_ns:
            for batch in ticks:
                self._add([_custom(tick) for tick in batch])
            until = max(batch[-1].ts_init for batch in (*ticks, others, signals) if batch)
            self._add(self._delayed.seen(ticks, until))
        else:
            for batch in ticks:
                self._add(batch)
        self._add([event for event in others if isinstance(event, _BUILT_IN)])
        self._add([_custom(event) for event in others if not isinstance(event, _BUILT_IN)])
        self._add([_custom(signal) for signal in signals])
        engine = self.simulated.engine
        engine.sort_data()  # stable: ties stay trades, quotes, other data, signals
        engine.run(streaming=True)
        engine.clear_data()

    def _add(self, batch: Sequence[Data]) -> None:
        if batch:
            client = ARCHIVE if isinstance(batch[0], CustomData) else None
            self.simulated.engine.add_data(list(batch), client_id=client, sort=False)
            self.events += len(batch)


def _custom(event: Data) -> CustomData:
    return CustomData(DataType(type(event)), event)


def merged_chunks(
    sources: Sequence[Iterator[Sequence[Any]]], whole: Sequence[Sequence[Any]] = ()
) -> Iterator[list[list[Any]]]:
    """Cut sources of events at common instants: one list a source, none of which holds what another still lacks.

    Args:
        sources: Events in lists, in time order.
        whole: Further events that are all at hand; they are cut with the others and do not say where.
    """
    streams = [_Stream(source) for source in sources]
    rest = [_Stream(iter([events])) for events in whole]
    while (cut := min(stream.known_until() for stream in streams)) < _Stream.END:
        yield [stream.before(cut) for stream in (*streams, *rest)]
    yield [stream.before(_Stream.END) for stream in (*streams, *rest)]


class _Stream:
    """Lists of events in time order, taken up to an instant."""

    END = 2**63

    def __init__(self, chunks: Iterator[Sequence[Any]]) -> None:
        self._chunks = chunks
        self._pending: list[Any] = []
        self._ended = False

    def known_until(self) -> int:
        """Events before this instant are all at hand; END when nothing is left to load."""
        while not self._ended and (not self._pending or self._pending[0].ts_init == self._pending[-1].ts_init):
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
            else:
                self._pending += chunk
        return self.END if self._ended else int(self._pending[-1].ts_init)

    def before(self, cut: int) -> list[Any]:
        """Take the events before an instant."""
        if not self._pending and not self._ended:
            self.known_until()
        index = bisect_left(self._pending, cut, key=lambda event: event.ts_init)
        taken, self._pending = self._pending[:index], self._pending[index:]
        return taken
