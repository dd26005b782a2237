"""What an account has. It is NautilusTrader's account; of inverse contracts we keep the books and it follows them.

The engine computes gains in binary floats and averages the entries of inverse contracts as if they were linear: 100
contracts of 100 USD bought at 50,000 and 100 at 100,000 cost 0.3 coins, by its average of 75,000 they cost 0.267. So
what it is about to miss is booked before each fill, since strategies may ask for the balance on hearing of it.
"""

from decimal import Decimal
from typing import Any, Protocol

from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money

from phoenix_core.execution.holding import payoff_of_instrument, rounded


class Account(Protocol):
    """A balance in the settlement currency, and what is held with it."""

    @property
    def balance(self) -> Decimal:
        """What is there, gains of what is held left out."""

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What is held would realize at a price; the quantity is what the portfolio holds."""

    def charge(self, amount: Decimal) -> Decimal:
        """Book an amount besides fills, positive where it is received, and give it as it was booked."""

    def fill(self, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        """Book a fill of which the engine is told next."""


class EngineAccount:
    """The account that NautilusTrader's engine keeps.

    Args:
        exchange: Its simulated exchange, once it has an account.
        instrument: The only one that is traded.
    """

    def __init__(self, exchange: Any, instrument: Instrument) -> None:  # noqa: ANN401 - Nautilus's exchange
        self._exchange = exchange
        self._instrument = instrument
        self._currency = instrument.get_settlement_currency()

    @property
    def balance(self) -> Decimal:
        """The engine's total."""
        return Decimal(self._exchange.get_account().balance_total(self._currency).as_decimal())

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """By the engine's average entries."""
        positions = self._exchange.cache.positions_open(instrument_id=self._instrument.id)
        paid = sum((Decimal(repr(one.avg_px_open)) * Decimal(repr(one.signed_qty)) for one in positions), Decimal(0))
        return quantity * price - paid

    def charge(self, amount: Decimal) -> Decimal:
        """Adjust the engine's balance."""
        money = Money(amount, self._currency)
        self._exchange.adjust_account(money)
        return Decimal(money.as_decimal())

    def fill(self, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        """Leave it to the engine."""


class CoinAccount(EngineAccount):
    """The account of an inverse contract: the engine's, held to exact books.

    Args:
        exchange: Its simulated exchange, once it has an account.
        instrument: The only one that is traded.
    """

    def __init__(self, exchange: Any, instrument: Instrument) -> None:  # noqa: ANN401 - Nautilus's exchange
        super().__init__(exchange, instrument)
        self._holding = payoff_of_instrument(instrument).holding()

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Of what was filled here."""
        del quantity
        return self._holding.gain(price)

    def charge(self, amount: Decimal) -> Decimal:
        """Adjust the engine's balance by an amount rounded to 8 decimals."""
        return super().charge(rounded(amount))

    def fill(self, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        """Book what the engine will miss of a fill; the fee it knows."""
        del fee
        if missed := self._holding.fill(signed, price) - self._engine_realizes(signed, price):
            super().charge(missed)

    def _engine_realizes(self, signed: Decimal, price: Decimal) -> Decimal:
        """What its account will book, by its own arithmetic."""
        for position in self._exchange.cache.positions_open(instrument_id=self._instrument.id):
            if (position.side == PositionSide.LONG) != (signed > 0):
                closed = self._instrument.make_qty(min(abs(signed), position.quantity.as_decimal()))
                found = position.calculate_pnl(position.avg_px_open, float(price), closed)
                return Decimal(found.as_decimal())
        return Decimal(0)
