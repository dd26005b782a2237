"""The exchange behind NautilusTrader's account and events: requests arrive, the rule fills, events report it.

NautilusTrader's own matching fills a maker whole by the first quote that crosses it and a taker of any size
(docs/decisions/0014), so orders never reach it. This execution client takes the place of the simulated
exchange's: it holds requests until they arrive, hands them to `rule.Market`, and tells the engine what came
of them. Balance, positions and margin stay the engine's. Ticks are followed only while an order works and a
second longer, so that a replay may skip the rest (rule 9 of docs/fills.md).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide, OrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order as EngineOrder

from phoenix_core.execution.arrival import arrival_ns
from phoenix_core.execution.depth import Depth
from phoenix_core.execution.largest_position import why_too_large
from phoenix_core.execution.orders import Sent, order_of, sent_of, sign_of, why_not_simulated
from phoenix_core.execution.reporting import ReportingClient
from phoenix_core.execution.rule import DEPTH_LIFE_NS, Filled, Market, Order, Rule
from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.execution.transit import Transit
from phoenix_core.market import NS_PER_SECOND

MEMORY_NS = NS_PER_SECOND
_FIRST = 10  # our handlers come before those of strategies


class Exchange(ReportingClient):
    """Fills the orders of one instrument by the rule.

    Args:
        engine: Its kernel's bus, cache and clock are used.
        instrument: What is traded.
        rule: Settings of the rule.
        latency_ns: From sending to arrival.
        is_fed_apart: What the engine publishes is seen late. The market itself then comes as custom data.
    """

    def __init__(
        self,
        engine: BacktestEngine,
        instrument: Instrument,
        rule: Rule,
        latency_ns: int,
        *,
        is_fed_apart: bool = False,
    ) -> None:
        super().__init__(engine, instrument)
        self._latency_ns = latency_ns
        self._market = Market(rule)
        self._orders: dict[str, EngineOrder] = {}
        self._transit, self._rank = Transit(self._clock), 0
        self._depth: list[Snapshots] = []
        self._largest: Decimal | None = None
        self._active_ns: int | None = None
        self._follows = False
        self._quote: QuoteTick | None = None
        self._is_fed_apart = is_fed_apart
        self._last_quote: QuoteTick | None = None
        topic = f"{instrument.id.venue}.{instrument.id.symbol}"
        trades, quotes = ("TradeTick", "QuoteTick") if is_fed_apart else ("trades", "quotes")
        self._topics: tuple[tuple[str, Callable[[Any], None]], ...] = (
            (f"data.{trades}.{topic}", self._on_trade),
            (f"data.{quotes}.{topic}", self._on_quote),
        )
        if is_fed_apart:
            self._msgbus.subscribe(f"data.{quotes}.{topic}", self._keep, priority=_FIRST + 1)
        self.sent: dict[str, Sent] = {}
        self._delivered_at: Decimal | None = None

    def share(self, transit: Transit, rank: int) -> None:
        """Be one of several instruments of a venue.

        Args:
            transit: Of the venue.
            rank: Of this instrument among them, from 0 on.
        """
        self._transit, self._rank = transit, rank
        self._names = self._instrument.id.symbol.value

    def expect(self, depth: Snapshots | None, largest: Decimal | None = None) -> None:
        """Begin the next day.

        Args:
            depth: Of the day, where it has some; that of the day before is kept for its first minutes.
            largest: Notional that a position may have on it, in quote units; None: any.
        """
        self._depth = [*self._depth[-1:], *([depth] if depth else [])]
        self._largest = largest

    @property
    def is_delivered(self) -> bool:
        """Whether the contract has ended."""
        return self._delivered_at is not None

    def deliver(self, price: Decimal) -> None:
        """End the contract at a price: orders in the book are gone, and those on their way find nothing."""
        self._delivered_at = price
        for key in list(self._orders):
            self._withdraw(ClientOrderId(key))

    def _after_delivery(self, order: EngineOrder, *, is_its_own: bool) -> None:
        """Fill the order that closes what was held at the price of delivery, for a taker's fee; refuse any other."""
        if self._delivered_at is None or not is_its_own:
            self._reject(order, "the contract was delivered")
            return
        self._accept(order)
        # The average of an index has more decimals than the instrument's prices.
        places = Decimal(1).scaleb(-self._instrument.price_precision)
        price = self._instrument.make_price(self._delivered_at.quantize(places))
        self._filled(order, Filled(order.client_order_id.value, price.raw, order.quantity.raw, is_maker=False))

    def needs_ticks(self, now_ns: int) -> bool:
        """Whether an order is on its way or works, or did within the last second."""
        return bool(self._transit.holds(self._rank) or self._orders) or self._remembers(now_ns)

    def unfinished_orders(self, side: OrderSide = OrderSide.NO_ORDER_SIDE) -> list[EngineOrder]:
        """Orders that have not ended, those on their way included, in the order in which they were made."""
        chosen = {"instrument_id": self._instrument.id, "side": side}
        found = {*self._cache.orders_open(**chosen), *self._cache.orders_inflight(**chosen)}
        return sorted(found, key=lambda order: (order.ts_init, order.client_order_id.value))

    # -- requests ---------------------------------------------------------------------------------

    def submit_order(self, command: SubmitOrder) -> None:
        """Send an order on its way."""
        self._acknowledge(command.order)
        self._request(command.order)

    def submit_order_list(self, command: SubmitOrderList) -> None:
        """Refuse: contingent orders are not simulated."""
        for order in command.order_list.orders:
            self._acknowledge(order)
            self._reject(order, "lists of orders are not simulated")

    def cancel_order(self, command: CancelOrder) -> None:
        """Send a cancellation on its way."""
        self._send_cancellation(command.client_order_id)

    def cancel_all_orders(self, command: CancelAllOrders) -> None:
        """Send the cancellation of every open order on its way."""
        for order in self.unfinished_orders(command.order_side):
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

    def _acknowledge(self, order: EngineOrder) -> None:
        now = self._clock.timestamp_ns()
        self.generate_order_submitted(order.strategy_id, order.instrument_id, order.client_order_id, now)

    def _request(self, order: EngineOrder, limit: int | None = None) -> None:
        """Send an order on its way, a market order perhaps under a limit."""
        protected = None if limit is None else Price.from_raw(limit, self._instrument.price_precision).as_decimal()
        self.sent[order.client_order_id.value] = sent_of(order, self._clock.timestamp_ns(), protected)
        self._send(lambda: self._arrive(order, limit))

    def _send_cancellation(self, identity: ClientOrderId) -> None:
        sent = self.sent.get(identity.value)
        if sent is not None and sent.cancel_sent_ns is None:
            sent.cancel_sent_ns = self._clock.timestamp_ns()
        self._send(lambda: self._withdraw(identity))

    def _send(self, action: Callable[[], None]) -> None:
        due = arrival_ns(self._clock.timestamp_ns(), self._latency_ns)
        self._transit.send(due, self._rank, next(self._numbers), action)

    # -- arrival ----------------------------------------------------------------------------------

    def _arrive(self, engine_order: EngineOrder, limit: int | None) -> None:
        now = self._clock.timestamp_ns()
        if self.is_delivered:
            self._reject(engine_order, "the contract was delivered")
            return
        if not self._is_informed(now):
            self._reject(engine_order, "no market: no quote is known")
            return
        if why := self._why_refused(engine_order):
            self._reject(engine_order, why)
            return
        order = order_of(engine_order, limit)
        if order.post_only and self._market.would_take(order):
            self._reject(engine_order, "post-only, and it would have taken", due_post_only=True)
            return
        if not engine_order.is_reduce_only and (why := self._why_unpaid(order)):
            self._reject(engine_order, why)
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
        if why := why_not_simulated(order):
            return why
        if order.is_reduce_only and self._room(order) <= 0:
            return "reduce-only, and it would have increased the position"
        return ""

    def _why_unpaid(self, order: Order) -> str:
        best, resting = self._quote.ask_price.raw if self._quote is not None else 0, self._market.resting
        too_large = why_too_large(self._largest, self._position, order, resting, best)
        return too_large or self.account.why_refused(order, best, resting)

    def _room(self, order: EngineOrder) -> int:
        """Lots that an order can close, in whole steps: a fee that is taken from coins leaves less than one."""
        step = int(self._instrument.size_increment.raw)
        return int(-sign_of(order) * self._position) // step * step

    @property
    def _position(self) -> int:
        """Lots, negative where short."""
        return sum(
            (1 if position.is_long else -1) * int(position.quantity.raw)
            for position in self._cache.positions_open(instrument_id=self._instrument.id)
        )

    def _reduce(self, engine_order: EngineOrder, order: Order) -> None:
        room = self._room(engine_order)
        if order.quantity > room:
            order.quantity = room
            self._cut(engine_order, room)

    def _depth_at(self, now_ns: int) -> Depth | None:
        known = (day.last_known(now_ns) for day in reversed(self._depth))
        depth = next((one for one in known if one is not None), None)
        return None if depth is None or now_ns - depth.ts > DEPTH_LIFE_NS else depth

    # -- the market -------------------------------------------------------------------------------

    def _is_informed(self, now_ns: int) -> bool:
        """Know the quote in force, and follow the market from here on; whether there is a quote."""
        quote = self._last_quote if self._is_fed_apart else self._cache.quote_tick(self._instrument.id)
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

    def _keep(self, quote: QuoteTick) -> None:
        self._last_quote = quote

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
            self._filled(order, fill)
            if order.is_closed:
                self._closed(fill.key)

    def _closed(self, key: str) -> None:
        self._orders.pop(key, None)
        self._active_ns = self._clock.timestamp_ns()
