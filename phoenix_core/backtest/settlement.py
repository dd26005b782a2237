"""What the exchange does to an account between fills: funding, and liquidation at the maintenance margin.

NautilusTrader 1.231 delivers funding rates and charges none, and knows no liquidation; this module of
the simulated exchange does both. Marks come once a minute, with the worst price of that minute. An account is
liquidated as a whole: by its balance and the gains of all that is held, against the sum of all maintenance margins.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from nautilus_trader.backtest.config import SimulationModuleConfig
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.model.instruments import Instrument

from phoenix_core.execution.account import Account
from phoenix_core.execution.closing import Closing
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.execution.heartbeat import Heartbeat
from phoenix_core.execution.holding import payoff_of_instrument
from phoenix_core.instruments.brackets import Brackets

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


class Standing(NamedTuple):
    """What a position would gain at a price, what it is worth there, and the margin that maintains it."""

    gain: Decimal
    worth: Decimal
    margin: Decimal


class Watched:
    """One instrument as the exchange watches it: what is due of it, and what an account holds of it.

    Args:
        instrument: What is traded.

    Attributes:
        account: Where it is charged; the venue is made before it.
        closing: Knows the position and closes it; likewise.
        mark: The last that was seen.
        funding: What is due, next first.
        marks: Those to come, likewise.
        delivery: The end of the contract, if it is near.
        brackets: Say the margin that maintains a position.
        one_rate: Those of a day without any.
        settled: What was charged, in order.
    """

    account: Account
    closing: Closing

    def __init__(self, instrument: Instrument) -> None:
        self.one_rate = self.brackets = Brackets.flat(instrument.margin_maint)
        self._payoff = payoff_of_instrument(instrument)
        self.mark: Mark | None = None
        self.funding: list[FundingTime] = []
        self.marks: list[Mark] = []
        self.delivery: Delivery | None = None
        self.settled: list[Settled] = []

    @property
    def quantity(self) -> Decimal:
        """What is held, signed."""
        return self.closing.position

    @property
    def due(self) -> list[int]:
        """The next times of each kind."""
        due = [times[0].ts for times in (self.funding, self.marks) if times]
        return due + ([self.delivery.ts] if self.delivery is not None else [])

    def forget(self) -> None:
        """Expect nothing any more."""
        self.funding, self.marks, self.settled, self.delivery, self.mark = [], [], [], None, None

    def pay(self) -> None:
        """Charge the next funding."""
        due = self.funding.pop(0)
        if quantity := self.quantity:
            amount = -self._payoff.value(quantity, due.mark) * due.rate
            self._charge(Charge.FUNDING, due.ts, quantity, due.mark, due.rate, amount)

    def see(self, ts: int) -> None:
        """Take the next mark, if it is of an instant."""
        if self.marks and self.marks[0].ts == ts:
            self.mark = self.marks.pop(0)

    def deliver(self) -> None:
        """End the contract."""
        delivery, self.delivery = self.delivery, None
        if delivery is not None:
            self.closing.deliver(delivery.price)

    def charge_liquidation(self, ts: int, share: Decimal) -> None:
        """Charge the fee of a liquidation at the mark of an instant, a share of the notional."""
        quantity = self.quantity
        price = self.worst(quantity, self.mark, ts)
        fee = -self._payoff.value(abs(quantity), price) * share
        self._charge(Charge.LIQUIDATION_FEE, ts, quantity, price, share, fee)

    def worst(self, quantity: Decimal, mark: Mark | None, ts: int) -> Decimal:
        """The worst price of the minute that ends at an instant.

        Args:
            quantity: What is held.
            mark: The last that is known then: of an earlier minute its close counts. None: what was paid does.
            ts: The instant.
        """
        if mark is None:
            return self.account.entry(quantity)
        if mark.ts != ts:
            return mark.close
        return mark.low if quantity > 0 else mark.high

    def standing(self, quantity: Decimal, price: Decimal) -> Standing:
        """Of what is held, at a price."""
        worth = self._payoff.value(abs(quantity), price)
        return Standing(self.account.gain(quantity, price), worth, self.maintenance(worth))

    def maintenance(self, worth: Decimal) -> Decimal:
        """The margin that maintains a position of a worth."""
        return self.brackets.maintenance(worth)

    def _charge(self, kind: Charge, ts: int, quantity: Decimal, price: Decimal, rate: Decimal, amount: Decimal) -> None:
        self.settled.append(Settled(ts, kind, quantity, price, rate, self.account.charge(amount)))


class Settlement(SimulationModule):
    """Charges funding and watches the maintenance margin of an account.

    One instrument is settled at the first event of the instant that something is due. Of several, one would then be
    settled at a tick of another: there each waits for the heartbeat, which comes after all ticks of the instant.

    Args:
        instruments: What is traded.
        liquidation_fee: Share of notional; None: positions are not liquidated.

    Attributes:
        watched: Each instrument.
    """

    def __init__(self, instruments: "Sequence[Instrument]", liquidation_fee: Decimal | None) -> None:
        super().__init__(SimulationModuleConfig())
        self.watched = tuple(Watched(one) for one in instruments)
        self._liquidation_fee = liquidation_fee
        self._waits = int(len(self.watched) > 1)
        self._next_ns = -1
        self._liquidating: list[Watched] = []

    def expect(
        self,
        one: Watched,
        funding: "Sequence[FundingTime]",
        marks: "Sequence[Mark]",
        delivery: "Delivery | None" = None,
        brackets: Brackets | None = None,
    ) -> None:
        """Add the times of another day of an instrument, latest last, and the end of the contract if that is on it.

        From now on its positions keep margin by the day's brackets; None: by the instrument's one rate.
        """
        one.funding, one.marks = [*one.funding, *funding], [*one.marks, *marks]
        one.delivery, one.brackets = delivery, brackets or one.one_rate
        self._schedule()

    def process(self, ts_now: int) -> None:
        """Settle what is due; called by the engine after every event."""
        self._settle(ts_now - self._waits)

    def on_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Settle what is due now."""
        self._settle(heartbeat.ts)

    def reset(self) -> None:
        """Forget everything."""
        for one in self.watched:
            one.forget()
        self._schedule()

    def log_diagnostics(self, logger: Any) -> None:  # noqa: ANN401 - Nautilus's logger
        """Nothing to say: what was settled is in the ledger."""

    def next_danger(self, after_ns: int, until_ns: int) -> int | None:
        """First mark in (after, until] near enough to the maintenance margin that ticks matter.

        Near: within a tenth of the notional, which funding in between can't bridge.
        """
        held = [(one, quantity) for one in self.watched if (quantity := one.quantity)]
        if not held or self._liquidation_fee is None:
            return None
        balance = self.watched[0].account.balance
        last = [one.mark for one, _ in held]
        marks = [{mark.ts: mark for mark in one.marks if mark.ts <= until_ns} for one, _ in held]
        # Marks of several listings need not share their instants: each keeps its last one until its next.
        for ts in sorted({ts for known in marks for ts in known}):
            last = [known.get(ts, before) for known, before in zip(marks, last, strict=True)]
            if ts > after_ns:
                standing = [
                    one.standing(quantity, one.worst(quantity, mark, ts))
                    for (one, quantity), mark in zip(held, last, strict=True)
                ]
                if _cushion(balance, standing) <= sum(one.worth for one in standing) / 10:
                    return ts
        return None

    def _settle(self, until_ns: int) -> None:
        if until_ns < self._next_ns:
            return
        due = [(one.ts, rank) for rank, of in enumerate(self.watched) for one in of.funding if one.ts <= until_ns]
        for _, rank in sorted(due):
            self.watched[rank].pay()
        while (ts := min((one.marks[0].ts for one in self.watched if one.marks), default=_FAR)) <= until_ns:
            for one in self.watched:
                one.see(ts)
            self._watch(ts)
        for one in self.watched:
            if one.delivery is not None and one.delivery.ts <= until_ns:
                one.deliver()
        self._schedule()

    def _schedule(self) -> None:
        self._next_ns = min((ts for one in self.watched for ts in one.due), default=_FAR)

    def _watch(self, ts: int) -> None:
        """Liquidate the account if its equity does not reach the maintenance margin at the marks of an instant."""
        self._liquidating = [one for one in self._liquidating if one.quantity]
        held = [(one, quantity) for one in self.watched if (quantity := one.quantity)]
        if not held or self._liquidation_fee is None or self._liquidating:
            return
        standing = [one.standing(quantity, one.worst(quantity, one.mark, ts)) for one, quantity in held]
        if _cushion(self.watched[0].account.balance, standing) <= 0:
            self._liquidating = [one for one, _ in held]
            for one, _ in held:
                one.charge_liquidation(ts, self._liquidation_fee)
            for one in self.watched:
                one.closing.close(OrderReason.LIQUIDATION)


def _cushion(balance: Decimal, standing: "Sequence[Standing]") -> Decimal:
    """Equity above the maintenance margin of all that is held."""
    return balance + sum((one.gain - one.margin for one in standing), Decimal(0))
