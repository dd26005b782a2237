"""Follows the order events of an instrument: what its strategy decided, what was filled, how orders ended."""

from collections import Counter
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderEvent, OrderFilled, OrderInitialized
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import Instrument

from phoenix_core.execution.decisions import Decision, Fill, OrderReason, annotations_of
from phoenix_core.execution.holding import rounded
from phoenix_core.execution.orders import forced_by

_FIRST = 20  # before the strategy's own handlers, which may send the next order from within


class Recorder:
    """Keeps each decision with its fills.

    Args:
        engine: Its bus, cache and portfolio are used.
        instrument: What is traded.
    """

    def __init__(self, engine: BacktestEngine, instrument: Instrument) -> None:
        self._cache = engine.kernel.cache
        self._portfolio = engine.kernel.portfolio
        self._instrument_id = instrument.id
        self._settlement = instrument.get_settlement_currency()
        self._decisions: dict[ClientOrderId, Decision] = {}
        self._ended: set[ClientOrderId] = set()
        self._ends: Counter[str] = Counter()
        self.fills: list[Fill] = []
        engine.kernel.msgbus.subscribe("events.order.*", self._on_event, priority=_FIRST)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every order that was decided on, filled or not, in order."""
        return tuple(self._decisions.values())

    @property
    def orders_by_end(self) -> dict[str, int]:
        """How many orders ended in which way."""
        return dict(sorted(self._ends.items()))

    def _on_event(self, event: OrderEvent) -> None:
        if event.instrument_id != self._instrument_id:
            return
        if isinstance(event, OrderInitialized):
            self._decisions[event.client_order_id] = self._decision(event)
        elif isinstance(event, OrderFilled):
            self.fills.append(self._fill(event))
        order = self._cache.order(event.client_order_id)
        if order is not None and order.is_closed and event.client_order_id not in self._ended:
            self._ended.add(event.client_order_id)
            # Taken back while it was still held: the exchange never heard of it.
            never_sent = order.status == OrderStatus.CANCELED and order.venue_order_id is None
            self._ends["UNSENT" if never_sent else order.status.name] += 1

    def _decision(self, event: OrderInitialized) -> Decision:
        quote = self._cache.quote_tick(self._instrument_id)
        mid = (quote.bid_price.as_decimal() + quote.ask_price.as_decimal()) / 2 if quote else Decimal(0)
        price = event.options.get("price")
        tags = event.tags or []
        return Decision(
            reason=forced_by(tags) or self._reason(event),
            ts=event.ts_init,
            mid=mid,
            side=event.side.name,
            quantity=event.quantity.as_decimal(),
            price=None if price is None else Decimal(price),
            annotations=() if forced_by(tags) else annotations_of(tags),
        )

    def _reason(self, event: OrderInitialized) -> OrderReason:
        held = self._portfolio.net_position(self._instrument_id)
        opposes = held * (1 if event.side == OrderSide.BUY else -1) < 0
        return OrderReason.EXIT if event.reduce_only or opposes else OrderReason.ENTRY

    def _fill(self, event: OrderFilled) -> Fill:
        paid, price = event.commission.as_decimal(), event.last_px.as_decimal()
        is_in_base = event.commission.currency != self._settlement
        return Fill(
            ts=event.ts_event,
            side=event.order_side.name,
            quantity=event.last_qty.as_decimal(),
            price=price,
            fee=rounded(paid * price) if is_in_base else paid,
            liquidity=event.liquidity_side.name,
            order_id=event.client_order_id.value,
            trade_id=event.trade_id.value,
            decision=self._decisions[event.client_order_id],
            fee_in_base=paid if is_in_base else Decimal(0),
        )
