"""The exchange as a trader reaches it, on a tape: what `execution.gateway` and `execution.exchange` are to the engine.

Requests travel, arrive, and are filled by the same rule; events are recorded as the engine's are. A trader is told of
its orders as the strategy is by the engine.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count

import numpy as np
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity

from phoenix_core.backtest.arrays.account import Account
from phoenix_core.backtest.arrays.orders import Records, Working
from phoenix_core.errors import ReplayUnsuitable
from phoenix_core.execution.arrival import arrival_ns
from phoenix_core.execution.decisions import Annotation, Decision, Fill, OrderReason
from phoenix_core.execution.depth import Depth
from phoenix_core.execution.exchange import MEMORY_NS
from phoenix_core.execution.gateway import Conditions
from phoenix_core.execution.holding import payoff_of_instrument
from phoenix_core.execution.largest_position import why_too_large
from phoenix_core.execution.orders import Sent
from phoenix_core.execution.passing import Passage
from phoenix_core.execution.reporting import commission
from phoenix_core.execution.rule import DEPTH_LIFE_NS, Filled, Market, Order, Rule
from phoenix_core.execution.snapshots import Snapshots
from phoenix_core.execution.tape import Place, Tape
from phoenix_core.market import NS_PER_SECOND
from phoenix_core.strategies.contract import Trader

Annotations = tuple[tuple[str, Annotation], ...]
_REMEMBERED = 65_536  # prices: many experiments trade at the same
_MOST_A_SECOND = 100  # from here on NautilusTrader's risk engine refuses orders


class Desk:
    """Sends orders, lets them arrive, and keeps the account.

    Args:
        instrument: What is traded.
        rule: Settings of the fill rule.
        conditions: How requests travel; a fixed latency, and nothing is seen late.
        account: Where fills are booked.

    Attributes:
        now: Nanoseconds.
        trader: Who is told of orders.
        passage: The market on its way along the day's tape.
        is_open: Whether orders that close nothing are let in.
        working: Orders that have not ended, by name, those on their way included.
    """

    trader: Trader

    def __init__(self, instrument: Instrument, rule: Rule, conditions: Conditions, account: Account) -> None:
        self.now = 0
        self.is_open = True
        self.records = Records()
        self.account = account
        self.working: dict[str, Working] = {}
        self._instrument = instrument
        self._payoff = payoff_of_instrument(instrument)
        self._venue = instrument.id.venue.value
        self._conditions = conditions
        self._market = Market(rule)
        self.passage: Passage
        self._in_market: dict[str, Working] = {}
        self._requests: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count(1)
        self._depth: list[Snapshots] = []
        self._active_ns: int | None = None
        self._known: tuple[int, ...] | None = None
        self._sent_ns: deque[int] = deque(maxlen=_MOST_A_SECOND)
        self._least, self._most = instrument.min_quantity.raw, instrument.max_quantity.raw
        # Of the day before: its last sale, whether its last quote is in front of the next, and whether that was shown.
        self._sale, self._is_carried, self._was_shown = 0, False, False

    # -- what a trader asks -----------------------------------------------------------------------

    @property
    def position(self) -> Decimal:
        """Base units held."""
        return self.account.position

    @property
    def equity(self) -> Decimal:
        """Balance in quote units."""
        return self.account.balance

    def quote(self) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask in force."""
        row = self.passage.place.quote - 1
        if row < 0:
            return None
        bid, _, ask, _ = self.passage.tape.quote(row)
        return self._decimal(bid), self._decimal(ask)

    def last_sale(self) -> Decimal | None:
        """Price of the last sale by an aggressor, of this day or one before."""
        price = self._last_sale_of(self.passage.tape, self.passage.place.trade)
        return self._decimal(price) if price else None

    def buy_as_maker(
        self, quantity: Decimal, price: Decimal, annotations: Annotations, named: Callable[[str], None]
    ) -> None:
        """Send a post-only limit order; its name is told before it goes."""
        order = self._made(+1, quantity, self._instrument.make_price(price), annotations, None)
        named(order.id)
        self._submit(order)

    def sell_at_market(
        self, quantity: Decimal, annotations: Annotations = (), forced_by: OrderReason | None = None
    ) -> None:
        """Send an order that closes the position."""
        self._submit(self._made(-1, quantity, None, annotations, forced_by))

    def cancel(self, name: str) -> None:
        """Send a cancellation, unless the order has ended or one is on its way."""
        order = self.working.get(name)
        if order is None or order.is_pending_cancel:
            return
        order.is_pending_cancel = True
        sent = self.records.sent[name]
        if sent.cancel_sent_ns is None:
            sent.cancel_sent_ns = self.now
        self._send(lambda: self._withdraw(name))

    # -- time -------------------------------------------------------------------------------------

    @property
    def next_arrival_ns(self) -> int | None:
        """When the next request arrives."""
        return self._requests[0][0] if self._requests else None

    def let_in(self) -> None:
        """Let in what is due, in the order in which it was sent."""
        while self._requests and self._requests[0][0] <= self.now:
            heappop(self._requests)[2]()

    def begin(self, tape: Tape, depth: Snapshots | None, largest: Decimal | None = None) -> None:
        """Begin a day.

        Args:
            tape: Has the last quote before the day in front, where there was one.
            depth: Of the day, where it has some.
            largest: Notional that a position may have on it, in quote units; None: any.
        """
        self._largest = largest
        self.passage = Passage(
            self._market, tape, Place(0, int(self._is_carried)), shown=0 if self._was_shown and self._is_carried else -1
        )
        self._depth = [*self._depth[-1:], *([depth] if depth else [])]
        self.is_open = True

    def end(self) -> None:
        """End a day: keep what the next needs to know of it, and let go of its tape."""
        tape = self.passage.tape
        self._is_carried = tape.quotes.ts.size > 0
        self._was_shown = self.passage.shown == tape.quotes.ts.size - 1
        self._sale = self._last_sale_of(tape)
        del self.passage

    def go_to(self, place: Place) -> bool:
        """Let ticks pass up to a place, or to the first that fills something; whether one did."""
        passage = self.passage
        if self._active_ns is not None:
            ends = place if self._in_market else min(place, passage.tape.at(self._active_ns + MEMORY_NS))
            if ends > passage.place:
                filled = passage.until(ends)
                self._known = passage.last_quote() or self._known
                if filled:
                    self.now = passage.ts
                    self._report(filled)
                    return True
        passage.place = place
        return False

    # -- requests ---------------------------------------------------------------------------------

    def _made(
        self, sign: int, quantity: Decimal, price: Price | None, annotations: Annotations, forced_by: OrderReason | None
    ) -> Working:
        seen = self.quote()
        amount = self._instrument.make_qty(quantity)
        decision = Decision(
            reason=forced_by or (OrderReason.ENTRY if sign > 0 else OrderReason.EXIT),
            ts=self.now,
            mid=(seen[0] + seen[1]) / 2 if seen else Decimal(0),
            side="BUY" if sign > 0 else "SELL",
            quantity=amount.as_decimal(),
            price=None if price is None else price.as_decimal(),
            annotations=annotations,
        )
        raw = None if price is None else price.raw
        order = Working(
            self.records.next_name(self.now), self.now, sign, amount.raw, raw, sign < 0, forced_by, decision
        )
        self.records.decisions.append(decision)
        return order

    def _submit(self, order: Working) -> None:
        self.working[order.id] = order
        self.trader.on_sent(order.id, is_reduce_only=order.is_reduce_only)
        if self._is_denied(order):
            self._end(order, "DENIED")
            return
        if not (self.is_open or order.forced_by or order.is_reduce_only):
            self._end(order, "REJECTED")
            return
        limit = None if order.forced_by else self._protected(order)
        price = order.price if limit is None else limit
        self.records.sent[order.id] = Sent(
            order_id=order.id,
            sent_ns=self.now,
            side=order.decision.side,
            quantity=order.decision.quantity,
            price=None if price is None else self._decimal(price),
            post_only=order.rests,
            rests=order.rests,
            reduce_only=order.is_reduce_only,
            forced=order.forced_by is not None,
        )
        self._send(lambda: self._arrive(order, limit))

    def _is_denied(self, order: Working) -> bool:
        """Whether the engine's checks of risk refuse it; how many it lets through in a second is not replayed."""
        self._sent_ns.append(self.now)
        if len(self._sent_ns) == _MOST_A_SECOND and self.now - self._sent_ns[0] < NS_PER_SECOND:
            raise ReplayUnsuitable(
                f"{_MOST_A_SECOND} orders were sent within a second, from where on NautilusTrader refuses some: replay "
                "over arrays does not say which. Replay signals instead."
            )
        return not self._least <= order.lots <= self._most or (order.price is not None and order.price <= 0)

    def _send(self, action: Callable[[], None]) -> None:
        heappush(self._requests, (arrival_ns(self.now, self._conditions.latency_ns), next(self._numbers), action))

    def _protected(self, order: Working) -> int | None:
        """The worst price of a market order under protection, on the tick that is no worse; None: any."""
        ticks, row = self._conditions.protection_ticks, self.passage.place.quote - 1
        if order.price is not None or not ticks or row < 0:
            return None
        tick = self._instrument.price_increment.raw
        bid, _, ask, _ = self.passage.tape.quote(row)
        seen = ask if order.sign > 0 else bid
        return int(max(tick, seen + order.sign * ticks * tick) // tick * tick)

    # -- arrival ----------------------------------------------------------------------------------

    def _arrive(self, order: Working, limit: int | None) -> None:
        arriving = order.arriving(limit)
        room = self.account.lots
        if not self._is_informed() or (order.is_reduce_only and room <= 0):
            self._end(order, "REJECTED")
            return
        if arriving.post_only and self._market.would_take(arriving):
            self._end(order, "REJECTED")
            return
        if not order.is_reduce_only and self._is_too_large(arriving):
            self._end(order, "REJECTED")
            return
        next(self._numbers)  # of the engine's name for it
        order.is_pending_cancel = False
        if order.is_reduce_only and order.lots > room:
            order.lots = arriving.quantity = room
        self._in_market[order.id] = order
        self._report(self._market.arrive(arriving, self._depth_at()))
        if arriving.quantity and not arriving.rests:
            self._closed(order.id)
            self._end(order, "CANCELED")

    def _is_too_large(self, arriving: Order) -> bool:
        _, _, ask, _ = self.passage.tape.quote(self.passage.place.quote - 1)
        return bool(why_too_large(self._largest, self.account.lots, arriving, self._market.resting, ask))

    def _withdraw(self, name: str) -> None:
        order = self._in_market.get(name)
        if order is not None:
            self._market.cancel(name)
            self._closed(name)
            self._end(order, "CANCELED")

    def _is_informed(self) -> bool:
        """Know the quote in force, and follow the market from here on; whether there is a quote."""
        passage = self.passage
        row = passage.place.quote - 1
        follows = self._active_ns is not None and self.now <= self._active_ns + MEMORY_NS
        if follows or self._in_market:
            passage.show_last()
        elif row >= 0:
            known = passage.last_quote()
            if known != self._known:
                self._market.forget()
            passage.show_last(again=True)
            self._known = known
        self._active_ns = self.now
        return row >= 0

    def _depth_at(self) -> Depth | None:
        for day in reversed(self._depth):
            if (depth := day.last_known(self.now)) is not None:
                return None if self.now - depth.ts > DEPTH_LIFE_NS else depth
        return None

    # -- events -----------------------------------------------------------------------------------

    def _report(self, filled: list[Filled]) -> None:
        for fill in filled:
            order = self._in_market[fill.key]
            self._filled(order, fill)
            if order.end:
                self._closed(fill.key)

    def _filled(self, order: Working, fill: Filled) -> None:
        price = _price(fill.price, self._instrument.price_precision)
        quantity = Quantity.from_raw(fill.quantity, self._instrument.size_precision)
        fee = commission(self._payoff, self._instrument, quantity, price, is_maker=fill.is_maker)
        self.account.fill(order.sign, quantity, price, fee)
        order.filled += fill.quantity
        order.is_pending_cancel = False
        self.records.fills.append(
            Fill(
                ts=self.now,
                side=order.decision.side,
                quantity=quantity.as_decimal(),
                price=price.as_decimal(),
                fee=fee.as_decimal(),
                liquidity="MAKER" if fill.is_maker else "TAKER",
                order_id=order.id,
                trade_id=f"{self._venue}-{next(self._numbers)}",
                decision=order.decision,
            )
        )
        if not order.left:
            self._end(order, "FILLED")

    def _end(self, order: Working, how: str) -> None:
        order.end = how
        del self.working[order.id]
        self.records.ends[how] += 1
        self.trader.on_ended(order, self.now)

    def _closed(self, name: str) -> None:
        self._in_market.pop(name, None)
        self._active_ns = self.now

    def _last_sale_of(self, tape: Tape, trades: int | None = None) -> int:
        """Price of the last sale of a tape, among its first trades or all; that before it where it has none."""
        rows = np.flatnonzero(tape.trades.aggressor[:trades] < 0)
        return tape.trade(int(rows[-1]))[0] if rows.size else self._sale

    def _decimal(self, raw: int) -> Decimal:
        return _decimal(raw, self._instrument.price_precision)


@lru_cache(maxsize=_REMEMBERED)
def _price(raw: int, precision: int) -> Price:
    return Price.from_raw(raw, precision)


@lru_cache(maxsize=_REMEMBERED)
def _decimal(raw: int, precision: int) -> Decimal:
    return Decimal(Price.from_raw(raw, precision).as_decimal())
