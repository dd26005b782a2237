"""The simulated exchange of an experiment."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.enums import AccountType, BookType, OmsType
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.backtest.experiment import SpotFee, VenueParameters
from phoenix_core.backtest.settlement import Settlement
from phoenix_core.execution.account import Account, EngineAccount, ExactAccount, SpotAccount
from phoenix_core.execution.closing import Closing
from phoenix_core.execution.depth import Grid
from phoenix_core.execution.gateway import Conditions, Gateway
from phoenix_core.execution.holding import payoff_of_instrument
from phoenix_core.execution.recorder import Recorder
from phoenix_core.execution.rule import Rule
from phoenix_core.instruments.specification import Specification


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
class Simulated:
    """An engine with one venue and one strategy.

    Attributes:
        engine: NautilusTrader's, which keeps account and positions.
        exchange: Where orders go, through the gateway that it is.
        account: What it has.
        settlement: Funding and liquidation.
        closing: Makes the strategy flat when it has to be.
        recorder: What was decided and filled.
    """

    engine: BacktestEngine
    exchange: Gateway
    account: Account
    settlement: Settlement
    closing: Closing
    recorder: Recorder


def engine_with_venue(
    instrument: Instrument, venue: VenueParameters, strategy: Strategy, *, quotes_implied: bool
) -> Simulated:
    """Build an engine with one venue, instrument and strategy, whose orders our own exchange fills."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id=TraderId("BACKTEST-001"),
            logging=LoggingConfig(bypass_logging=True),
            run_analysis=False,
        )
    )
    is_lent = not payoff_of_instrument(instrument).dust  # on spot nothing is, so nothing is liquidated
    fee = venue.liquidation_fee if venue.liquidation and is_lent else None
    settlement = Settlement(instrument, fee)
    currency = instrument.get_settlement_currency()
    engine.add_venue(
        venue=instrument.id.venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(venue.starting_balance, currency)],
        base_currency=currency,
        default_leverage=Decimal(1),  # the instrument's initial margin holds it
        modules=[settlement],
        book_type=BookType.L1_MBP,
        bar_execution=False,
    )
    engine.add_instrument(instrument)
    engine.set_default_market_data_client()
    rule = fill_rule(instrument, venue, quotes_implied=quotes_implied)
    exchange = Gateway(engine, instrument, rule, conditions(venue))
    recorder = Recorder(engine, instrument)
    closing = Closing(engine, instrument, strategy, exchange)
    exchange.account = settlement.account = account = _account(settlement, instrument, venue)
    settlement.closing = closing
    # The simulated exchange keeps the account; orders go past its matching.
    engine.kernel.exec_engine.deregister_client(settlement.exchange.exec_client)
    engine.kernel.exec_engine.register_client(exchange)
    engine.add_strategy(strategy)
    return Simulated(engine, exchange, account, settlement, closing, recorder)


def _account(settlement: Settlement, instrument: Instrument, venue: VenueParameters) -> Account:
    if payoff_of_instrument(instrument).dust:
        takes_received = venue.spot_fee is SpotFee.RECEIVED
        return SpotAccount(settlement.exchange, instrument, venue.starting_balance, takes_received=takes_received)
    return (ExactAccount if instrument.is_inverse else EngineAccount)(settlement.exchange, instrument)
