"""The exchange behind NautilusTrader's account and events: requests arrive, the rule fills, events report it.

NautilusTrader's own matching fills a maker whole by the first quote that crosses it and a taker of any size
(docs/decisions/0008), so orders never reach it. This execution client takes the place of the simulated
exchange's: it holds requests until they arrive, hands them to `rule.Market`, and tells the engine what came
of them. Balance, positions and margin stay the engine's. Ticks are followed only while an order works and a
second longer, so that a replay may skip the rest (rule 9 of docs/fills.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.execution.client import ExecutionClient
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    LiquiditySide,
    OmsType,
    OrderSide,
    OrderType,
    TimeInForce,
)
from nautilus_trader.model.identifiers import AccountId, ClientId, ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order as EngineOrder

from phoenix_core.execution.arrival import arrival_ns
from phoenix_core.execution.depth import Depth, Snapshots
from phoenix_core.execution.rule import DEPTH_LIFE_NS, Filled, Market, Order, Rule
from phoenix_core.market import NS_PER_SECOND

FORCED = "forced"  # tag of an order that has to be filled at any price
MEMORY_NS = NS_PER_SECOND
_FIRST = 10  # our handlers come before those of strategies
_KINDS = {OrderType.MARKET, OrderType.LIMIT}
_LIVES = {TimeInForce.GTC, TimeInForce.IOC}


@dataclass(slots=True)
class Sent:
    """A request as it left the strategy, for whoever recomputes its fills.

    Attributes:
        order_id: The strategy's name for it.
        sent_ns: When it was sent.
        side: BUY or SELL.
        quantity: Base units, as a decimal's text.
        price: Limit likewise; empty: at market.
        post_only: Rejected rather than take.
        rests: Stays in the book.
        reduce_only: No more than the position.
        forced: Filled at any price.
        cancel_sent_ns: When its cancellation was first sent; None: never.
    """

    order_id: str
    sent_ns: int
    side: str
    quantity: str
    price: str
    post_only: bool
    rests: bool
    reduce_only: bool
    forced: bool
    cancel_sent_ns: int | None = None


class Exchange(ExecutionClient):
    """Fills the orders of one instrument by the rule.

    Args:
        engine: Its kernel's bus, cache and clock are used.
        instrument: What is traded.
        rule: Settings of the rule.
        latency_ns: From sending to arrival.
    """

    def __init__(self, engine: BacktestEngine, instrument: Instrument, rule: Rule, latency_ns: int) -> None:
        venue = instrument.id.venue
        super().__init__(
            client_id=ClientId(venue.value),
            venue=venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=instrument.get_settlement_currency(),
            msgbus=engine.kernel.msgbus,
            cache=engine.kernel.cache,
            clock=engine.kernel.clock,
        )
        self._set_account_id(AccountId(f"{venue.value}-001"))
        self._instrument = instrument
        self._latency_ns = latency_ns
        self._market = Market(rule)
        self._orders: dict[str, EngineOrder] = {}
        self._requests: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._depth: list[Snapshots] = []
        self._active_ns: int | None = None
        self._follows = False
        self._quote: QuoteTick | None = None
        topic = f"{venue}.{instrument.id.symbol}"
        self._topics: tuple[tuple[str, Callable[[Any], None]], ...] = (
            (f"data.trades.{topic}", self._on_trade),
            (f"data.quotes.{topic}", self._on_quote),
        )
        self.sent: dict[str, Sent] = {}

    def expect(self, depth: Snapshots | None) -> None:
        """Add the depth of the next day, where it has some; that of the day before is kept for its first minutes."""
        self._depth = [*self._depth[-1:], *([depth] if depth else [])]

    def needs_ticks(self, now_ns: int) -> bool:
        """Whether an order is on its way or works, or did within the last second."""
        return bool(self._requests or self._orders) or self._remembers(now_ns)

    def _start(self) -> None:
        self._set_connected(True)

    def _stop(self) -> None:
        self._set_connected(False)

    # -- requests ---------------------------------------------------------------------------------

    def submit_order(self, command: SubmitOrder) -> None:
        """Send an order on its way."""
        order = command.order
        now = self._clock.timestamp_ns()
        self.generate_order_submitted(order.strategy_id, order.instrument_id, order.client_order_id, now)
        self.sent[order.client_order_id.value] = Sent(
            order_id=order.client_order_id.value,
            sent_ns=now,
            side=order.side.name,
            quantity=str(order.quantity),
            price=str(order.price) if order.has_price else "",
            post_only=order.has_price and order.is_post_only,
            rests=_rests(order),
            reduce_only=order.is_reduce_only,
            forced=FORCED in (order.tags or ()),
        )
        self._send(lambda: self._arrive(order))

    def submit_order_list(self, command: SubmitOrderList) -> None:
        """Refuse: contingent orders are not simulated."""
        for order in command.order_list.orders:
            now = self._clock.timestamp_ns()
            self.generate_order_submitted(order.strategy_id, order.instrument_id, order.client_order_id, now)
            self._reject(order, "lists of orders are not simulated")

    def cancel_order(self, command: CancelOrder) -> None:
        """Send a cancellation on its way."""
        self._send_cancellation(command.client_order_id)

    def cancel_all_orders(self, command: CancelAllOrders) -> None:
        """Send the cancellation of every open order on its way."""
        for order in self._cache.orders_open(instrument_id=command.instrument_id, side=command.order_side):
            self._send_cancellation(order.client_order_id)

    def batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        """Send several cancellations on their way."""
        for cancel in command.cancels:
            self.cancel_order(cancel)

    def modify_order(self, command: ModifyOrder) -> None:
        """Refuse: a changed order is a new one at the end of the queue, so cancel it and send another."""
        self.generate_order_modify_rejected(
            command.strategy_id,
            command.instrument_id,
            command.client_order_id,
            command.venue_order_id,
            "orders are not modified: cancel it and send another",
            self._clock.timestamp_ns(),
        )

    def _send_cancellation(self, identity: ClientOrderId) -> None:
        sent = self.sent.get(identity.value)
        if sent is not None and sent.cancel_sent_ns is None:
            sent.cancel_sent_ns = self._clock.timestamp_ns()
        self._send(lambda: self._withdraw(identity))

    def _send(self, action: Callable[[], None]) -> None:
        due = arrival_ns(self._clock.timestamp_ns(), self._latency_ns)
        self._count += 1
        heappush(self._requests, (due, self._count, action))
        self._clock.set_time_alert_ns(f"arrival-{self._count}", due, self._on_arrival)

    def _on_arrival(self, event: object) -> None:
        """Let in what is due, in the order in which it was sent."""
        del event
        while self._requests and self._requests[0][0] <= self._clock.timestamp_ns():
            heappop(self._requests)[2]()

    # -- arrival ----------------------------------------------------------------------------------

    def _arrive(self, engine_order: EngineOrder) -> None:
        now = self._clock.timestamp_ns()
        if not self._is_informed(now):
            self._reject(engine_order, "no market: no quote is known")
            return
        if why := self._why_refused(engine_order):
            self._reject(engine_order, why)
            return
        order = _as_lots(engine_order)
        if order.post_only and self._market.would_take(order):
            self._reject(engine_order, "post-only, and it would have taken", due_post_only=True)
            return
        self._accept(engine_order)
        if engine_order.is_reduce_only:
            self._reduce(engine_order, order)
        self._orders[order.key] = engine_order
        self._report(self._market.arrive(order, self._depth_at(now)))
        if order.quantity and not order.rests:
            self._closed(order.key)
            self._cancelled(engine_order)

    def _withdraw(self, identity: ClientOrderId) -> None:
        order = self._orders.get(identity.value)
        if order is not None:
            self._market.cancel(identity.value)
            self._closed(identity.value)
            self._cancelled(order)

    def _why_refused(self, order: EngineOrder) -> str:
        if order.order_type not in _KINDS or order.time_in_force not in _LIVES or order.is_quote_quantity:
            return "only market and limit orders in base units, GTC or IOC, are simulated"
        if order.is_reduce_only and _rests(order):
            return "a reduce-only order that rests is not simulated: make it IOC"
        if order.is_reduce_only and self._room(order) <= 0:
            return "reduce-only, and it would have increased the position"
        return ""

    def _room(self, order: EngineOrder) -> int:
        """Lots that an order can close."""
        held = sum(
            (1 if position.is_long else -1) * position.quantity.raw
            for position in self._cache.positions_open(instrument_id=self._instrument.id)
        )
        return int(-_sign(order) * held)

    def _reduce(self, engine_order: EngineOrder, order: Order) -> None:
        room = self._room(engine_order)
        if order.quantity > room:
            order.quantity = room
            self.generate_order_updated(
                engine_order.strategy_id,
                engine_order.instrument_id,
                engine_order.client_order_id,
                engine_order.venue_order_id,
                self._quantity(room),
                engine_order.price if engine_order.has_price else None,
                None,
                self._clock.timestamp_ns(),
            )

    def _depth_at(self, now_ns: int) -> Depth | None:
        known = (day.last_known(now_ns) for day in reversed(self._depth))
        depth = next((one for one in known if one is not None), None)
        return None if depth is None or now_ns - depth.ts > DEPTH_LIFE_NS else depth

    # -- the market -------------------------------------------------------------------------------

    def _is_informed(self, now_ns: int) -> bool:
        """Know the quote in force, and follow the market from here on; whether there is a quote."""
        quote = self._cache.quote_tick(self._instrument.id)
        if not self._remembers(now_ns) and not self._orders and quote is not None:
            if self._quote is None or QuoteTick.to_dict(quote) != QuoteTick.to_dict(self._quote):
                self._market.forget()
            self._show(quote)
        self._active_ns = now_ns
        if not self._follows:
            for topic, handler in self._topics:
                self._msgbus.subscribe(topic, handler, priority=_FIRST)
            self._follows = True
        return quote is not None

    def _remembers(self, now_ns: int) -> bool:
        return self._active_ns is not None and now_ns <= self._active_ns + MEMORY_NS

    def _show(self, quote: QuoteTick) -> list[Filled]:
        self._quote = quote
        return self._market.quote(quote.bid_price.raw, quote.bid_size.raw, quote.ask_price.raw, quote.ask_size.raw)

    def _on_quote(self, quote: QuoteTick) -> None:
        if self._still_follows(quote.ts_init):
            self._report(self._show(quote))

    def _on_trade(self, trade: TradeTick) -> None:
        if self._still_follows(trade.ts_init):
            aggressor = 1 if trade.aggressor_side == AggressorSide.BUYER else -1
            self._report(self._market.trade(trade.price.raw, trade.size.raw, aggressor))

    def _still_follows(self, now_ns: int) -> bool:
        if self._orders:
            self._active_ns = now_ns
        elif not self._remembers(now_ns):
            for topic, handler in self._topics:
                self._msgbus.unsubscribe(topic, handler)
            self._follows = False
        return self._follows

    # -- events -----------------------------------------------------------------------------------

    def _report(self, filled: Iterable[Filled]) -> None:
        for fill in filled:
            order = self._orders[fill.key]
            price = Price.from_raw(fill.price, self._instrument.price_precision)
            quantity = self._quantity(fill.quantity)
            self._count += 1
            self.generate_order_filled(
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                venue_position_id=None,
                trade_id=TradeId(f"{self.id}-{self._count}"),
                order_side=order.side,
                order_type=order.order_type,
                last_qty=quantity,
                last_px=price,
                quote_currency=self._instrument.quote_currency,
                commission=self._fee(quantity, price, is_maker=fill.is_maker),
                liquidity_side=LiquiditySide.MAKER if fill.is_maker else LiquiditySide.TAKER,
                ts_event=self._clock.timestamp_ns(),
            )
            if order.is_closed:
                self._closed(fill.key)

    def _fee(self, quantity: Quantity, price: Price, *, is_maker: bool) -> Money:
        share = self._instrument.maker_fee if is_maker else self._instrument.taker_fee
        notional = self._instrument.notional_value(quantity, price)
        return Money(notional.as_decimal() * share, self._instrument.quote_currency)

    def _quantity(self, lots: int) -> Quantity:
        return Quantity.from_raw(lots, self._instrument.size_precision)

    def _accept(self, order: EngineOrder) -> None:
        self._count += 1
        self.generate_order_accepted(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            VenueOrderId(f"{self.id}-{self._count}"),
            self._clock.timestamp_ns(),
        )

    def _reject(self, order: EngineOrder, why: str, *, due_post_only: bool = False) -> None:
        self.generate_order_rejected(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            why,
            self._clock.timestamp_ns(),
            due_post_only,
        )

    def _cancelled(self, order: EngineOrder) -> None:
        self.generate_order_canceled(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
            self._clock.timestamp_ns(),
        )

    def _closed(self, key: str) -> None:
        self._orders.pop(key, None)
        self._active_ns = self._clock.timestamp_ns()


def _sign(order: EngineOrder) -> int:
    return 1 if order.side == OrderSide.BUY else -1


def _rests(order: EngineOrder) -> bool:
    return bool(order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC)


def _as_lots(order: EngineOrder) -> Order:
    return Order(
        key=order.client_order_id.value,
        sign=_sign(order),
        quantity=order.quantity.raw,
        price=order.price.raw if order.has_price else None,
        post_only=bool(order.has_price and order.is_post_only),
        rests=_rests(order),
        forced=FORCED in (order.tags or ()),
    )
