"""Funding and marks of days, as `backtest.settlement` settles them, and which of them matter to what is held."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from phoenix_core.backtest.arrays.account import Account
from phoenix_core.backtest.arrays.day import Marks
from phoenix_core.backtest.settlement import Charge, FundingTime, Mark, Settled

_NEVER = 2**63


class Dues:
    """What the exchange charges besides fees, day by day.

    Args:
        account: What is charged.
        liquidation_fee: Share of notional; None: positions are not liquidated.

    Attributes:
        settled: What was charged, in order.
        is_liquidating: A liquidation was begun, and no mark has seen the position gone.
    """

    def __init__(self, account: Account, liquidation_fee: Decimal | None) -> None:
        self._account = account
        self._fee = liquidation_fee
        self._funding: Sequence[FundingTime] = ()
        self._marks = Marks(())
        self._funded = self._marked = 0
        self._ahead = 0  # nothing is due before
        self._safe_since = -1  # the account's changes at which no mark of the day was near; -1: none
        self.settled: list[Settled] = []
        self.is_liquidating = False

    def begin(self, funding: Sequence[FundingTime], marks: Marks) -> None:
        """Begin a day."""
        self._funding, self._marks = funding, marks
        self._funded = self._marked = 0
        self._funding_ts = [one.ts for one in funding]
        self._ahead = min([*self._funding_ts[:1], *marks.ts[:1]], default=_NEVER)
        self._safe_since = -1

    def next_ns(self, until_ns: int) -> int | None:
        """When something is next due that may change the account or the position, no later than an instant."""
        if not self._account.lots and not self.is_liquidating:
            return None
        known = [self._funding[self._funded].ts] if self._funded < len(self._funding) else []
        if (mark := self._next_mark(min([until_ns, *known]))) is not None:
            known.append(mark)
        return min((ts for ts in known if ts <= until_ns), default=None)

    def pass_by(self, ts: int, *, inclusive: bool) -> None:
        """Leave out what was due before an instant: it found nothing to do."""
        if ts < self._ahead:
            return
        passed = bisect_right if inclusive else bisect_left
        self._funded = max(self._funded, passed(self._funding_ts, ts))
        self._marked = max(self._marked, passed(self._marks.ts, ts))
        rest = (*self._funding_ts[self._funded : self._funded + 1], *self._marks.ts[self._marked : self._marked + 1])
        self._ahead = min(rest, default=_NEVER)

    def settle(self, ts: int) -> bool:
        """Charge what is due at an instant; whether the position is to be liquidated."""
        while self._funded < len(self._funding) and self._funding[self._funded].ts <= ts:
            self._pay(self._funding[self._funded])
            self._funded += 1
        begin, end = bisect_left(self._marks.ts, ts), bisect_right(self._marks.ts, ts)
        due = self._marks.marks[max(begin, self._marked) : end]
        self._marked = max(self._marked, end)
        return True in [self._watch(mark) for mark in due]  # every mark is looked at

    def _next_mark(self, until_ns: int) -> int | None:
        """The next mark that is near enough to the margin to be weighed exactly, or that sees a liquidation's end."""
        marks, end = self._marks, bisect_right(self._marks.ts, until_ns)
        if self._fee is None or end <= self._marked:
            return None
        if self.is_liquidating:
            return marks.ts[self._marked]
        # What is safe at the lowest mark of the rest of the day stays so until the account changes.
        if self._safe_since == self._account.changes:
            return None
        if self._account.is_safe_at(marks.lowest[self._marked]):
            self._safe_since = self._account.changes
            return None
        near = np.flatnonzero(self._account.cushions(marks.lows[self._marked : end]) <= 0)
        return marks.ts[self._marked + int(near[0])] if near.size else None

    def _pay(self, due: FundingTime) -> None:
        if quantity := self._account.position:
            amount = -self._account.payoff.value(quantity, due.mark) * due.rate
            self._charge(Charge.FUNDING, due.ts, quantity, due.mark, due.rate, amount)

    def _watch(self, mark: Mark) -> bool:
        quantity = self._account.position
        if not quantity:
            self.is_liquidating = False
            return False
        if self._fee is None or self.is_liquidating or self._account.cushion(mark.low) > 0:
            return False
        self.is_liquidating = True
        fee = -self._account.payoff.value(quantity, mark.low) * self._fee
        self._charge(Charge.LIQUIDATION_FEE, mark.ts, quantity, mark.low, self._fee, fee)
        return True

    def _charge(self, kind: Charge, ts: int, quantity: Decimal, price: Decimal, rate: Decimal, amount: Decimal) -> None:
        self.settled.append(Settled(ts, kind, quantity, price, rate, self._account.charge(amount)))
