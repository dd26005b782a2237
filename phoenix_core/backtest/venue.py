"""The simulated exchange of an experiment."""

import random
from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel, LatencyModel, MakerTakerFeeModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.enums import AccountType, BookType, OmsType
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money

from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.settlement import Settlement
from phoenix_core.strategies.phoenix import PhoenixStrategy


def order_latency_ns(venue: VenueParameters) -> int:
    """Nanoseconds from decision to exchange.

    Never zero: an order that arrives in the instant of a trade would be filled by that very trade.
    """
    return max(1, int(venue.order_latency_ms * 1_000_000))


def hesitation(venue: VenueParameters) -> Callable[[], int]:
    """Draws of the random part of an order's latency, in nanoseconds: exponential, seeded."""
    if not venue.order_latency_spread_ms:
        return int
    chosen = random.Random(venue.seed)  # noqa: S311 - a simulation, not a secret
    return lambda: int(chosen.expovariate(1 / venue.order_latency_spread_ms) * 1_000_000)


def engine_with_venue(
    instrument: Instrument, venue: VenueParameters, strategy: PhoenixStrategy, *, quotes_implied: bool
) -> tuple[BacktestEngine, Settlement]:
    """Build an engine with one venue, instrument and strategy.

    A maker's queue on 1.231: with quotes the size ahead is tracked and liquidity is not consumed; with
    trades alone both are needed. The other pairings fill too much or never (tests pin this).
    """
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id=TraderId("PHOENIX-001"),
            logging=LoggingConfig(bypass_logging=True),
            run_analysis=False,
        )
    )
    fee = venue.liquidation_fee if venue.liquidation else None
    settlement = Settlement(instrument, strategy, fee)
    currency = instrument.get_settlement_currency()
    latency_ns = order_latency_ns(venue)
    engine.add_venue(
        venue=instrument.id.venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(venue.starting_balance, currency)],
        base_currency=currency,
        default_leverage=Decimal(venue.leverage),
        modules=[settlement],
        fill_model=FillModel(
            prob_fill_on_limit=venue.prob_fill_on_limit,
            prob_slippage=venue.prob_slippage,
            random_seed=venue.seed,
        ),
        fee_model=MakerTakerFeeModel(),
        latency_model=LatencyModel(base_latency_nanos=latency_ns),
        book_type=BookType.L1_MBP,
        bar_execution=False,
        queue_position=venue.queue_position,
        liquidity_consumption=quotes_implied,
        price_protection_points=venue.price_protection_ticks or None,
    )
    engine.add_instrument(instrument)
    engine.set_default_market_data_client()
    engine.add_strategy(strategy)
    return engine, settlement
