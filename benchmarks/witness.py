"""hftbacktest as an outside witness of fills: the same quotes, trades, orders and cancellations, matched by others.

What belongs here: how hftbacktest 2.4.4 is told of a market and of orders, and how what it fills is held against a
result. Its compiled engine is called as its own Python binding calls it; that binding itself is left out, as it
brings Numba and an older NumPy. How its rule differs from docs/fills.md is written there.
"""

import ctypes
import importlib.util
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from heapq import merge
from importlib.machinery import ExtensionFileLoader
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from phoenix_core.verification.replayer import Data, Replayer, Request, Standing, Terms, arrival

RELEASE = "2.4.4"
# https://github.com/nkaz001/hftbacktest, py-hftbacktest/hftbacktest/types.py and order.py
_AT_EXCHANGE, _BUY, _SELL = 1 << 31, 1 << 29, 1 << 28
_DEPTH, _TRADE = 1, 2
_GTC, _GTX, _IOC, _LIMIT, _MARKET = 0, 1, 3, 0, 1
_FILLED = 3
_HAIR = 1e-6  # of a lot
_EVENT = np.dtype(
    [
        ("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8"), ("order_id", "u8"),
        ("ival", "i8"), ("fval", "f8"),
    ],
    align=True,
)  # fmt: skip
_ORDER = np.dtype(
    [
        ("qty", "f8"), ("leaves_qty", "f8"), ("exec_qty", "f8"), ("exec_price_tick", "i8"), ("price_tick", "i8"),
        ("tick_size", "f8"), ("exch_timestamp", "i8"), ("local_timestamp", "i8"), ("order_id", "u8"), ("_q1", "u8"),
        ("_q2", "u8"), ("maker", "bool"), ("order_type", "u1"), ("req", "u1"), ("status", "u1"), ("side", "i1"),
        ("time_in_force", "u1"),
    ],
    align=True,
)  # fmt: skip
_SIGNATURES = {
    "hashmapbt_elapse": (ctypes.c_int64, (ctypes.c_void_p, ctypes.c_uint64)),
    "hashmapbt_current_timestamp": (ctypes.c_int64, (ctypes.c_void_p,)),
    "hashmapbt_close": (ctypes.c_int64, (ctypes.c_void_p,)),
    "hashmapbt_cancel": (ctypes.c_int64, (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_bool)),
    "hashmapbt_orders": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_uint64)),
    "orders_get": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_uint64)),
} | {
    f"hashmapbt_submit_{side}_order": (
        ctypes.c_int64,
        (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_double, ctypes.c_double, ctypes.c_uint8,
         ctypes.c_uint8, ctypes.c_bool),
    )
    for side in ("buy", "sell")
}  # fmt: skip


class Got(NamedTuple):
    """What an order got.

    Attributes:
        lots: Filled.
        whole_ns: When the last of them was, if nothing was left.
    """

    lots: Decimal
    whole_ns: int | None


NOTHING = Got(Decimal(0), None)


