"""What the exchange does to an account between fills: funding, and liquidation at the maintenance margin.

NautilusTrader 1.231 delivers funding rates and charges none, and knows no liquidation; this module of
the simulated exchange does both. Marks come once a minute, with the worst price of that minute.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.model.instruments import Instrument

from phoenix_core.execution.account import Account
from phoenix_core.execution.closing import Closing
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.holding import payoff_of_instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAR = 2**63


class Charge(StrEnum):
    """What the exchange charges besides fees of fills."""

    FUNDING = "funding"
    LIQUIDATION_FEE = "liquidation fee"


@dataclass(frozen=True, slots=True)
class Settled:
    """One charge: positive amounts are received."""

    ts: int
    kind: Charge
    quantity: Decimal
    price: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FundingTime:
    """A published funding rate and the mark price it applies to."""

    ts: int
    rate: Decimal
    mark: Decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """A minute's mark price: its close, the worst prices on the way, and its open where that is known."""

    ts: int
    close: Decimal
    low: Decimal
    high: Decimal
    open: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of a contract, and the price that whatever is held is closed at."""

    ts: int
    price: Decimal


class Settlement(SimulationModule):
    """Charges funding and watches the maintenance margin.

    Args:
        instrument: What is traded.
        liquidation_fee: Share of notional; None: positions are not liquidated.

    Attributes:
        account: Where it charges; the venue is made before it.
        closing: Knows the position and closes it; likewise.
        settled: What was charged, in order.
    """

    account: Account
    closing: Closing

    def __init__(self, instrument: Instrument, liquidation_fee: Decimal | None) -> None:
        super().__init__(SimulationModuleConfig())
        self._maintenance = instrument.margin_maint
        self._payoff = payoff_of_instrument(instrument)
        self._liquidation_fee = liquidation_fee
        self._funding: list[FundingTime] = []
        self._marks: list[Mark] = []
        self._delivery: Delivery | None = None
        self._next_ns = _FAR
        self._is_liquidating = False
        self.settled: list[Settled] = []

    def expect(
        self, funding: "Sequence[FundingTime]", marks: "Sequence[Mark]", delivery: "Delivery | None" = None
    ) -> None:
        """Add the times of another day, latest last, and the end of the contract if that is on it."""
        self._delivery = delivery
        self._funding = [*self._funding, *funding]
        self._marks = [*self._marks, *marks]
        self._schedule()

    def process(self, ts_now: int) -> None:
        """Settle what is due; called by the engine after every event."""
        if ts_now < self._next_ns:
            return
        while self._funding and self._funding[0].ts <= ts_now:
            self._pay(self._funding.pop(0))
        while self._marks and self._marks[0].ts <= ts_now:
            self._watch(self._marks.pop(0))
        if self._delivery is not None and self._delivery.ts <= ts_now:
            delivery, self._delivery = self._delivery, None
            self.closing.deliver(delivery.price)
        self._schedule()

    def reset(self) -> None:
        """Forget everything."""
        self._funding, self._marks, self.settled = [], [], []
        self._delivery = None
        self._schedule()

    def log_diagnostics(self, logger: Any) -> None:  # noqa: ANN401 - Nautilus's logger
        """Nothing to say: what was settled is in the ledger."""

    def next_danger(self, after_ns: int, until_ns: int) -> int | None:
        """First mark in (after, until] near enough to the maintenance margin that ticks matter.

        Near: within a tenth of the notional, which funding in between can't bridge.
        """
        quantity = self.closing.position
        if quantity == 0 or self._liquidation_fee is None:
            return None
        for mark in self._marks:
            if after_ns < mark.ts <= until_ns:
                worst = mark.low if quantity > 0 else mark.high
                if self._cushion(quantity, worst) <= self._payoff.value(abs(quantity), worst) / 10:
                    return mark.ts
        return None

    def _schedule(self) -> None:
        due = [times[0].ts for times in (self._funding, self._marks) if times]
        due += [self._delivery.ts] if self._delivery is not None else []
        self._next_ns = min(due, default=_FAR)

    def _pay(self, due: FundingTime) -> None:
        quantity = self.closing.position
        if quantity:
            amount = -self._payoff.value(quantity, due.mark) * due.rate
            self._charge(Charge.FUNDING, due.ts, quantity, due.mark, due.rate, amount)

    def _watch(self, mark: Mark) -> None:
        quantity = self.closing.position
        if quantity == 0:
            self._is_liquidating = False
            return
        if self._liquidation_fee is None or self._is_liquidating:
            return
        worst = mark.low if quantity > 0 else mark.high
        if self._cushion(quantity, worst) <= 0:
            self._is_liquidating = True
            fee = -self._payoff.value(abs(quantity), worst) * self._liquidation_fee
            self._charge(Charge.LIQUIDATION_FEE, mark.ts, quantity, worst, self._liquidation_fee, fee)
            self.closing.close(OrderReason.LIQUIDATION)

    def _cushion(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Equity above the maintenance margin, were the mark at a price."""
        equity = self.account.balance + self.account.gain(quantity, price)
        return Decimal(equity - self._payoff.value(abs(quantity), price) * self._maintenance)

    def _charge(self, kind: Charge, ts: int, quantity: Decimal, price: Decimal, rate: Decimal, amount: Decimal) -> None:
        self.settled.append(Settled(ts, kind, quantity, price, rate, self.account.charge(amount)))
