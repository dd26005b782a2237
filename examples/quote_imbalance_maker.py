"""Buy at the bid while most of what the best quotes show stands there, sell at the ask: a maker on quotes.

It shows two things that a strategy may tell a backtest, and need not: which data it does without, and
a figure behind each order that is published with its fills. docs/how-to/your-own-strategy.md runs it.
"""

from decimal import Decimal

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.strategies.contract import Annotated, Contract


class QuoteImbalanceMakerConfig(StrategyConfig, frozen=True, kw_only=True):
    """Configuration of the strategy.

    Attributes:
        instrument_id: What is traded; a backtest fills it in.
        threshold: Share of the shown size that must stand at the bid.
        trade_size: Base units of an order.
    """

    instrument_id: InstrumentId
    threshold: float = 0.9
    trade_size: Decimal = Decimal("0.050")


class QuoteImbalanceMaker(Strategy):
    """Quotes one side at a time, post-only: the bid when flat, the ask when long."""

    contract = Contract(feeds=frozenset(), annotations=(Annotated("imbalance", float),))

    def __init__(self, config: QuoteImbalanceMakerConfig) -> None:
        super().__init__(config)

    def on_start(self) -> None:
        """Subscribe to quotes."""
        self.subscribe_quote_ticks(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Keep the one order that is wanted, where it is wanted."""
        imbalance = tick.bid_size.as_double() / (tick.bid_size.as_double() + tick.ask_size.as_double())
        if self.portfolio.is_flat(self.config.instrument_id):
            side, price, is_wanted = OrderSide.BUY, tick.bid_price, imbalance >= self.config.threshold
        else:
            side, price, is_wanted = OrderSide.SELL, tick.ask_price, True
        unfinished = {*self.cache.orders_open(strategy_id=self.id), *self.cache.orders_inflight(strategy_id=self.id)}
        # The order that closes a position at the end of a session is at market, and not ours to touch.
        working = [order for order in unfinished if order.order_type == OrderType.LIMIT]
        for order in working:
            is_in_place = is_wanted and order.side == side and order.price == price
            if not is_in_place and not order.is_pending_cancel:
                self.cancel_order(order)
        if is_wanted and not working:
            self._quote(side, price, imbalance)

    def _quote(self, side: OrderSide, price: Price, imbalance: float) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        self.submit_order(
            self.order_factory.limit(
                self.config.instrument_id,
                side,
                instrument.make_qty(self.config.trade_size),
                price,
                post_only=True,
                tags=[f"imbalance={imbalance:.4f}"],
            )
        )
