"""An order and what is recorded of it, where no engine keeps orders."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import takewhile

from phoenix_core.execution.decisions import Decision, Fill, OrderReason
from phoenix_core.execution.orders import Sent
from phoenix_core.execution.rule import Order
from phoenix_core.market import NS_PER_SECOND

_NAMED = "O-{:%Y%m%d-%H%M%S}-001-001-"  # as NautilusTrader's ClientOrderIdGenerator names orders of our engine
_REMEMBERED = 16_384


@dataclass(slots=True)
class Working:
    """An order of ours from its decision to its end.

    Attributes:
        id: As the engine would name it.
        ts: When it was made.
        sign: +1 buys, -1 sells.
        lots: Wanted.
        price: Limit in the rule's units; None: at market.
        is_reduce_only: Cut to the position.
        forced_by: What demands it; None: its strategy.
        decision: As it is recorded.
        filled: Lots.
        end: How it ended; empty while it has not.
        is_pending_cancel: A cancellation is on its way.
    """

    id: str
    ts: int
    sign: int
    lots: int
    price: int | None
    is_reduce_only: bool
    forced_by: OrderReason | None
    decision: Decision
    filled: int = 0
    end: str = ""
    is_pending_cancel: bool = False

    @property
    def left(self) -> int:
        """Lots that were not filled."""
        return self.lots - self.filled

    @property
    def was_cancelled(self) -> bool:
        """Whether a cancellation ended it."""
        return self.end == "CANCELED"

    @property
    def rests(self) -> bool:
        """Whether it stays in the book: the strategy's entries do, and are post-only."""
        return self.price is not None

    def arriving(self, limit: int | None) -> Order:
        """As the rule takes it, perhaps under a limit that protects it."""
        return Order(
            key=self.id,
            sign=self.sign,
            quantity=self.lots,
            price=limit if self.price is None else self.price,
            post_only=self.rests,
            rests=self.rests,
            forced=self.forced_by is not None,
        )


@dataclass(slots=True)
class Records:
    """What is published of a run, in the order in which it happened."""

    decisions: list[Decision] = field(default_factory=list)
    sent: dict[str, Sent] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    _decided: int = 0  # before those that are here

    def next_name(self, now: int) -> str:
        """The name of the next order."""
        return f"{_named_at(now // NS_PER_SECOND)}{self._decided + len(self.decisions) + 1}"

    def cut(self, unfinished: Collection[str]) -> "Records":
        """Take out what can't change any more: of requests those before the first of an unfinished order."""
        done = list(takewhile(lambda name: name not in unfinished, self.sent))
        taken = Records(self.decisions, {name: self.sent.pop(name) for name in done}, self.fills)
        self._decided += len(self.decisions)
        self.decisions, self.fills = [], []
        return taken


@lru_cache(maxsize=_REMEMBERED)
def _named_at(second: int) -> str:
    return _NAMED.format(datetime.fromtimestamp(second, UTC))
