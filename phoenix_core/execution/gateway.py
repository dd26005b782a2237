"""What stands between a strategy and the exchange, whatever strategy: latency jitter and price protection.

An order is held here for the random part of its latency, and can be taken back until then. A market order
under price protection goes out as one that takes nothing further than some ticks from the quote that the
strategy saw. After the end of a session only what closes a position is let through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.execution.messages import CancelOrder, SubmitOrder
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order as EngineOrder

from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.exchange import Exchange
from phoenix_core.execution.orders import forced_by, sign_of
from phoenix_core.execution.rule import Rule


@dataclass(frozen=True, slots=True)
class Conditions:
    """How requests travel.

    Attributes:
        latency_ns: From sending to arrival.
        jitter_ns: Draws for each order how much longer it takes.
        feed_latency_ns: From an event at the exchange until the strategy sees it.
        protection_ticks: A market order takes no price further than this from the quote seen; 0: any price.
    """

    latency_ns: int
    jitter_ns: Callable[[], int] = int
    feed_latency_ns: int = 0
    protection_ticks: int = 0


def _nobody(gateway: "Gateway", order: EngineOrder) -> str:
    del gateway, order
    return ""


class Gateway(Exchange):
    """The exchange as a strategy reaches it.

    Args:
        engine: Its kernel's bus, cache and clock are used.
        instrument: What is traded.
        rule: Settings of the fill rule.
        conditions: How requests travel.

    Attributes:
        is_open: Orders are let in, not only such as close.
        judged_by: Says why the account as a whole does not let an order in that nothing forces; empty where it does.
    """

    def __init__(self, engine: BacktestEngine, instrument: Instrument, rule: Rule, conditions: Conditions) -> None:
        super().__init__(engine, instrument, rule, conditions.latency_ns, is_fed_apart=conditions.feed_latency_ns > 0)
        self._conditions = conditions
        self._held: dict[ClientOrderId, tuple[EngineOrder, int | None]] = {}
        self.is_open = True
        self.judged_by: Callable[[Gateway, EngineOrder], str] = _nobody

    @property
    def mid(self) -> Decimal | None:
        """Of the best quotes as strategies see them; None: there is no quote yet."""
        quote = self._cache.quote_tick(self._instrument.id)
        return (quote.bid_price.as_decimal() + quote.ask_price.as_decimal()) / 2 if quote is not None else None

    def needs_ticks(self, now_ns: int) -> bool:
        """Whether an order is held, on its way, or works, or did within the last second."""
        return bool(self._held) or super().needs_ticks(now_ns)

    def can_take_back(self, order: EngineOrder) -> bool:
        """Whether an order was not sent yet, and nothing forces it."""
        return order.client_order_id in self._held and not forced_by(order.tags or ())

    def refuse(self, order: EngineOrder, why: str) -> None:
        """Don't let an order in."""
        self._acknowledge(order)
        self._reject(order, why)

    def submit_order(self, command: SubmitOrder) -> None:
        """Hold an order for its jitter, then send it."""
        order = command.order
        self._acknowledge(order)
        reason = forced_by(order.tags or ())
        if self.is_delivered:
            self._after_delivery(order, is_its_own=reason is OrderReason.DELIVERY)
            return
        if not (self.is_open or reason or order.is_reduce_only):
            self._reject(order, "the session has ended: only what closes a position is let through")
            return
        if not reason and (why := self.judged_by(self, order)):
            self._reject(order, why)
            return
        limit = None if reason else self._protected(order)
        # The end of the session is no event of the market: nothing delays leaving there.
        wait = 0 if reason is OrderReason.SESSION_END else self._conditions.jitter_ns()
        if not wait:
            self._request(order, limit)
            return
        self._held[order.client_order_id] = (order, limit)
        name = f"held-{order.client_order_id}"
        due = self._clock.timestamp_ns() + wait
        self._clock.set_time_alert_ns(name, due, lambda _: self._release(order.client_order_id))

    def cancel_order(self, command: CancelOrder) -> None:
        """Take back an order that is still held; send the cancellation of any other on its way."""
        self._send_cancellation(command.client_order_id)

    def _send_cancellation(self, identity: ClientOrderId) -> None:
        held = self._held.get(identity)
        if held is None or forced_by(held[0].tags or ()):  # what is forced is taken back by nobody
            super()._send_cancellation(identity)
        else:
            del self._held[identity]
            self._cancelled(held[0])

    def deliver(self, price: Decimal) -> None:
        """End the contract: what is held back or works is gone at once, and nothing is let in any more."""
        held, self._held = self._held, {}
        for order, _ in held.values():
            self._cancelled(order)
        super().deliver(price)

    def _release(self, identity: ClientOrderId) -> None:
        if (held := self._held.pop(identity, None)) is not None:
            self._request(*held)

    def _protected(self, order: EngineOrder) -> int | None:
        """The worst price of a market order under protection, on the tick that is no worse; None: any."""
        ticks = self._conditions.protection_ticks
        quote = self._cache.quote_tick(self._instrument.id)
        if order.order_type != OrderType.MARKET or not ticks or quote is None:
            return None
        tick = self._instrument.price_increment.raw
        seen = quote.ask_price.raw if sign_of(order) > 0 else quote.bid_price.raw
        return int(max(tick, seen + sign_of(order) * ticks * tick) // tick * tick)
