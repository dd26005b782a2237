"""The fill rule: what the market could have given to our orders. docs/fills.md states it in words.

A kernel of integers: quotes, trades and arrivals go in, fills come out. It knows no clock, no account and no
engine, so that any replay can call it. The numbers in comments are those of docs/fills.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from phoenix_core.execution.depth import Depth, Grid, Walk
from phoenix_core.execution.shown import Shown

FORCED_HUNDREDTHS = 500  # what must be closed and finds no depth pays 5 % from the mid
DEPTH_LIFE_NS = 300 * 1_000_000_000  # an older snapshot is none

_NO_DEPTH = Depth(0)


class QueueDepletion(StrEnum):
    """How cancellations ahead move a maker's queue."""

    NONE = "none"  # only trades do, and the level's disappearance
    BOUNDED = "bounded"  # never more ahead than is shown at the price
    PROPORTIONAL = "proportional"  # cancelled lots stood before and behind us in proportion


@dataclass(slots=True)
class Order:
    """An order as it arrives.

    Attributes:
        key: Its name.
        sign: +1 buys, -1 sells.
        quantity: Lots, all of them at first and what is left later.
        price: Limit; None: at market.
        post_only: Rejected rather than take.
        rests: What it can't take stays in the book.
        forced: Has to be closed at any price.
        ahead: Lots that stand before it; None: not known, since its price was never the best.
        level: Lots last known at its price.
    """

    key: str
    sign: int
    quantity: int
    price: int | None = None
    post_only: bool = False
    rests: bool = False
    forced: bool = False
    ahead: int | None = 0
    level: int = 0


