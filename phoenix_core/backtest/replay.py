"""Which events the engine needs.

In full every tick is fed. Strategies with a skipper (`strategies.contract`) may be fed less: the signals that
their skippers stop at, the market just before each, and all ticks from there until no order is open; the rest can't
change anything. Both feed from the same files in the same order of ties: trades, quotes, other data, signals, and of
several listings at one instant each of these in the order of the listings. A quote comes after the trades of its
millisecond, since it is the state that they left.

Several listings have one clock and one account. Whoever is awake gets every tick. While one is, so does each that holds
something: what it is worth decides whether another may enter, and whether all are liquidated. A sleeper is fed its
market just before it wakes, and where it holds something whenever the others stop.

Where the strategy sees the market late, each event is fed twice: at its own time to the exchange alone, as
custom data, and later to everybody else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from nautilus_trader.core.data import Data
from nautilus_trader.model.data import Bar, CustomData, DataType, FundingRateUpdate, MarkPriceUpdate

from phoenix_core.backtest.chunks import merged_chunks
from phoenix_core.backtest.lane import Lane, Ticks
from phoenix_core.backtest.ticks import CHUNK
from phoenix_core.execution.delayed_feed import DelayedFeed
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.strategies.signal_tick import ARCHIVE, SignalTick

_SECOND = 1_000_000_000
_FIRST_WINDOW = 3 * _SECOND
_LONGEST_WINDOW = 300 * _SECOND
_FEWEST_ROWS = 5_000
_BUILT_IN = (Bar, MarkPriceUpdate, FundingRateUpdate)


@dataclass
class Replay:
    """Feeds days to an engine, one after another.

    Attributes:
        lanes: The listings that have begun the day, in the order of ties; at least one.
        late_ns: From an event at the exchange until the strategy sees it.
        events: Events fed so far.
    """

    lanes: Sequence[Lane]
    late_ns: int = 0
    events: int = 0
    _delayed: DelayedFeed = field(init=False)

    def __post_init__(self) -> None:
        self._delayed = DelayedFeed(self.late_ns)

    def full(self) -> None:
        """Feed every tick of the day that the lanes have begun."""
        begin, end = self._span()
        streams = [lane.streams(max(CHUNK // len(self.lanes), _FEWEST_ROWS)) for lane in self.lanes]
        sources = [trades for trades, _ in streams] + [quotes for _, quotes in streams]
        whole = [self._other_events(begin, end), *(lane.signals(begin, end) for lane in self.lanes)]
        for batches in merged_chunks(sources, whole):
            ticks, (others, *signals) = batches[: len(sources)], batches[len(sources) :]
            self._feed(ticks, others, _merged(signals))

    def skipping(self) -> None:
        """Feed what the skippers stop at, and ticks while an order is open; where one has no skipper all."""
        if any(lane.skipper is None for lane in self.lanes):
            self.full()
            return
        begin, end = self._span()
        self._feed([], self._other_events(begin, begin), [])
        now = begin - 1
        window = _FIRST_WINDOW
        while now < end:
            awake = self._awake(now)
            stop = self._next_stop(awake, now, end)
            if not awake and stop is None:
                return
            until = min(now + window, end) if awake else end
            until = until if stop is None else min(until, stop)
            window = min(window * 2, _LONGEST_WINDOW) if awake else _FIRST_WINDOW
            self._step(awake, now, until)
            now = until

    def _span(self) -> tuple[int, int]:
        """First and last nanosecond of the day."""
        return self.lanes[0].day.start_ns, self.lanes[0].day.end_ns

    def _awake(self, now: int) -> list[Lane]:
        """Who gets every tick from now on."""
        needing = [lane for lane in self.lanes if lane.needs_ticks(now)]
        awake = [lane for lane in self.lanes if lane in needing or lane.holds] if needing else []
        for lane in awake:
            lane.wakes()
        return awake

    def _next_stop(self, awake: Sequence[Lane], now: int, end: int) -> int | None:
        """The next instant at which something can happen to one that sleeps."""
        asleep = (lane.next_stop(now) for lane in self.lanes if lane not in awake)
        stops = [stop for stop in asleep if stop is not None]
        if not awake:
            danger = self.lanes[0].simulated.settlement.next_danger(now, min(stops, default=end))
            stops += [danger] if danger is not None else []
        return min(stops, default=None)

    def _step(self, awake: Sequence[Lane], now: int, until: int) -> None:
        """Feed what is needed of (now, until]; of other events and signals just those at `until` while all sleep."""
        since = now + 1 if awake else until
        ticks = [lane.between(now + 1, until) if lane in awake else lane.asleep(now, until) for lane in self.lanes]
        signals = _merged(lane.signals(since if lane in awake else until, until) for lane in self.lanes)
        batches = [trades for trades, _ in ticks] + [quotes for _, quotes in ticks]
        self._feed(batches, self._other_events(since, until), signals)

    def _other_events(self, first: int, last: int) -> list[Data]:
        """What else is known, the day's beginning, when the exchange settles, and the ends of sessions."""
        times = set[int]().union(*(lane.due() for lane in self.lanes))
        events: list[Data] = [Heartbeat(ts) for ts in times if first <= ts <= last]
        events += [end for lane in self.lanes for end in lane.session_ends(first, last)]
        _, end = self._span()
        if last >= end and any(lane.ends_session for lane in self.lanes):
            events.append(Heartbeat(end))
        events += [event for lane in self.lanes for event in lane.others(first, last)]
        return sorted(events, key=lambda event: event.ts_init)

    def _feed(self, ticks: Ticks, others: Sequence[Data], signals: Sequence[SignalTick]) -> None:
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
        engine = self.lanes[0].simulated.engine
        engine.sort_data()  # stable: ties stay trades, quotes, other data, signals
        engine.run(streaming=True)
        engine.clear_data()

    def _add(self, batch: Sequence[Data]) -> None:
        if batch:
            client = ARCHIVE if isinstance(batch[0], CustomData) else None
            self.lanes[0].simulated.engine.add_data(list(batch), client_id=client, sort=False)
            self.events += len(batch)


def _merged(signals: Iterable[Sequence[SignalTick]]) -> list[SignalTick]:
    """Those of each lane in time order, at one instant in the order of the lanes."""
    return sorted(chain.from_iterable(signals), key=lambda signal: signal.ts)


def _custom(event: Data) -> CustomData:
    return CustomData(DataType(type(event)), event)
