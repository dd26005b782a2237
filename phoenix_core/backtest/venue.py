"""The simulated exchange of an experiment."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import AccountType, BookType, OmsType
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money
from nautilus_trader.risk.config import RiskEngineConfig
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.backtest.experiment import SpotFee, VenueParameters
from phoenix_core.backtest.settlement import Settlement, Watched
from phoenix_core.execution.account import Account, EngineAccount, ExactAccount, SpotAccount
from phoenix_core.execution.closing import Closing
from phoenix_core.execution.depth import Grid
from phoenix_core.execution.gateway import Conditions, Gateway
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.execution.holding import payoff_of_instrument
from phoenix_core.execution.limits import Limits, Stake
from phoenix_core.execution.recorder import Recorder
from phoenix_core.execution.reporting import ReportingClient
from phoenix_core.execution.routing import Router
from phoenix_core.execution.rule import Rule
from phoenix_core.execution.transit import Transit
from phoenix_core.instruments.specification import Specification

_ORDERS_A_SECOND = 100
_FIRST = 10  # what is due is settled before a session ends


def order_latency_ns(venue: VenueParameters) -> int:
    """Nanoseconds from decision to exchange, before `execution.arrival` puts the arrival between milliseconds."""
    return int(venue.order_latency_ms * 1_000_000)


def as_traded(spec: Specification, venue: VenueParameters) -> Specification:
    """An instrument's constants under a venue's settings: its fees and its margins.

    The initial margin is never less than what the instrument asks at its highest leverage.
    """
    initial = 1 / venue.leverage if venue.initial_margin is None else venue.initial_margin
    return replace(
        spec,
        margin_init=max(initial, spec.margin_init),
        margin_maint=spec.margin_maint if venue.maintenance_margin is None else venue.maintenance_margin,
        maker_fee=spec.maker_fee if venue.maker_fee is None else venue.maker_fee,
        taker_fee=spec.taker_fee if venue.taker_fee is None else venue.taker_fee,
    )


def feed_latency_ns(venue: VenueParameters) -> int:
    """Nanoseconds from the exchange to the strategy's eyes."""
    return int(venue.feed_latency_ms * 1_000_000)


def latency_jitter(venue: VenueParameters) -> Callable[[], int]:
    """Draws of the random part of an order's latency, in nanoseconds: exponential, seeded."""
    if not venue.order_latency_spread_ms:
        return int
    chosen = random.Random(venue.seed)  # noqa: S311 - a simulation, not a secret
    return lambda: int(chosen.expovariate(1 / venue.order_latency_spread_ms) * 1_000_000)


def conditions(venue: VenueParameters) -> Conditions:
    """How requests and data travel under a venue's settings."""
    return Conditions(
        latency_ns=order_latency_ns(venue),
        jitter_ns=latency_jitter(venue),
        feed_latency_ns=feed_latency_ns(venue),
        protection_ticks=venue.price_protection_ticks,
    )


def fill_rule(instrument: Instrument, venue: VenueParameters, *, quotes_implied: bool) -> Rule:
    """The fill rule under a venue's settings."""
    chance = random.Random(venue.seed)  # noqa: S311 - a simulation, not a secret
    return Rule(
        grid=Grid(instrument.price_increment.raw, instrument.size_increment.raw),
        queues=venue.queue_position,
        depletion=venue.queue_depletion,
        quotes_fill=not quotes_implied,
        touched=_drawn(chance, venue.prob_fill_on_limit),
        slipped=_drawn(chance, venue.prob_slippage),
    )


def _drawn(chance: random.Random, share: float) -> Callable[[], bool]:
    """Draws that are true in this share of cases; nothing is drawn where there is no doubt."""
    if share in {0.0, 1.0}:
        return lambda: bool(share)
    return lambda: chance.random() < share


@dataclass(frozen=True, slots=True)
class Seat:
    """An instrument to be traded.

    Attributes:
        instrument: With the venue's fees and margins.
        strategy: The only one that trades it, and it trades no other.
        quotes_implied: Its quotes are implied from trades.
    """

    instrument: Instrument
    strategy: Strategy
    quotes_implied: bool


@dataclass(frozen=True, slots=True)
class Simulated:
    """An instrument at a venue in an engine, and the strategy that trades it; others may share engine and account.

    Attributes:
        engine: NautilusTrader's, which keeps account and positions.
        exchange: Where orders go, through the gateway that it is.
        account: What it has.
        settlement: Funding and liquidation, of the whole account.
        watched: What of that is this instrument's.
        closing: Makes the strategy flat when it has to be.
        recorder: What was decided and filled.
    """

    engine: BacktestEngine
    exchange: Gateway
    account: Account
    settlement: Settlement
    watched: Watched
    closing: Closing
    recorder: Recorder