class Filled(NamedTuple):
    """Lots that an order got."""

    key: str
    price: int
    quantity: int
    is_maker: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """The settings of the rule.

    Attributes:
        grid: Steps of price and quantity.
        queues: A maker waits for the size ahead of it.
        depletion: How cancellations move that queue.
        quotes_fill: Sizes of quotes are what somebody showed. Those of implied quotes are not, and fill no maker.
        touched: Whether a trade at a maker's very price reaches it: a draw of chance, or always.
        slipped: Whether a fill at market pays a tick more: likewise, or never.
    """

    grid: Grid
    queues: bool = True
    depletion: QueueDepletion = QueueDepletion.NONE
    quotes_fill: bool = True
    touched: Callable[[], bool] = lambda: True
    slipped: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Market:
    """The market as our orders meet it: the last quote, our resting orders, and what we took.

    Attributes:
        rule: Settings.
        bids: The side that sellers take.
        asks: The side that buyers take.
        resting: Orders in the book, best price first, then in order of arrival.
    """

    rule: Rule
    bids: Shown = field(default_factory=lambda: Shown(-1))
    asks: Shown = field(default_factory=lambda: Shown(+1))
    resting: list[Order] = field(default_factory=list)
    _reached: dict[int, tuple[int, int]] = field(default_factory=dict)

    # -- what the market does ---------------------------------------------------------------------

    def quote(self, bid: int, bid_size: int, ask: int, ask_size: int) -> list[Filled]:
        """Follow a quote: it moves queues (rule 3), and what it shows at a maker's price fills (rule 5)."""
        self.bids.show(bid, bid_size)
        self.asks.show(ask, ask_size)
        filled = []
        for order in self.resting:
            near, far = self._sides(order.sign)
            self._follow_level(order, near)
            if self.rule.quotes_fill and _reaches(order, far.price):
                lots = far.take(order.quantity, order.price or 0)
                filled += [_fill(order, lots)] if lots else []
        return self._settle(filled)

    def trade(self, price: int, size: int, aggressor: int) -> list[Filled]:
        """Let a trade pass: it moves queues and fills what stands behind them (rule 4).

        Args:
            price: Of the trade.
            size: Lots.
            aggressor: +1 where a buyer took, -1 where a seller did.
        """
        filled: list[Filled] = []
        given = 0
        self._sides(aggressor)[1].traded(price, size)
        for order in self.resting:
            if order.sign == aggressor or not _reaches(order, price):
                continue
            lots = min(order.quantity, _past_the_queue(order, price, size) - given)
            if lots > 0 and (price != order.price or self.rule.touched()):
                given += lots
                filled.append(_fill(order, lots))
        return self._settle(filled)

    # -- what we do -------------------------------------------------------------------------------

    def would_take(self, order: Order) -> bool:
        """Whether an order would meet the other side at once."""
        return order.price is None or _reaches(order, self._sides(order.sign)[1].price)

    def arrive(self, order: Order, depth: Depth | None = None) -> list[Filled]:
        """Take what can be taken now (rules 6 to 8), and stand in the queue with the rest if it may (rule 3).

        Args:
            order: As it arrives; afterwards its quantity is what is left.
            depth: The snapshot in force; None: none is.
        """
        crosses = self.would_take(order)
        filled = self._take(order, depth or _NO_DEPTH) if crosses else []
        if order.rests and order.quantity:
            self._stand(order)
        return filled

    def cancel(self, key: str) -> None:
        """Take an order out of the book."""
        self.resting = [order for order in self.resting if order.key != key]

    def forget(self) -> None:
        """Forget which of the lots that are shown were taken; the depth stays taken until its next snapshot."""
        self.bids.forget()
        self.asks.forget()

    # -- rules ------------------------------------------------------------------------------------

    def _sides(self, sign: int) -> tuple[Shown, Shown]:
        """The side that an order joins, and the one that it takes."""
        return (self.bids, self.asks) if sign > 0 else (self.asks, self.bids)

    def _stand(self, order: Order) -> None:
        near = self._sides(order.sign)[0]
        order.ahead = order.level = 0
        if self.rule.queues and order.price is not None:
            distance = order.sign * (order.price - near.price)
            if distance == 0:
                order.ahead = order.level = near.size
            elif distance < 0:
                order.ahead = None
        self.resting.append(order)
        self.resting.sort(key=lambda one: -one.sign * (one.price or 0))  # stable: then by arrival

    def _follow_level(self, order: Order, near: Shown) -> None:
        if order.price is None or order.ahead == 0:
            return
        distance = order.sign * (order.price - near.price)
        if distance > 0:  # the level is gone, and with it whoever stood there
            order.ahead = order.level = 0
        elif distance == 0:
            order.ahead = near.size if order.ahead is None else self._depleted(order, order.ahead, near.size)
            order.level = near.size

    def _depleted(self, order: Order, ahead: int, size: int) -> int:
        match self.rule.depletion:
            case QueueDepletion.BOUNDED:
                return min(ahead, size)
            case QueueDepletion.PROPORTIONAL if order.level > size:
                step = self.rule.grid.step
                gone = ahead * (order.level - size) // order.level // step * step
                return min(ahead - gone, size)
            case QueueDepletion.PROPORTIONAL:
                return min(ahead, size)
            case QueueDepletion.NONE:
                return ahead

    def _take(self, order: Order, depth: Depth) -> list[Filled]:
        far = self._sides(order.sign)[1]
        filled = []
        if lots := far.take(order.quantity, far.price):
            filled.append(self._pay(order, far.price, lots))
        walk = Walk(far, Fraction(self.bids.price + self.asks.price, 2), self._bands(depth, far), self.rule.grid)
        if order.quantity:
            since, reached = self._reached.get(far.sign, (0, 0))
            for price, lots, at in walk.steps(order.quantity, reached if since == depth.ts else 0, order.price):
                filled.append(self._pay(order, price, lots))
                far.note(lots, price)
                self._reached[far.sign] = depth.ts, at
        if order.quantity and order.forced:
            filled.append(self._pay(order, walk.last_resort(FORCED_HUNDREDTHS), order.quantity))
        return filled

    def _bands(self, depth: Depth, far: Shown) -> tuple[tuple[int, int], ...]:
        return depth.asks if far.sign > 0 else depth.bids

    def _pay(self, order: Order, price: int, lots: int) -> Filled:
        order.quantity -= lots
        slips = order.price is None and self.rule.slipped()
        return Filled(order.key, price + order.sign * self.rule.grid.tick * slips, lots, is_maker=False)

    def _settle(self, filled: list[Filled]) -> list[Filled]:
        if filled:
            self.resting = [order for order in self.resting if order.quantity]
        return filled


def _reaches(order: Order, price: int) -> bool:
    """Whether a price of the other side is an order's limit or better."""
    return order.price is not None and order.sign * (price - order.price) <= 0


def _past_the_queue(order: Order, price: int, size: int) -> int:
    """Lots of a trade that come past those ahead of an order, which move up."""
    if price != order.price:  # it traded through: nobody is ahead any more
        order.ahead = order.level = 0
        return size
    order.level -= min(order.level, size)
    if order.ahead is None:
        return 0
    passed = min(order.ahead, size)
    order.ahead -= passed
    return size - passed


def _fill(order: Order, lots: int) -> Filled:
    order.quantity -= lots
    return Filled(order.key, order.price or 0, lots, is_maker=True)
