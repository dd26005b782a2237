"""docs/fills.md once more, by the plainest means: no other module of Phoenix and no engine.

Everything is a Decimal or a Fraction, every event is looked at, and a seller is a buyer whose prices are
negative. The rules are numbered as on that page. Events come one after another, so days of any size fit.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from heapq import merge
from operator import itemgetter
from typing import Any

MS, SECOND = 1_000_000, 1_000_000_000
EIGHT = Decimal("0.00000001")


Fill = tuple[int, str, str, Decimal, Decimal, str]


@dataclass
class Request:
    """An order as it was sent."""

    name: str
    sent: int
    side: str
    quantity: Decimal
    limit: Decimal | None
    post_only: bool = False
    rests: bool = False
    reduce_only: bool = False
    forced: bool = False
    cancel_sent: int | None = None


@dataclass
class Data:
    """A market in the order of time; numbers of trades and quotes may be text.

    Attributes:
        trades: (ts, price, size, aggressor's side).
        quotes: (ts, bid, size, ask, size).
        depth: (ts, {percent from the mid: lots}).
        funding: (ts, rate, mark).
        delivery: When the contract ends, at which price, and the name of what closes what is held; None: it does not.
    """

    trades: Iterable[tuple[Any, ...]]
    quotes: Iterable[tuple[Any, ...]]
    depth: Sequence[tuple[int, dict[Decimal, Decimal]]] = ()
    funding: Sequence[tuple[int, Decimal, Decimal]] = ()
    delivery: tuple[int, Decimal, str] | None = None


@dataclass
class Terms:
    """What an exchange asks, and the options of the rule."""

    latency_ns: int
    tick: Decimal
    step: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    queue: bool = True
    depletion: str = "none"
    quotes_fill: bool = True
    contract: Decimal | None = None  # quote units of one inverse contract; None: linear
    spot: str = ""  # what fees are taken from where both currencies are owned: received or quote
    paid: Decimal = Decimal(0)  # quote units at the start, on spot


def arrival(sent: int, latency: int) -> int:
    """Rule 1."""
    instant = (sent + latency) // MS * MS + MS // 2
    return instant if instant >= sent + latency else instant + MS


@dataclass
class Standing:
    """One of our orders, in a buyer's prices."""

    request: Request
    limit: Decimal
    left: Decimal
    ahead: Decimal | None = Decimal(0)
    there: Decimal = Decimal(0)


class Replayer:
    """Walks through all events and keeps what we have.

    Attributes:
        fills: (ts, name of the order, side, lots, price, MAKER or TAKER).
        rejected: Names of orders that were.
        cancelled: Names of orders of which something was left.
    """

    def __init__(self, data: Data, requests: Iterable[Request], terms: Terms) -> None:
        self.data, self.terms = data, terms
        self.quote: tuple[Decimal, ...] = ()
        self.book: list[Standing] = []
        self.fills: list[Fill] = []
        self.rejected: list[str] = []
        self.cancelled: list[str] = []
        self.held = Decimal(0)
        self.cash = terms.paid  # followed on spot alone
        self.is_over = False
        # Lots, and the worst price up to which they were taken.
        self.took: dict[str, tuple[Decimal, Decimal] | None] = {"BUY": None, "SELL": None}
        self.reached: dict[tuple[str, int], Fraction] = {}
        self.busy_until: int | None = None
        self.known: tuple[Any, ...] | None = None  # the last quote that was followed
        self.latest: tuple[Any, ...] | None = None  # and the last one
        steps: list[tuple[int, str, Request]] = []
        for request in requests:
            steps.append((request.sent, "order", request))
            if request.cancel_sent is not None:
                steps.append((request.cancel_sent, "cancel", request))
        steps.sort(key=itemgetter(0))
        self.steps = [(arrival(sent, terms.latency_ns), what, request) for sent, what, request in steps]

    def run(self) -> "Replayer":
        """Walk through everything once."""
        for ts, _, _, what, rest in merge(*self._events(), key=itemgetter(0, 1, 2)):  # rule 2
            getattr(self, f"_on_{what}")(ts, rest)
            if self.book:
                self.busy_until = ts + SECOND
        return self

    def _events(self) -> Iterator[Iterator[tuple[int, int, int, str, Any]]]:
        """Trades, quotes and requests, each numbered and in the order of time."""
        yield ((ts, 0, n, "trade", rest) for n, (ts, *rest) in enumerate(self.data.trades))
        yield ((ts, 1, n, "quote", rest) for n, (ts, *rest) in enumerate(self.data.quotes))
        yield ((ts, 2, n, what, request) for n, (ts, what, request) in enumerate(self.steps))
        if self.data.delivery is not None:
            yield iter([(self.data.delivery[0], 3, 0, "delivery", self.data.delivery)])

    # A buyer sees (best to join, its size, best to take, its size); a seller the negative of it.
    def _seen_by(self, side: str) -> tuple[Decimal, ...]:
        bid, bid_size, ask, ask_size = self.quote
        return (bid, bid_size, ask, ask_size) if side == "BUY" else (-ask, ask_size, -bid, bid_size)

    def _on_quote(self, ts: int, values: Sequence[Any]) -> None:
        self.latest = (ts, *values)
        if self._follows(ts):
            self._look()
            self._shown(ts)

    def _look(self) -> None:
        """See the last quote; most are never looked at, and stay text."""
        self.known = self.latest
        if self.latest is not None:
            self.quote = tuple(map(Decimal, self.latest[1:]))

    def _follows(self, ts: int) -> bool:
        return bool(self.book) or (self.busy_until is not None and ts <= self.busy_until)

    def _shown(self, ts: int) -> None:
        for side, took in self.took.items():
            if took and self._seen_by(side)[2] > took[1]:
                self.took[side] = None
        for order in list(self.book):
            joined, joined_size, best, size = self._seen_by(order.request.side)
            if order.limit > joined:  # rule 3
                order.ahead, order.there = Decimal(0), Decimal(0)
            elif order.limit == joined and order.ahead is None:
                order.ahead = order.there = joined_size
            elif order.limit == joined:
                self._deplete(order, joined_size)
            if best <= order.limit and self.terms.quotes_fill:  # rule 5
                self._give(ts, order, self._grab(order.request.side, size, order.left, order.limit))

    def _deplete(self, order: Standing, size: Decimal) -> None:
        if self.terms.depletion == "proportional" and order.there > size and order.ahead:
            gone = Fraction(order.there - size) * Fraction(order.ahead) / Fraction(order.there)
            order.ahead -= gone // Fraction(self.terms.step) * self.terms.step
        if self.terms.depletion != "none" and order.ahead is not None:
            order.ahead = min(order.ahead, size)
        order.there = size

    def _grab(self, side: str, size: Decimal, wanted: Decimal, limit: Decimal) -> Decimal:
        """Rule 9."""
        taken, _ = self.took[side] or (Decimal(0), limit)
        lots = max(Decimal(0), min(wanted, size - taken))
        self._note_taken(side, lots, limit)
        return lots

    def _note_taken(self, side: str, lots: Decimal, price: Decimal) -> None:
        if lots:
            before, up_to = self.took[side] or (Decimal(0), price)
            self.took[side] = before + lots, max(up_to, price)

    def _on_trade(self, ts: int, values: Sequence[Any]) -> None:
        if self._follows(ts):
            price, size, aggressor = values
            self._traded(ts, Decimal(price), Decimal(size), aggressor)

    def _traded(self, ts: int, price: Decimal, size: Decimal, aggressor: str) -> None:
        given = Decimal(0)
        taker, paid = ("BUY", price) if aggressor == "BUYER" else ("SELL", -price)
        took = self.took[taker]
        if took and paid <= took[1]:  # rule 9
            self.took[taker] = (took[0] - size, took[1]) if took[0] > size else None
        for order in list(self.book):
            paid = price if order.request.side == "BUY" else -price
            if aggressor == ("BUYER" if order.request.side == "BUY" else "SELLER") or paid > order.limit:
                continue
            if paid < order.limit:  # rule 4
                order.ahead, order.there, past = Decimal(0), Decimal(0), size
            else:
                order.there = max(Decimal(0), order.there - size)
                if order.ahead is None:
                    continue
                past = max(Decimal(0), size - order.ahead)
                order.ahead = max(Decimal(0), order.ahead - size)
            lots = min(order.left, past - given)  # rule 10
            if lots > 0:
                given += lots
                self._give(ts, order, lots)

    def _give(self, ts: int, order: Standing, lots: Decimal) -> None:
        if lots > 0:
            order.left -= lots
            self._note(ts, order, lots, order.limit, "MAKER")
            if not order.left:
                self.book.remove(order)
                self.busy_until = ts + SECOND

    def _note(self, ts: int, order: Standing, lots: Decimal, price: Decimal, liquidity: str) -> None:
        side = order.request.side
        self.held += lots if side == "BUY" else -lots
        self.fills.append((ts, order.request.name, side, lots, abs(price), liquidity))
        if self.terms.spot:
            self._swap(side, lots, abs(price), liquidity)

    def _swap(self, side: str, lots: Decimal, price: Decimal, liquidity: str) -> None:
        """Rule 13: coins for money, less the fee."""
        share = self.terms.maker_fee if liquidity == "MAKER" else self.terms.taker_fee
        worth = (lots * price).quantize(EIGHT, ROUND_HALF_EVEN)
        self.cash += worth if side == "SELL" else -worth
        if side == "BUY" and self.terms.spot == "received":
            self.held -= (lots * share).quantize(EIGHT, ROUND_HALF_EVEN)
        else:
            self.cash -= (worth * share).quantize(EIGHT, ROUND_HALF_EVEN)

    def _affords(self, side: str, quantity: Decimal, price: Decimal) -> bool:
        """Rule 13: whether what is there is enough, with what orders in the book may take."""
        ours = [one for one in self.book if one.request.side == side]
        if side == "SELL":
            return quantity + sum((one.left for one in ours), Decimal(0)) <= self.held
        cost = quantity * price + sum((one.left * one.limit for one in ours), Decimal(0))
        dearest = max(self.terms.maker_fee, self.terms.taker_fee, Decimal(0))
        return cost * (1 + (dearest if self.terms.spot == "quote" else 0)) <= self.cash

    def _on_delivery(self, ts: int, end: tuple[int, Decimal, str]) -> None:
        """Rule 14."""
        self.cancelled += [order.request.name for order in self.book]
        self.book, self.is_over = [], True
        if self.held:
            side = "SELL" if self.held > 0 else "BUY"
            request = Request(end[2], ts, side, abs(self.held), None)
            self._note(ts, Standing(request, Decimal(0), Decimal(0)), abs(self.held), end[1], "TAKER")

    def _on_cancel(self, ts: int, request: Request) -> None:
        for order in list(self.book):
            if order.request is request:
                self.book.remove(order)
                self.cancelled.append(request.name)
                self.busy_until = ts + SECOND

    def _on_order(self, ts: int, request: Request) -> None:
        side, quantity = request.side, request.quantity
        if self.latest is None or self.is_over:
            self.rejected.append(request.name)
            return
        if not self._follows(ts):  # rule 9: a second after our last order only this very quote is remembered
            if self.known != self.latest:
                self.took = {"BUY": None, "SELL": None}
            self._look()
            self._shown(ts)
        self.busy_until = ts + SECOND
        joined, joined_size, best, size = self._seen_by(side)
        limit = None if request.limit is None else request.limit if side == "BUY" else -request.limit
        takes = limit is None or limit >= best
        if request.reduce_only:  # rule 12
            room = -self.held if side == "BUY" else self.held
            quantity = min(quantity, room // self.terms.step * self.terms.step)
        elif self.terms.spot and not self._affords(side, quantity, abs(best) if limit is None else abs(limit)):
            self.rejected.append(request.name)
            return
        if (request.post_only and takes) or quantity <= 0:
            self.rejected.append(request.name)
            return
        order = Standing(request, limit if limit is not None else best, quantity)
        if takes:
            self._take(ts, order, best, size)
        if order.left and request.rests:
            self._stand(order, joined, joined_size)
        elif order.left:
            self.cancelled.append(request.name)

    def _stand(self, order: Standing, joined: Decimal, size: Decimal) -> None:
        """Rule 3."""
        if self.terms.queue and order.limit == joined:
            order.ahead = order.there = size
        elif self.terms.queue and order.limit < joined:
            order.ahead = None
        self.book.append(order)
        self.book.sort(key=lambda one: -one.limit)

    def _take(self, ts: int, order: Standing, best: Decimal, size: Decimal) -> None:
        side = order.request.side
        lots = self._grab(side, size, order.left, best)  # rule 6
        if lots:
            order.left -= lots
            self._note(ts, order, lots, best, "TAKER")
        bid, _, ask, _ = self.quote
        mid = Fraction(bid + ask) / 2
        here = mid if side == "BUY" else -mid
        snapshot = [one for one in self.data.depth if one[0] <= ts][-1:]
        if order.left and snapshot and ts - snapshot[0][0] <= 300 * SECOND:
            self._walk(ts, order, (Fraction(size), Fraction(best)), here, snapshot[0])
        if order.left and order.request.forced:  # rule 8
            price = max(self._up(here + mid * Fraction(5, 100)), best)
            self._note(ts, order, order.left, price, "TAKER")
            order.left = Decimal(0)

    def _walk(
        self,
        ts: int,
        order: Standing,
        start: tuple[Fraction, Fraction],
        here: Fraction,
        snapshot: tuple[int, dict[Decimal, Decimal]],
    ) -> None:
        """Rule 7."""
        side, (known, bands) = order.request.side, snapshot
        mid = abs(here)
        points = [start]
        ours = [(abs(percent), lots) for percent, lots in bands.items() if (percent > 0) == (side == "BUY")]
        for percent, deep in sorted(ours):
            edge = here + mid * Fraction(percent) / 100
            if deep > points[-1][0] and edge > points[-1][1]:
                points.append((Fraction(deep), edge))
        at = max(start[0], Fraction(self.reached.get((side, known), 0)))
        for (low, cheap), (high, dear) in itertools.pairwise(points):
            end = high
            if order.request.limit is not None and dear > order.limit:
                end = low + (high - low) * (Fraction(order.limit) - cheap) / (dear - cheap)
            at = max(at, low)
            step = Fraction(self.terms.step)
            lots = min(Fraction(order.left), (end - at) // step * step)
            if lots > 0:
                price = self._up(cheap + (dear - cheap) * (at + lots / 2 - low) / (high - low))
                at += lots
                self.reached[side, known] = at
                exact = Decimal(lots.numerator) / Decimal(lots.denominator)
                self._note_taken(side, exact, price)
                order.left -= exact
                self._note(ts, order, exact, price, "TAKER")
            if not order.left or end < high:
                return

    def _up(self, price: Fraction) -> Decimal:
        ticks = price / Fraction(self.terms.tick)
        return -(-ticks // 1) * self.terms.tick

    def account(self, start: Decimal | int) -> Decimal:
        """Cash after all fills and funding; the position is flat then."""
        cash, inverse = Decimal(start), self.terms.contract is not None
        for _, _, side, lots, price, liquidity in self.fills:
            worth = self._worth(lots, price)
            share = self.terms.maker_fee if liquidity == "MAKER" else self.terms.taker_fee
            cash -= (worth.quantize(EIGHT, ROUND_HALF_EVEN) * share).quantize(EIGHT, ROUND_HALF_EVEN)
            # Coins are worth less where contracts are worth more: whoever bought them gets what they were worth then.
            cash += worth if (side == "SELL") != inverse else -worth
        return cash + sum((amount for _, amount in self.funded()), Decimal(0))

    def _worth(self, lots: Decimal, price: Decimal) -> Decimal:
        if self.terms.contract is None:
            return lots * price
        return (lots * self.terms.contract / price).quantize(EIGHT, ROUND_HALF_EVEN)

    def funded(self) -> list[tuple[int, Decimal]]:
        """Time and amount of each funding while something was held."""
        charges = []
        for ts, rate, mark in self.data.funding:
            held = sum(
                (lots if side == "BUY" else -lots for at, _, side, lots, *_ in self.fills if at <= ts), Decimal(0)
            )
            if held:
                charges.append((ts, -(self._worth(held, mark) * rate).quantize(EIGHT, ROUND_HALF_EVEN)))
        return charges
