"""An order in three forms: the engine's, the rule's, and as it was sent, for whoever recomputes its fills."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from nautilus_trader.model.enums import OrderSide, OrderType, TimeInForce
from nautilus_trader.model.orders import Order as EngineOrder

from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.rule import Order

FORCED = "forced"  # tag of an order that has to be filled at any price
_BY = "forced by "  # and of what forced it
_KINDS = {OrderType.MARKET, OrderType.LIMIT}
_LIVES = {TimeInForce.GTC, TimeInForce.IOC}


@dataclass(slots=True)
class Sent:
    """A request as it left the strategy, for whoever recomputes its fills.

    Attributes:
        order_id: The strategy's name for it.
        sent_ns: When it was sent.
        side: BUY or SELL.
        quantity: Base units.
        price: Limit; None: at market.
        post_only: Rejected rather than take.
        rests: Stays in the book.
        reduce_only: No more than the position.
        forced: Filled at any price.
        cancel_sent_ns: When its cancellation was first sent; None: never.
    """

    order_id: str
    sent_ns: int
    side: str
    quantity: Decimal
    price: Decimal | None
    post_only: bool
    rests: bool
    reduce_only: bool
    forced: bool
    cancel_sent_ns: int | None = None


def tags_forced_by(reason: OrderReason) -> list[str]:
    """Tags of an order that something else than its strategy demands.

    >>> forced_by(tags_forced_by(OrderReason.LIQUIDATION))
    <OrderReason.LIQUIDATION: 'liquidation'>
    """
    return [FORCED, f"{_BY}{reason.value}"]


def forced_by(tags: Iterable[str]) -> OrderReason | None:
    """What forced an order; None: its strategy sent it."""
    return next((OrderReason(tag.removeprefix(_BY)) for tag in tags if tag.startswith(_BY)), None)


def sent_of(order: EngineOrder, now_ns: int, limit: Decimal | None) -> Sent:
    """An order as it leaves the gateway, perhaps under a limit that protects it."""
    return Sent(
        order_id=order.client_order_id.value,
        sent_ns=now_ns,
        side=order.side.name,
        quantity=order.quantity.as_decimal(),
        price=order.price.as_decimal() if order.has_price else limit,
        post_only=bool(order.has_price and order.is_post_only),
        rests=rests(order),
        reduce_only=order.is_reduce_only,
        forced=FORCED in (order.tags or ()),
    )


def order_of(order: EngineOrder, limit: int | None) -> Order:
    """An order in the rule's lots, perhaps under a limit that protects it."""
    return Order(
        key=order.client_order_id.value,
        sign=sign_of(order),
        quantity=order.quantity.raw,
        price=order.price.raw if order.has_price else limit,
        post_only=bool(order.has_price and order.is_post_only),
        rests=rests(order),
        forced=FORCED in (order.tags or ()),
    )


def sign_of(order: EngineOrder) -> int:
    """+1 buys, -1 sells."""
    return 1 if order.side == OrderSide.BUY else -1


def rests(order: EngineOrder) -> bool:
    """Whether an order stays in the book."""
    return bool(order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC)


def why_not_simulated(order: EngineOrder) -> str:
    """Why the rule says nothing about an order (rule 12); empty where it does."""
    if order.order_type not in _KINDS or order.time_in_force not in _LIVES or order.is_quote_quantity:
        return "only market and limit orders in base units, GTC or IOC, are simulated"
    if order.is_reduce_only and rests(order):
        return "a reduce-only order that rests is not simulated: make it IOC"
    return ""
