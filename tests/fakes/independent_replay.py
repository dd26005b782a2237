"""docs/fills.md once more, by the plainest means: no code of phoenix_core and no engine.

Everything is a Decimal or a Fraction, every event is looked at, and a seller is a buyer whose prices are
negative. The rules are numbered as on that page.
"""

import csv
import io
import itertools
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

MS, SECOND = 1_000_000, 1_000_000_000
EIGHT = Decimal("0.00000001")


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
    """A market: trades (ts, price, size, side), quotes (ts, bid, size, ask, size), depth (ts, {percent: lots})."""

    trades: list
    quotes: list
    depth: list = field(default_factory=list)
    funding: list = field(default_factory=list)  # (ts, rate, mark)


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


def arrival(sent, latency):
    """Rule 1."""
    instant = (sent + latency) // MS * MS + MS // 2
    return instant if instant >= sent + latency else instant + MS


@dataclass
class Standing:
    """One of our orders, in a buyer's prices."""

    request: Request
    limit: Decimal | None
    left: Decimal
    ahead: Decimal | None = Decimal(0)
    there: Decimal = Decimal(0)


class Replayer:
    """Walks through all events and keeps what we have."""

    def __init__(self, data, requests, terms):
        self.data, self.terms = data, terms
        self.quote = None
        self.book = []
        self.fills = []
        self.rejected, self.cancelled = [], []
        self.held = Decimal(0)
        self.took = {"BUY": None, "SELL": None}  # lots, and the worst price up to which they were taken
        self.reached = {}
        self.busy_until = None
        self.known = self.latest = None  # the last quote that was followed, and the last one
        self.events = [(ts, 0, n, "trade", rest) for n, (ts, *rest) in enumerate(data.trades)]
        self.events += [(ts, 1, n, "quote", rest) for n, (ts, *rest) in enumerate(data.quotes)]
        steps = []
        for request in requests:
            steps.append((request.sent, "order", request))
            if request.cancel_sent is not None:
                steps.append((request.cancel_sent, "cancel", request))
        steps.sort(key=lambda step: step[0])
        for n, (sent, what, request) in enumerate(steps):
            self.events.append((arrival(sent, terms.latency_ns), 2, n, what, request))
        self.events.sort(key=lambda event: event[:3])  # rule 2

    def run(self):
        for ts, _, _, what, rest in self.events:
            getattr(self, f"on_{what}")(ts, rest)
            if self.book:
                self.busy_until = ts + SECOND
        return self

    # A buyer sees (best to join, its size, best to take, its size); a seller the negative of it.
    def seen_by(self, side):
        bid, bid_size, ask, ask_size = self.quote
        return (bid, bid_size, ask, ask_size) if side == "BUY" else (-ask, ask_size, -bid, bid_size)

    def on_quote(self, ts, values):
        self.quote = tuple(values)
        self.latest = (ts, *values)
        if self.follows(ts):
            self.known = self.latest
            self.shown(ts)

    def follows(self, ts):
        return bool(self.book) or (self.busy_until is not None and ts <= self.busy_until)

    def shown(self, ts):
        for side in ("BUY", "SELL"):
            if self.took[side] and self.seen_by(side)[2] > self.took[side][1]:
                self.took[side] = None
        for order in list(self.book):
            joined, joined_size, best, size = self.seen_by(order.request.side)
            if order.limit > joined:  # rule 3
                order.ahead, order.there = Decimal(0), Decimal(0)
            elif order.limit == joined and order.ahead is None:
                order.ahead = order.there = joined_size
            elif order.limit == joined:
                self.deplete(order, joined_size)
            if best <= order.limit and self.terms.quotes_fill:  # rule 5
                self.give(ts, order, self.grab(order.request.side, size, order.left, order.limit))

    def deplete(self, order, size):
        if self.terms.depletion == "proportional" and order.there > size and order.ahead:
            gone = Fraction(order.there - size) * Fraction(order.ahead) / Fraction(order.there)
            order.ahead -= gone // Fraction(self.terms.step) * self.terms.step
        if self.terms.depletion != "none":
            order.ahead = min(order.ahead, size)
        order.there = size

    def grab(self, side, size, wanted, limit):
        """Rule 9."""
        lots = max(Decimal(0), min(wanted, size - (self.took[side][0] if self.took[side] else 0)))
        self.note_taken(side, lots, limit)
        return lots

    def note_taken(self, side, lots, price):
        if lots:
            before, up_to = self.took[side] or (Decimal(0), price)
            self.took[side] = before + lots, max(up_to, price)

    def on_trade(self, ts, values):
        price, size, aggressor = values
        given = Decimal(0)
        taker, paid = ("BUY", price) if aggressor == "BUYER" else ("SELL", -price)
        if self.follows(ts) and self.took[taker] and paid <= self.took[taker][1]:  # rule 9
            lots, up_to = self.took[taker]
            self.took[taker] = (lots - size, up_to) if lots > size else None
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
                self.give(ts, order, lots)

    def give(self, ts, order, lots):
        if lots > 0:
            order.left -= lots
            self.note(ts, order, lots, order.limit, "MAKER")
            if not order.left:
                self.book.remove(order)
                self.busy_until = ts + SECOND

    def note(self, ts, order, lots, price, liquidity):
        side = order.request.side
        self.held += lots if side == "BUY" else -lots
        self.fills.append((ts, order.request.name, side, lots, abs(price), liquidity))

    def on_cancel(self, ts, request):
        for order in list(self.book):
            if order.request is request:
                self.book.remove(order)
                self.cancelled.append(request.name)
                self.busy_until = ts + SECOND

    def on_order(self, ts, request):
        side, quantity = request.side, request.quantity
        if self.quote is None:
            self.rejected.append(request.name)
            return
        if not self.follows(ts):  # rule 9: a second after our last order only this very quote is remembered
            if self.known != self.latest:
                self.took = {"BUY": None, "SELL": None}
            self.known = self.latest
            self.shown(ts)
        self.busy_until = ts + SECOND
        joined, joined_size, best, size = self.seen_by(side)
        limit = None if request.limit is None else request.limit if side == "BUY" else -request.limit
        takes = limit is None or limit >= best
        if request.reduce_only:  # rule 12
            quantity = min(quantity, -self.held if side == "BUY" else self.held)
        if (request.post_only and takes) or quantity <= 0:
            self.rejected.append(request.name)
            return
        order = Standing(request, limit, quantity)
        if takes:
            self.take(ts, order, best, size)
        if order.left and request.rests:
            self.stand(order, joined, joined_size)
        elif order.left:
            self.cancelled.append(request.name)

    def stand(self, order, joined, size):
        """Rule 3."""
        if self.terms.queue and order.limit == joined:
            order.ahead = order.there = size
        elif self.terms.queue and order.limit < joined:
            order.ahead = None
        self.book.append(order)
        self.book.sort(key=lambda one: -one.limit)

    def take(self, ts, order, best, size):
        side = order.request.side
        lots = self.grab(side, size, order.left, best)  # rule 6
        if lots:
            order.left -= lots
            self.note(ts, order, lots, best, "TAKER")
        bid, _, ask, _ = self.quote
        mid = Fraction(bid + ask) / 2
        here = mid if side == "BUY" else -mid
        snapshot = [one for one in self.data.depth if one[0] <= ts][-1:]
        if order.left and snapshot and ts - snapshot[0][0] <= 300 * SECOND:
            self.walk(ts, order, (Fraction(size), Fraction(best)), here, snapshot[0])
        if order.left and order.request.forced:  # rule 8
            price = max(self.up(here + mid * Fraction(5, 100)), best)
            self.note(ts, order, order.left, price, "TAKER")
            order.left = Decimal(0)

    def walk(self, ts, order, start, here, snapshot):
        """Rule 7."""
        side, (known, bands) = order.request.side, snapshot
        mid = abs(here)
        points = [start]
        ours = [(abs(percent), lots) for percent, lots in bands.items() if (percent > 0) == (side == "BUY")]
        for percent, lots in sorted(ours):
            price = here + mid * Fraction(percent) / 100
            if lots > points[-1][0] and price > points[-1][1]:
                points.append((Fraction(lots), price))
        at = max(start[0], Fraction(self.reached.get((side, known), 0)))
        for (low, cheap), (high, dear) in itertools.pairwise(points):
            end = high
            if order.limit is not None and dear > order.limit:
                end = low + (high - low) * (Fraction(order.limit) - cheap) / (dear - cheap)
            at = max(at, low)
            step = Fraction(self.terms.step)
            lots = min(Fraction(order.left), (end - at) // step * step)
            if lots > 0:
                price = self.up(cheap + (dear - cheap) * (at + lots / 2 - low) / (high - low))
                at += lots
                self.reached[side, known] = at
                exact = Decimal(lots.numerator) / Decimal(lots.denominator)
                self.note_taken(side, exact, price)
                order.left -= exact
                self.note(ts, order, exact, price, "TAKER")
            if not order.left or end < high:
                return

    def up(self, price):
        ticks = price / Fraction(self.terms.tick)
        return -(-ticks // 1) * self.terms.tick

    def account(self, start):
        """Cash after all fills and funding; the position is flat then."""
        cash = Decimal(start)
        for _, _, side, lots, price, liquidity in self.fills:
            notional = (lots * price).quantize(EIGHT, ROUND_HALF_EVEN)
            share = self.terms.maker_fee if liquidity == "MAKER" else self.terms.taker_fee
            cash -= (notional * share).quantize(EIGHT, ROUND_HALF_EVEN)
            cash += lots * price if side == "SELL" else -lots * price
        for ts, rate, mark in self.data.funding:
            held = sum(
                (lots if side == "BUY" else -lots for at, _, side, lots, *_ in self.fills if at <= ts), Decimal(0)
            )
            cash -= (held * rate * mark).quantize(EIGHT, ROUND_HALF_EVEN)
        return cash


def rows(path):
    """Rows of a published zip that has a header."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    yield from csv.DictReader(io.StringIO(text))


def depth_of(paths):
    """Snapshots of published zips: known a second after their label, which is cut to whole seconds."""
    snapshots = defaultdict(dict)
    for path in paths:
        for row in rows(path):
            label = datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            snapshots[(int(label.timestamp()) + 1) * SECOND][Decimal(row["percentage"])] = Decimal(row["depth"])
    return sorted(snapshots.items())


def data_of(trades, quotes, depth=()):
    """The market of published zips, oldest first."""
    return Data(
        trades=[
            (int(row["transact_time"]) * MS, Decimal(row["price"]), Decimal(row["quantity"]),
             "SELLER" if row["is_buyer_maker"].lower() == "true" else "BUYER")
            for path in trades for row in rows(path)
        ],
        quotes=[
            (int(row["transaction_time"]) * MS, Decimal(row["best_bid_price"]), Decimal(row["best_bid_qty"]),
             Decimal(row["best_ask_price"]), Decimal(row["best_ask_qty"]))
            for path in quotes for row in rows(path)
        ],
        depth=depth_of(depth),
    )  # fmt: skip