@cache
def _engine() -> tuple[Any, ctypes.CDLL]:
    """The compiled engine: what builds it, and the functions that drive it."""
    found = importlib.util.find_spec("hftbacktest")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"hftbacktest {RELEASE} is not installed: uv sync")
    path = next(Path(found.submodule_search_locations[0]).glob("_hftbacktest.*.so"))
    loader = ExtensionFileLoader("_hftbacktest", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return module, library


def events(data: Data) -> np.ndarray:
    """The market as hftbacktest reads it: in each millisecond trades, then quotes.

    A quote says that nothing stands at better prices than its own, and how much at its own. What stood behind a price
    before it became the best is still there.
    """
    trades = ((ts, 0, (_trade(ts, *rest),)) for ts, *rest in data.trades)
    made = [one for _, _, several in merge(trades, _depth(data.quotes), key=itemgetter(0, 1)) for one in several]
    rows = _aligned(len(made))
    if made:
        rows["ev"], rows["exch_ts"], rows["px"], rows["qty"] = zip(*made, strict=True)
    rows["local_ts"] = rows["exch_ts"]
    return rows


def _aligned(count: int) -> np.ndarray:
    """Room for events, where the engine's own type has to lie: at a multiple of their size."""
    size = _EVENT.itemsize
    memory = np.zeros((count + 1) * size, np.uint8)
    begin = -memory.ctypes.data % size
    return memory[begin : begin + count * size].view(_EVENT)


def _trade(ts: int, price: Decimal | str, size: Decimal | str, aggressor: str) -> tuple[int, int, float, float]:
    return _TRADE | _AT_EXCHANGE | (_BUY if aggressor == "BUYER" else _SELL), ts, float(price), float(size)


def _depth(quotes: Iterable[Sequence[Any]]) -> Iterator[tuple[int, int, list[tuple[int, int, float, float]]]]:
    levels: dict[int, list[float]] = {_BUY: [], _SELL: []}  # worst first, in a buyer's and a seller's order
    for ts, *rest in quotes:
        bid, bid_size, ask, ask_size = map(float, rest)
        gone, shown = [], []
        for side, price, size, sign in ((_BUY, bid, bid_size, 1), (_SELL, ask, ask_size, -1)):
            stack, kind = levels[side], _DEPTH | _AT_EXCHANGE | side
            while stack and sign * (stack[-1] - price) > 0:
                gone.append((kind, ts, stack.pop(), 0.0))
            if not stack or stack[-1] != price:
                stack.append(price)
            shown.append((kind, ts, price, size))
        yield ts, 1, gone + shown


def witnessed(rows: np.ndarray, requests: Sequence[Request], terms: Terms) -> dict[str, Got]:
    """What each order gets from hftbacktest, given a market (`events`) and when they were sent.

    Requests arrive as rule 1 has it, between milliseconds.

    Raises:
        RuntimeError: hftbacktest refused to go on.
    """
    module, library = _engine()
    asset = module.BacktestAsset()
    asset.linear_asset(1.0)
    asset.constant_order_latency(terms.latency_ns, 0)
    asset.risk_adverse_queue_model()
    asset.partial_fill_exchange()
    asset.trading_value_fee_model(0.0, 0.0)
    asset.tick_size(float(terms.tick))
    asset.lot_size(float(terms.step))
    asset._add_data_ndarray(rows.ctypes.data, len(rows))  # noqa: SLF001 - what its own add_data calls
    test = module.build_hashmap_backtest([asset])
    try:
        _send(library, test, requests, terms)
        orders = library.hashmapbt_orders(test, 0)
        return {
            request.name: _got(library.orders_get(orders, number), terms) for number, request in enumerate(requests)
        }
    finally:
        library.hashmapbt_close(test)


def _send(library: ctypes.CDLL, test: int, requests: Sequence[Request], terms: Terms) -> None:
    steps = [(request.sent, 0, number) for number, request in enumerate(requests)]
    steps += [(request.cancel_sent, 1, number) for number, request in enumerate(requests) if request.cancel_sent]
    # Until something has elapsed its clock stands still, and orders meet another market.
    _checked(library.hashmapbt_elapse(test, 1))
    for sent, is_cancel, number in sorted(steps):
        due = arrival(sent, terms.latency_ns) - terms.latency_ns
        _checked(library.hashmapbt_elapse(test, due - library.hashmapbt_current_timestamp(test)))
        request = requests[number]
        if is_cancel:
            library.hashmapbt_cancel(test, 0, number, False)  # of an order that has ended is refused, rightly
            continue
        submit = library.hashmapbt_submit_buy_order if request.side == "BUY" else library.hashmapbt_submit_sell_order
        life = _GTX if request.post_only else _GTC if request.rests else _IOC
        limit, kind = (request.limit, _LIMIT) if request.limit is not None else (0, _MARKET)
        # A trade that fills an order to the last lot leaves it in 2.4.4's book, and its next fill is an error. A hair
        # less than whole lots is always less than such a trade.
        lots = float(request.quantity) - float(terms.step) * _HAIR
        _checked(submit(test, 0, number, float(limit), lots, life, kind, False))
    library.hashmapbt_elapse(test, 10**18)


def _checked(code: int) -> None:
    if code not in {0, 1}:  # 1: the data have ended
        raise RuntimeError(f"hftbacktest {RELEASE} stops with code {code}")


def _got(pointer: int, terms: Terms) -> Got:
    if not pointer:
        return NOTHING
    order = np.ctypeslib.as_array((ctypes.c_uint8 * _ORDER.itemsize).from_address(pointer)).view(_ORDER)[0]
    lots = (order["qty"] - order["leaves_qty"]) / float(terms.step)
    return Got(round(lots) * terms.step, int(order["exch_timestamp"]) if order["status"] == _FILLED else None)


class Crossing(Replayer):
    """docs/fills.md but for one rule, which is hftbacktest's: a maker whose price is crossed gets all that it lacks.

    Attributes:
        behind: Names of orders that stood behind the best price when they arrived.
    """

    def __init__(self, data: Data, requests: Iterable[Request], terms: Terms) -> None:
        super().__init__(data, requests, terms)
        self.behind: set[str] = set()

    def _stand(self, order: Standing, joined: Decimal, size: Decimal) -> None:
        super()._stand(order, joined, size)
        if order.ahead is None:
            self.behind.add(order.request.name)

    def _grab(self, side: str, size: Decimal, wanted: Decimal, limit: Decimal) -> Decimal:
        del side, size, limit
        return wanted

    def _traded(self, ts: int, price: Decimal, size: Decimal, aggressor: str) -> None:
        for order in list(self.book):
            if aggressor == ("SELLER" if order.request.side == "BUY" else "BUYER") and _is_through(order, price):
                self._give(ts, order, order.left)
        super()._traded(ts, price, size, aggressor)


def _is_through(order: Standing, price: Decimal) -> bool:
    return (price if order.request.side == "BUY" else -price) < order.limit


@dataclass(frozen=True)
class Compared:
    """Makers of a result under three rules.

    Attributes:
        orders: How many there were.
        ordered: Lots that they asked for.
        ours: Filled by docs/fills.md.
        crossing: By the same, where a crossed maker gets all.
        theirs: By hftbacktest.
        bounded: Of how many orders the first two differ.
        overtaken: Names of those of which the last two differ, and that were cancelled while they were still on their
            way: that cancellation hftbacktest refuses, and fills on.
        behind: Names of those that differ, and stood behind the best price at first: there we know no queue (rule 3),
            and hftbacktest takes what was last shown at that price.
        unexplained: Names of those that differ for no known reason.
    """

    orders: int
    ordered: Decimal
    ours: Decimal
    crossing: Decimal
    theirs: Decimal
    bounded: int
    overtaken: tuple[str, ...]
    behind: tuple[str, ...]
    unexplained: tuple[str, ...]


def filled(replayer: Replayer, requests: Iterable[Request]) -> dict[str, Got]:
    """What each order got from a replayer of ours that has run."""
    lots: dict[str, Decimal] = defaultdict(Decimal)
    last: dict[str, int] = {}
    for ts, name, _, quantity, _, _ in replayer.fills:
        lots[name] += quantity
        last[name] = ts
    return {
        one.name: Got(lots[one.name], last[one.name] if lots[one.name] == one.quantity else None) for one in requests
    }


def compared(market: Callable[[], Data], requests: Sequence[Request], terms: Terms) -> Compared:
    """Fill the same orders thrice.

    Args:
        market: Gives the market, which can be walked through once.
        requests: As they were sent.
        terms: With the queue that both have: `bounded` is hftbacktest's risk-averse model.
    """
    ours = filled(Replayer(market(), requests, terms).run(), requests)
    replayer = Crossing(market(), requests, terms)
    crossing = filled(replayer.run(), requests)
    theirs = witnessed(events(market()), requests, terms)
    makers = [request for request in requests if request.post_only]
    causes: dict[str, list[str]] = {"overtaken": [], "behind": [], "unexplained": []}
    for one in makers:
        if crossing[one.name] != theirs[one.name]:
            is_overtaken = one.cancel_sent is not None and one.cancel_sent < arrival(one.sent, terms.latency_ns)
            cause = "overtaken" if is_overtaken else "behind" if one.name in replayer.behind else "unexplained"
            causes[cause].append(one.name)
    return Compared(
        orders=len(makers),
        ordered=sum((one.quantity for one in makers), Decimal(0)),
        ours=sum((ours[one.name].lots for one in makers), Decimal(0)),
        crossing=sum((crossing[one.name].lots for one in makers), Decimal(0)),
        theirs=sum((theirs[one.name].lots for one in makers), Decimal(0)),
        bounded=sum(ours[one.name] != crossing[one.name] for one in makers),
        **{cause: tuple(names) for cause, names in causes.items()},
    )
