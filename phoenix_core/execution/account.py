"""What an account has. It is NautilusTrader's account; where that is inexact we keep the books and it follows them.

The engine computes gains in binary floats and averages the entries of inverse contracts as if they were linear: 100
contracts of 100 USD bought at 50,000 and 100 at 100,000 cost 0.3 coins, by its average of 75,000 they cost 0.267. On
spot it converts a fee in coins at the quote of the moment. So what it is about to miss is booked before each fill,
since strategies may ask for the balance on hearing of it.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from nautilus_trader.model.enums import PositionSide, PriceType
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money

from phoenix_core.execution.holding import payoff_of_instrument, rounded
from phoenix_core.execution.rule import Order

_RAW = -16  # power of ten of NautilusTrader's raw prices and quantities


class Fee(NamedTuple):
    """What a fill costs.

    Attributes:
        amount: In the settlement currency.
        in_base: Base units that it is taken from, where it is not taken from the settlement currency.
    """

    amount: Decimal
    in_base: Decimal = Decimal(0)


class Account(Protocol):
    """A balance in the settlement currency, and what is held with it."""

    @property
    def balance(self) -> Decimal:
        """What is there, gains of what is held left out."""

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What is held would realize at a price; the quantity is what the portfolio holds."""

    def entry(self, quantity: Decimal) -> Decimal:
        """The price at which what is held, which is not nothing, gains nothing."""

    def charge(self, amount: Decimal) -> Decimal:
        """Book an amount besides fills, positive where it is received, and give it as it was booked."""

    def fee(self, signed: Decimal, price: Decimal, share: Decimal) -> Fee:
        """What a fill will cost."""

    def fill(self, signed: Decimal, price: Decimal, fee: Fee) -> None:
        """Book a fill of which the engine is told next."""

    def why_refused(self, order: Order, price: int, resting: Iterable[Order]) -> str:
        """Why the account can't pay for an order that arrives, at a price if it has none; empty where it can."""


class EngineAccount:
    """The account that NautilusTrader's engine keeps, with a margin that it does not hold orders to.

    Args:
        exchange: Its simulated exchange, once it has an account.
        instrument: One that is traded; others may share the account.
    """

    def __init__(self, exchange: Any, instrument: Instrument) -> None:  # noqa: ANN401 - Nautilus's exchange
        self._exchange = exchange
        self._instrument = instrument
        self._currency = instrument.get_settlement_currency()
        self._payoff = payoff_of_instrument(instrument)

    @property
    def balance(self) -> Decimal:
        """The engine's total."""
        return Decimal(self._exchange.get_account().balance_total(self._currency).as_decimal())

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """By the engine's average entries."""
        return quantity * price - self._paid

    def entry(self, quantity: Decimal) -> Decimal:
        """By the engine's average entries."""
        return self._paid / quantity

    @property
    def _paid(self) -> Decimal:
        positions = self._exchange.cache.positions_open(instrument_id=self._instrument.id)
        return sum((Decimal(repr(one.avg_px_open)) * Decimal(repr(one.signed_qty)) for one in positions), Decimal(0))

    def charge(self, amount: Decimal) -> Decimal:
        """Adjust the engine's balance."""
        money = Money(amount, self._currency)
        self._exchange.adjust_account(money)
        return Decimal(money.as_decimal())

    def fee(self, signed: Decimal, price: Decimal, share: Decimal) -> Fee:
        """A share of its worth."""
        return Fee(self._payoff.fee(abs(signed), price, share))

    def fill(self, signed: Decimal, price: Decimal, fee: Fee) -> None:
        """Leave it to the engine."""

    def why_refused(self, order: Order, price: int, resting: Iterable[Order]) -> str:
        """Nothing: whoever sends orders minds the margin."""
        del order, price, resting
        return ""


