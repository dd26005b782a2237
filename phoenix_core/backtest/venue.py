"""The simulated exchange of an experiment."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel, LatencyModel, MakerTakerFeeModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.enums import AccountType, BookType, OmsType, OrderType
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price
from nautilus_trader.model.orders import Order

from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.settlement import Settlement
from phoenix_core.catalog.specifications import Specification
from phoenix_core.strategies.phoenix import PhoenixStrategy


def order_latency_ns(venue: VenueParameters) -> int:
    """Nanoseconds from decision to exchange.

    Never zero: an order that arrives in the instant of a trade would be filled by that very trade.
    """
    return max(1, int(venue.order_latency_ms * 1_000_000))


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


def hesitation(venue: VenueParameters) -> Callable[[], int]:
    """Draws of the random part of an order's latency, in nanoseconds: exponential, seeded."""
    if not venue.order_latency_spread_ms:
        return int
    chosen = random.Random(venue.seed)  # noqa: S311 - a simulation, not a secret
    return lambda: int(chosen.expovariate(1 / venue.order_latency_spread_ms) * 1_000_000)


class _MarketOrdersSlip(FillModel):
    """NautilusTrader 1.231 lets a maker slip too, beyond the limit of its own order; here market orders alone do."""

    _may_slip = False

    def get_orderbook_for_fill_simulation(
        self, instrument: Instrument, order: Order, best_bid: Price, best_ask: Price
    ) -> None:
        """No book of our own; but the engine asks for one with each order that it is about to fill."""
        del instrument, best_bid, best_ask
        self._may_slip = order.order_type == OrderType.MARKET

    def is_slipped(self) -> bool:
        """Whether this fill pays a tick more."""
        asked, self._may_slip = self._may_slip, False
        return asked and bool(super().is_slipped())


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
        default_leverage=Decimal(1),  # the instrument's initial margin holds it
        modules=[settlement],
        fill_model=_MarketOrdersSlip(
            prob_fill_on_limit=venue.prob_fill_on_limit,
            prob_slippage=venue.prob_slippage,
            random_seed=venue.seed,
        ),
        fee_model=MakerTakerFeeModel(),
        latency_model=LatencyModel(base_latency_nanos=latency_ns),
        book_type=BookType.L1_MBP,
        bar_execution=False,
        # Without, 1.231 leaves a market order hanging that finds all that is shown consumed.
        use_market_order_acks=True,
        queue_position=venue.queue_position,
        liquidity_consumption=quotes_implied if venue.liquidity_consumption is None else venue.liquidity_consumption,
    )
    engine.add_instrument(instrument)
    engine.set_default_market_data_client()
    engine.add_strategy(strategy)
    return engine, settlement
