"""Funding and marks of days, as `backtest.settlement` settles them, and which of them matter to what is held."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import numpy as np

from phoenix_core.backtest.arrays.account import Account
from phoenix_core.backtest.settlement import Charge, FundingTime, Mark, Settled


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
        self._marks: Sequence[Mark] = ()
        self._funded = self._marked = 0
        self.settled: list[Settled] = []
        self.is_liquidating = False

    def begin(self, funding: Sequence[FundingTime], marks: Sequence[Mark]) -> None:
        """Begin a day."""
        self._funding, self._marks = funding, marks
        self._funded = self._marked = 0
        self._funding_ts = np.array([one.ts for one in funding], dtype=np.int64)
        self._marks_ts = np.array([one.ts for one in marks], dtype=np.int64)
        self._lows = np.array([float(one.low) for one in marks])

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
        side: Literal["left", "right"] = "right" if inclusive else "left"
        self._funded = max(self._funded, int(self._funding_ts.searchsorted(ts, side)))
        self._marked = max(self._marked, int(self._marks_ts.searchsorted(ts, side)))

    def settle(self, ts: int) -> bool:
        """Charge what is due at an instant; whether the position is to be liquidated."""
        while self._funded < len(self._funding) and self._funding[self._funded].ts <= ts:
            self._pay(self._funding[self._funded])
            self._funded += 1
        begin, end = int(self._marks_ts.searchsorted(ts)), int(self._marks_ts.searchsorted(ts, "right"))
        due = self._marks[max(begin, self._marked) : end]
        self._marked = max(self._marked, end)
        return True in [self._watch(mark) for mark in due]  # every mark is looked at

    def _next_mark(self, until_ns: int) -> int | None:
        """The next mark that is near enough to the margin to be weighed exactly, or that sees a liquidation's end."""
        end = int(self._marks_ts.searchsorted(until_ns, "right"))
        if self._fee is None or end <= self._marked:
            return None
        if self.is_liquidating:
            return int(self._marks_ts[self._marked])
        near = np.flatnonzero(self._account.cushions(self._lows[self._marked : end]) <= 0)
        return int(self._marks_ts[self._marked + near[0]]) if near.size else None

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
