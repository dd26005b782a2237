"""What an account of several instruments lets in, whatever strategies send: judged by the gateway, as an order is sent.

An instrument counts with the most that it can come to: what is held, and every order of one side that is not done, so
that nothing is passed by several orders at once. An order that can't raise that is an exit, and is never refused.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from nautilus_trader.model.orders import Order as EngineOrder

from phoenix_core.execution.account import Account
from phoenix_core.execution.closing import Closing
from phoenix_core.execution.gateway import Gateway
from phoenix_core.execution.holding import Payoff, payoff_of_instrument
from phoenix_core.execution.orders import sign_of

_ZERO = Decimal(0)


class Limit(StrEnum):
    """What an entry can be refused for."""

    POSITIONS = "max_positions"
    LEVERAGE = "max_gross_leverage"
    MARGIN = "initial margin"
    UNPRICED = "no price is known"


@dataclass(frozen=True, slots=True)
class Stake:
    """One instrument of the account."""

    gateway: Gateway
    closing: Closing
    account: Account
    payoff: Payoff
    margin: Decimal

    @classmethod
    def of(cls, gateway: Gateway, closing: Closing, account: Account) -> "Stake":
        """With the instrument of its gateway."""
        traded = gateway.instrument
        return cls(gateway, closing, account, payoff_of_instrument(traded), traded.margin_init)

    @property
    def gain(self) -> Decimal:
        """What is held would realize at the mid."""
        held, mid = self.closing.position, self.gateway.mid
        return self.account.gain(held, mid) if held and mid is not None else _ZERO

    def most(self, orders: Iterable[EngineOrder]) -> Decimal | None:
        """The most that it can come to with some orders, at their limits or the mid; None: one has no price yet."""
        mid, held = self.gateway.mid, self.closing.position
        sides = {1: _ZERO, -1: _ZERO}
        for order in orders:
            price = order.price.as_decimal() if order.has_price else mid
            if price is None:
                return None
            if not order.is_reduce_only:
                sides[sign_of(order)] += self.payoff.value(order.leaves_qty.as_decimal(), price)
        worth = self.payoff.value(held, mid) if held and mid is not None else _ZERO
        return max(abs(worth), abs(worth + sides[1]), abs(worth - sides[-1]))


@dataclass
class Limits:
    """Limits of an account.

    Attributes:
        positions: Instruments that may be held or have an entry that works, at once; None: all.
        leverage: What all of them may come to, by equity; None: any.
        holds_margin: Entries need their initial margin besides that of all others. One instrument alone is left to its
            strategy, as in a backtest of it.
        stakes: All instruments; the venue is made after it.
        refused: How many entries were refused, by instrument and why.
    """

    positions: int | None = None
    leverage: Decimal | None = None
    holds_margin: bool = False
    stakes: tuple[Stake, ...] = ()
    refused: Counter[tuple[str, Limit]] = field(default_factory=Counter)

    def why_refused(self, gateway: Gateway, order: EngineOrder) -> str:
        """Why an order is not let in, which is counted; empty where it is."""
        found = self._limit(gateway, order)
        if found is None:
            return ""
        self.refused[gateway.instrument.id.value, found] += 1
        return f"beyond the limits of the account: {found.value}"

    def _limit(self, gateway: Gateway, order: EngineOrder) -> Limit | None:
        if self.positions is None and self.leverage is None and not self.holds_margin:
            return None
        (own,) = (one for one in self.stakes if one.gateway is gateway)
        working = [one for one in gateway.unfinished_orders() if one.client_order_id != order.client_order_id]
        before, after = own.most(working) or _ZERO, own.most([*working, order])
        if after is None:
            return Limit.UNPRICED
        if after <= before:
            return None
        others = [(one, one.most(one.gateway.unfinished_orders()) or _ZERO) for one in self.stakes if one is not own]
        taken = sum(worth > 0 for _, worth in others)
        if self.positions is not None and not before and taken >= self.positions:
            return Limit.POSITIONS
        equity = own.account.balance + sum((one.gain for one in self.stakes), _ZERO)
        if self.leverage is not None and after + sum(worth for _, worth in others) > self.leverage * equity:
            return Limit.LEVERAGE
        margin = sum((one.margin * worth for one, worth in [(own, after), *others]), _ZERO)
        return Limit.MARGIN if self.holds_margin and margin > equity else None