def engine_with_venue(
    instrument: Instrument, venue: VenueParameters, strategy: Strategy, *, quotes_implied: bool
) -> Simulated:
    """Build an engine with one venue, instrument and strategy, whose orders our own exchange fills."""
    (simulated,) = engine_with_seats([Seat(instrument, strategy, quotes_implied)], venue, Limits())
    return simulated


def engine_with_seats(seats: Sequence[Seat], venue: VenueParameters, limits: Limits) -> tuple[Simulated, ...]:
    """Build an engine with one venue and one account for several instruments, each with a strategy of its own.

    Args:
        seats: At least one; where several things happen at one instant, in this order. All settle in one currency.
        venue: Its settings.
        limits: What the account lets in; they learn of its instruments here.
    """
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id=TraderId("BACKTEST-001"),
            logging=LoggingConfig(bypass_logging=True),
            run_analysis=False,
            # The engine's own bound, for each strategy: what one sends must not keep another from sending.
            risk_engine=RiskEngineConfig(max_order_submit_rate=f"{_ORDERS_A_SECOND * len(seats)}/00:00:01"),
        )
    )
    instruments = [seat.instrument for seat in seats]
    first = instruments[0]
    is_lent = not payoff_of_instrument(first).dust  # on spot nothing is, so nothing is liquidated
    settlement = Settlement(instruments, venue.liquidation_fee if venue.liquidation and is_lent else None)
    currency = first.get_settlement_currency()
    engine.add_venue(
        venue=first.id.venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(venue.starting_balance, currency)],
        base_currency=currency,
        default_leverage=Decimal(1),  # the instrument's initial margin holds it
        modules=[settlement],
        book_type=BookType.L1_MBP,
        bar_execution=False,
    )
    for instrument in instruments:
        engine.add_instrument(instrument)
    engine.set_default_market_data_client()
    made = tuple(
        _simulated(engine, settlement, seat, watched, venue)
        for seat, watched in zip(seats, settlement.watched, strict=True)
    )
    # The simulated exchange keeps the account; orders go past its matching.
    engine.kernel.exec_engine.deregister_client(settlement.exchange.exec_client)
    engine.kernel.exec_engine.register_client(_together(engine, made, seats))
    limits.stakes = tuple(Stake.of(one.exchange, one.closing, one.account) for one in made)
    for one, seat in zip(made, seats, strict=True):
        one.exchange.judged_by = limits.why_refused
        engine.add_strategy(seat.strategy)
    return made


def _simulated(
    engine: BacktestEngine, settlement: Settlement, seat: Seat, watched: Watched, venue: VenueParameters
) -> Simulated:
    instrument = seat.instrument
    exchange = Gateway(
        engine, instrument, fill_rule(instrument, venue, quotes_implied=seat.quotes_implied), conditions(venue)
    )
    recorder = Recorder(engine, instrument)
    closing = Closing(engine, instrument, seat.strategy, exchange)
    exchange.account = watched.account = account = _account(settlement, instrument, venue)
    watched.closing = closing
    return Simulated(engine, exchange, account, settlement, watched, closing, recorder)


def _together(engine: BacktestEngine, made: Sequence[Simulated], seats: Sequence[Seat]) -> ReportingClient:
    """What the engine takes for the venue: the only gateway, or what is before several, which then share their time."""
    gateways, settlement = [one.exchange for one in made], made[0].settlement
    if len(gateways) == 1:
        return gateways[0]
    transit = Transit(engine.kernel.clock)
    for rank, gateway in enumerate(gateways):
        gateway.share(transit, rank)
    engine.kernel.msgbus.subscribe(f"data.{DataType(Heartbeat).topic}", settlement.on_heartbeat, priority=_FIRST)
    return Router(engine, gateways, [seat.strategy.id for seat in seats])


def _account(settlement: Settlement, instrument: Instrument, venue: VenueParameters) -> Account:
    if payoff_of_instrument(instrument).dust:
        takes_received = venue.spot_fee is SpotFee.RECEIVED
        return SpotAccount(settlement.exchange, instrument, venue.starting_balance, takes_received=takes_received)
    return (ExactAccount if instrument.is_inverse else EngineAccount)(settlement.exchange, instrument)
