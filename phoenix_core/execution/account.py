"""What an account has: kept by NautilusTrader's engine for linear contracts, by ourselves for inverse ones.

The engine computes gains in binary floats and averages the entries of inverse contracts as if they were linear: 100
contracts of 100 USD bought at 50,000 and 100 at 100,000 cost 0.3 coins, by its average of 75,000 they cost 0.267. So it
is told what the account has, as a live venue tells it: before each fill, since strategies may ask on hearing of it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import AccountBalance, Currency, Money

from phoenix_core.execution.holding import Payoff, rounded

Report = Callable[[list[AccountBalance]], None]


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


class ReportedAccount:
    """An account that is kept here, exactly, and reported to the engine, whose own venue is frozen.

    Args:
        payoff: How what is held becomes money.
        balance: At the start.
        currency: Of settlement.
        report: Tells the engine of a balance.
    """

    def __init__(self, payoff: Payoff, balance: Decimal, currency: Currency, report: Report) -> None:
        self._holding = payoff.holding()
        self._currency = currency
        self._report = report
        self.balance = balance

    def gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Of what was filled here."""
        del quantity
        return self._holding.gain(price)

    def charge(self, amount: Decimal) -> Decimal:
        """Book an amount, rounded to 8 decimals."""
        self._book(booked := rounded(amount))
        return booked

    def fill(self, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        """Book what a fill realizes, and its fee."""
        self._book(self._holding.fill(signed, price) - fee)

    def _book(self, amount: Decimal) -> None:
        self.balance += amount
        total = Money(self.balance, self._currency)
        self._report([AccountBalance(total=total, locked=Money(0, self._currency), free=total)])