class ExactAccount(EngineAccount):
    """The engine's account held to exact books.

    Args:
        exchange: Its simulated exchange, once it has an account.
        instrument: The only one that is traded.
    """

    def __init__(self, exchange: Any, instrument: Instrument) -> None:  # noqa: ANN401 - Nautilus's exchange
        super().__init__(exchange, instrument)
        self._holding = self._payoff.holding()

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Of what was filled here."""
        del quantity
        return self._holding.gain(price)

    def entry(self, quantity: Decimal) -> Decimal:
        """Of what was filled here."""
        del quantity
        return self._holding.entry

    def charge(self, amount: Decimal) -> Decimal:
        """Adjust the engine's balance by an amount rounded to 8 decimals."""
        return super().charge(rounded(amount))

    def fill(self, signed: Decimal, price: Decimal, fee: Fee) -> None:
        """Book what the engine will miss of a fill and its fee."""
        booked = self._engine_books(signed, price, fee)  # as long as the engine holds what it held
        realized = self._holding.fill(signed, price)
        if fee.in_base:
            realized += self._holding.fill(-fee.in_base, price)
        if missed := rounded(realized - fee.amount - booked):
            super().charge(missed)

    def _engine_books(self, signed: Decimal, price: Decimal, fee: Fee) -> Decimal:
        """What its account will book, by its own arithmetic."""
        if not fee.in_base:
            return self._engine_realizes(signed, price) - fee.amount
        side = PriceType.ASK if signed > 0 else PriceType.BID
        base = self._instrument.get_base_currency()
        rate = self._exchange.cache.get_xrate(self._instrument.id.venue, base, self._currency, side)
        if rate is None:  # it knows no quote yet, and then books nothing at all
            return Decimal(0)
        paid = Money(float(Money(fee.in_base, base)) * rate, self._currency)
        return self._engine_realizes(signed, price) - Decimal(paid.as_decimal())

    def _engine_realizes(self, signed: Decimal, price: Decimal) -> Decimal:
        for position in self._exchange.cache.positions_open(instrument_id=self._instrument.id):
            if (position.side == PositionSide.LONG) != (signed > 0):
                closed = self._instrument.make_qty(min(abs(signed), position.quantity.as_decimal()))
                found = position.calculate_pnl(position.avg_px_open, float(price), closed)
                return Decimal(found.as_decimal())
        return Decimal(0)


class SpotAccount(ExactAccount):
    """Two balances: what is bought is paid for with what is there, and what is sold has to be there.

    NautilusTrader's account has what the coins cost besides the quote balance, as if they were a position.

    Args:
        exchange: Its simulated exchange, once it has an account.
        instrument: The only one that is traded.
        quote: Balance at the start, quote units.
        takes_received: A fee is taken from what the fill brings, coins or quote units; else always from quote units.

    Attributes:
        quote: Balance in quote units.
        base: Balance in base units.
        lowest: Least that the quote balance ever was.
    """

    def __init__(
        self,
        exchange: Any,  # noqa: ANN401 - Nautilus's exchange
        instrument: Instrument,
        quote: Decimal,
        *,
        takes_received: bool,
    ) -> None:
        super().__init__(exchange, instrument)
        self._takes_received = takes_received
        self._dearest = max(instrument.maker_fee, instrument.taker_fee, Decimal(0))
        self.quote = self.lowest = quote
        self.base = Decimal(0)

    def fee(self, signed: Decimal, price: Decimal, share: Decimal) -> Fee:
        """A share of what the fill brings, rounded to 8 decimals."""
        if signed < 0 or not self._takes_received:
            return super().fee(signed, price, share)
        in_base = rounded(signed * share)
        return Fee(rounded(in_base * price), in_base)

    def fill(self, signed: Decimal, price: Decimal, fee: Fee) -> None:
        """Exchange one for the other."""
        super().fill(signed, price, fee)
        self.base += signed - fee.in_base
        self.quote -= rounded(signed * price) + (0 if fee.in_base else fee.amount)
        self.lowest = min(self.lowest, self.quote)

    def why_refused(self, order: Order, price: int, resting: Iterable[Order]) -> str:
        """More than is there, less what orders that rest may take."""
        ours = [one for one in resting if one.sign == order.sign]
        if order.sign < 0:
            wanted = sum((_exact(one.quantity) for one in (*ours, order)), Decimal(0))
            return "" if wanted <= self.base else f"spot sells what it has: {wanted} of {self.base}"
        shares = 1 + (Decimal(0) if self._takes_received else self._dearest)
        at = order.price if order.price is not None else price
        costs = [(one.quantity, one.price or price) for one in ours] + [(order.quantity, at)]
        cost = shares * sum((_exact(lots) * _exact(paid) for lots, paid in costs), Decimal(0))
        return "" if cost <= self.quote else f"spot pays with what it has: {cost} of {self.quote}"


def _exact(raw: int) -> Decimal:
    return Decimal(raw).scaleb(_RAW)
