"""A venue of several instruments, as the engine sees it: one execution client, a gateway for each instrument behind it.

NautilusTrader finds a client by its venue. What a gateway reports needs no client that is registered: the reports name
the account, which all share.
"""

from collections.abc import Sequence

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.identifiers import InstrumentId, StrategyId

from phoenix_core.execution.gateway import Gateway
from phoenix_core.execution.reporting import ReportingClient


class Router(ReportingClient):
    """Hands each command to the gateway of its instrument.

    Args:
        engine: Its kernel's bus, cache and clock are used.
        gateways: One for each instrument, at least one.
        owners: The only strategy that trades each.
    """

    def __init__(self, engine: BacktestEngine, gateways: Sequence[Gateway], owners: Sequence[StrategyId]) -> None:
        super().__init__(engine, gateways[0].instrument)
        self._gateways: dict[InstrumentId, Gateway] = {one.instrument.id: one for one in gateways}
        self._owners = {one.instrument.id: owner for one, owner in zip(gateways, owners, strict=True)}

    def submit_order(self, command: SubmitOrder) -> None:
        """Send an order on its way, if its instrument is its strategy's."""
        gateway = self._gateways[command.instrument_id]
        if command.strategy_id != self._owners[command.instrument_id]:
            gateway.refuse(command.order, "each strategy trades its own instrument alone")
            return
        gateway.submit_order(command)

    def submit_order_list(self, command: SubmitOrderList) -> None:
        """Refuse: contingent orders are not simulated."""
        self._gateways[command.instrument_id].submit_order_list(command)

    def cancel_order(self, command: CancelOrder) -> None:
        """Send a cancellation on its way."""
        self._gateways[command.instrument_id].cancel_order(command)

    def cancel_all_orders(self, command: CancelAllOrders) -> None:
        """Send the cancellation of every open order of an instrument on its way."""
        self._gateways[command.instrument_id].cancel_all_orders(command)

    def batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        """Send several cancellations on their way."""
        self._gateways[command.instrument_id].batch_cancel_orders(command)

    def modify_order(self, command: ModifyOrder) -> None:
        """Refuse: a changed order is a new one at the end of the queue, so cancel it and send another."""
        self._gateways[command.instrument_id].modify_order(command)
