"""Days of several listings made by hand, and the one account that comes of them."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from fakes.scenario import Scenario
from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.implied_quotes import ImpliedQuotes
from phoenix_core.backtest.lane import Lane
from phoenix_core.backtest.replay import Replay
from phoenix_core.backtest.settlement import Settled
from phoenix_core.backtest.together import stand_apart
from phoenix_core.backtest.venue import Seat, as_traded, engine_with_seats, feed_latency_ns, order_latency_ns
from phoenix_core.catalog.instruments import instrument
from phoenix_core.execution.decisions import Decision, Fill
from phoenix_core.execution.limits import Limits
from phoenix_core.execution.orders import Sent
from phoenix_core.strategies.contract import default_strategy, importable
from phoenix_core.strategies.imported import contract_of, strategy_of


@dataclass
class Part:
    """What one listing gave."""

    fills: list[Fill]
    settled: list[Settled]
    sent: list[Sent]
    decisions: tuple[Decision, ...]
    orders: dict[str, int]


@dataclass
class Whole:
    """What the account gave, by listing and in all."""

    parts: list[Part]
    final: Decimal
    refused: Counter
    events: int


def run_days(days: list[Scenario], *, full=False, venue=None, limits=None, strategies=None, **strategy) -> Whole:
    """Run days of several listings with one account; strategy and venue by their fields."""
    exchange = VenueParameters.model_validate({"order_latency_ms": 5} | (venue or {}))
    chosen = importable(default_strategy().parameters.model_validate({"max_leverage": 0.5} | strategy))
    traders = strategies or [strategy_of(chosen, day.instrument_id) for day in days]
    instruments = [instrument(as_traded(day.specification, exchange), expires=False) for day in days]
    seats = [Seat(*one, not day.quotes) for one, day in zip(zip(instruments, traders, strict=True), days, strict=True)]
    if len(days) > 1:
        for number, seat in enumerate(seats, 1):
            stand_apart(seat, number)
    let = Limits(holds_margin=len(days) > 1, **(limits or {}))
    made = engine_with_seats(seats, exchange, let)
    late_ns, closing_ns = feed_latency_ns(exchange), order_latency_ns(exchange) + 2_000_000
    lanes = []
    for one, seat, day in zip(made, seats, days, strict=True):
        skipper = contract_of(seat.strategy).skipper
        implied = ImpliedQuotes(seat.instrument.price_increment) if seat.quotes_implied else None
        lane = Lane(one, skipper(seat.strategy) if skipper else None, closing_ns, late_ns, implied)
        lane.begin(day.inputs(), ends_session=True)
        lanes.append(lane)
    replay = Replay(lanes, late_ns)
    try:
        (replay.full if full else replay.skipping)()
        made[0].engine.end()
        final = made[0].account.balance
        assert not any(one.closing.position or one.exchange.unfinished_orders() for one in made)
    finally:
        made[0].engine.dispose()
    parts = [
        Part(
            one.recorder.fills,
            one.watched.settled,
            list(one.exchange.sent.values()),
            one.recorder.decisions,
            one.recorder.orders_by_end,
        )
        for one in made
    ]
    return Whole(parts, final, let.refused, replay.events)


def both_ways(days: list[Scenario], **options) -> Whole:
    """Run in both replay modes, hold them equal, and give the outcome."""
    skipping, full = (run_days(days, full=mode, **options) for mode in (False, True))
    assert skipping.parts == full.parts
    assert (skipping.final, skipping.refused) == (full.final, full.refused)
    return skipping
