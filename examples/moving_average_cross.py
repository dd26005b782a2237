"""Long while a fast average of closes is above a slow one: a plain NautilusTrader strategy on bars.

Nothing in it knows Phoenix. docs/how-to/your-own-strategy.md runs it.
"""

from decimal import Decimal

from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy


class MovingAverageCrossConfig(StrategyConfig, frozen=True, kw_only=True):
    """Configuration of the strategy.

    Attributes:
        instrument_id: What is traded; a backtest fills it in.
        fast: Bars of the fast average.
        slow: Bars of the slow one.
        trade_size: Base units of a position.
    """

    instrument_id: InstrumentId
    fast: int = 10
    slow: int = 30
    trade_size: Decimal = Decimal("0.100")


class MovingAverageCross(Strategy):
    """Buys at market when the fast average is above the slow one, and closes when it no longer is."""

    def __init__(self, config: MovingAverageCrossConfig) -> None:
        super().__init__(config)
        self.fast = ExponentialMovingAverage(config.fast)
        self.slow = ExponentialMovingAverage(config.slow)

    def on_start(self) -> None:
        """Subscribe to the bars of a minute, and let them feed both averages."""
        bars = BarType.from_str(f"{self.config.instrument_id}-1-MINUTE-LAST-EXTERNAL")
        self.register_indicator_for_bars(bars, self.fast)
        self.register_indicator_for_bars(bars, self.slow)
        self.subscribe_bars(bars)

    def on_bar(self, bar: Bar) -> None:
        """Compare the averages at a bar's close."""
        del bar
        traded = self.config.instrument_id
        if not self.indicators_initialized() or self.cache.orders_inflight(strategy_id=self.id):
            return
        if self.fast.value > self.slow.value and self.portfolio.is_flat(traded):
            instrument = self.cache.instrument(traded)
            quantity = instrument.make_qty(self.config.trade_size)
            self.submit_order(self.order_factory.market(traded, OrderSide.BUY, quantity))
        elif self.fast.value <= self.slow.value and self.portfolio.is_net_long(traded):
            self.close_all_positions(traded)
