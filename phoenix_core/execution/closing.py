"""Closes what a strategy holds when something else demands it: the end of the session, or a liquidation.

The order is sent in the strategy's name, so that its position, its events and its ledger are one; it is tagged,
so that the exchange fills it at any price and the records say what forced it.
"""

from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.gateway import Gateway
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.execution.orders import tags_forced_by


class Closing:
    """Sees to it that a strategy is flat when it has to be.

    Args:
        engine: Its bus, cache and portfolio are used.
        instrument: What is traded.
        strategy: The only one that trades it.
        gateway: Where its orders go.
    """

    def __init__(self, engine: BacktestEngine, instrument: Instrument, strategy: Strategy, gateway: Gateway) -> None:
        self.cache = engine.kernel.cache
        self._portfolio = engine.kernel.portfolio
        self._instrument = instrument
        self._step = instrument.size_increment.as_decimal()
        self._strategy = strategy
        self._gateway = gateway
        engine.kernel.msgbus.subscribe(f"data.{DataType(Heartbeat).topic}", self._on_heartbeat)

    @property
    def position(self) -> Decimal:
        """Signed base units, or contracts, held; none where there is less than a step, which nobody could sell."""
        held = Decimal(str(self._portfolio.net_position(self._instrument.id)))
        return Decimal(0) if abs(held) < self._step else held // self._step * self._step

    def close(self, reason: OrderReason) -> None:
        """Cancel what works, and close the position at market unless an order that does is on its way."""
        is_closing = False
        for order in self._gateway.unfinished_orders():
            # At the end of the session what is on its way still arrives; what is only held goes out anew, at once.
            is_late = reason is OrderReason.SESSION_END and self._gateway.can_take_back(order)
            if order.is_reduce_only and not is_late:
                is_closing = True
            elif not order.is_pending_cancel:
                self._strategy.cancel_order(order)
        position = self.position
        if position == 0 or is_closing:
            return
        self._strategy.submit_order(
            self._strategy.order_factory.market(
                instrument_id=self._instrument.id,
                order_side=OrderSide.SELL if position > 0 else OrderSide.BUY,
                quantity=self._instrument.make_qty(abs(position)),
                reduce_only=True,
                tags=tags_forced_by(reason),
            )
        )

    def deliver(self, price: Decimal) -> None:
        """End a contract: what works is gone, and what is held is closed at the price of delivery."""
        self._gateway.deliver(price)
        if position := self.position:
            self._strategy.submit_order(
                self._strategy.order_factory.market(
                    instrument_id=self._instrument.id,
                    order_side=OrderSide.SELL if position > 0 else OrderSide.BUY,
                    quantity=self._instrument.make_qty(abs(position)),
                    reduce_only=True,
                    tags=tags_forced_by(OrderReason.DELIVERY),
                )
            )

    def open_session(self) -> None:
        """Let orders in again after a session that has ended."""
        self._gateway.is_open = True

    def _on_heartbeat(self, heartbeat: Heartbeat) -> None:
        if heartbeat.closes == self._instrument.id:
            self.close(OrderReason.SESSION_END)
            self._gateway.is_open = False
