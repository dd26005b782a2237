"""A balance and one position, to the last digit what `execution.account` has of the engine.

Of linear contracts that is NautilusTrader's own arithmetic: average entries and gains are floating point there
(`model/position.pyx`, 1.231), money is rounded by its `Money`. The same operations stand here in the same order. Of
inverse contracts it is the exact books that the engine's account is held to.
"""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity

from phoenix_core.execution.holding import payoff_of_instrument, rounded
from phoenix_core.instruments.brackets import Brackets

_DOUBT = 1e-6  # of what is weighed in floating point before it is weighed exactly


class Account:
    """What is owned and held of one instrument.

    Args:
        instrument: What is traded.
        starting: Balance at the start.

    Attributes:
        lots: Held, as the rule counts; never negative, since nothing is sold short.
        payoff: How quantities and prices become money.
        changes: How often anything changed that a margin depends on.
    """

    def __init__(self, instrument: Instrument, starting: Decimal) -> None:
        self._instrument = instrument
        self.payoff = payoff_of_instrument(instrument)
        self._holding = self.payoff.holding() if self.payoff.is_inverse else None
        self._currency = instrument.get_settlement_currency()
        self.changes = 0
        self._one_rate = Brackets.flat(instrument.margin_maint)
        self.begin(None)
        self._multiplier = instrument.multiplier.as_double()
        self._balance = Money(starting, self._currency)
        self._average = 0.0
        self._signed = 0.0
        self._position = Decimal(0)
        self.lots = 0

    def begin(self, brackets: Brackets | None) -> None:
        """Begin a day, with what says the margin of a position; None: the instrument's one rate does."""
        self._brackets = brackets or self._one_rate
        self._rates, self._amounts = np.array(self._brackets.lines, dtype=np.float64).T
        self._lines: list[tuple[float, float]] = list(zip(self._rates.tolist(), self._amounts.tolist(), strict=True))
        self.changes += 1

    @property
    def balance(self) -> Decimal:
        """In the settlement currency."""
        return Decimal(self._balance.as_decimal())

    @property
    def position(self) -> Decimal:
        """Base units, or contracts, held."""
        return self._position

    def fill(self, sign: int, quantity: Quantity, price: Price, fee: Money) -> None:
        """Book a fill: what it realizes against the entry, less its fee."""
        if self._holding is None:
            gained = self._realized(sign, quantity, price)
            self._average_in(sign, quantity.as_double(), price.as_double())
        else:
            gained = Money(self._holding.fill(sign * quantity.as_decimal(), price.as_decimal()), self._currency)
        self._balance = self._balance + (gained - fee)
        self.lots += sign * quantity.raw
        self.changes += 1
        self._position = Decimal(self._quantity(self.lots).as_decimal())

    def charge(self, amount: Decimal) -> Decimal:
        """Add an amount, rounded as money is; give what was added."""
        money = Money(amount if self._holding is None else rounded(amount), self._currency)
        self._balance = self._balance + money
        self.changes += 1
        return Decimal(money.as_decimal())

    def cushion(self, price: Decimal) -> Decimal:
        """Equity above the maintenance margin, were the mark at a price."""
        quantity = self.position
        equity = self.balance + self._gain(quantity, price)
        return Decimal(equity - self._brackets.maintenance(self.payoff.value(abs(quantity), price)))

    def is_safe_at(self, price: float) -> bool:
        """Whether the cushion is above nothing at a price and at any above it, by more than it may be off by.

        Since nothing is sold short, it grows with the price.
        """
        if self._rates[-1] >= 1 - 2 * _DOUBT:
            return False
        above, worth = self._above(price)
        return bool(above > max([rate * worth - amount for rate, amount in self._lines]))

    def cushions(self, prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The cushion at prices, in floating point, less more than that may be off by."""
        above, worth = self._above(prices)
        margins: npt.NDArray[np.float64] = (np.multiply.outer(worth, self._rates) - self._amounts).max(axis=-1)
        return above - margins

    def _above[Prices: (npt.NDArray[np.float64], float)](self, prices: Prices) -> tuple[Prices, Prices]:
        """Equity at prices less more than it may be off by, and what is held is worth."""
        held, balance = float(self.position), float(self.balance)
        if self._holding is None:
            worth, paid = held * prices, self._average * self._signed
            gains = worth - paid
        else:
            size = float(self.payoff.size or 1)
            worth, paid = held * size / prices, held * size / float(self._holding.entry)
            gains = paid - worth
        return balance + gains - _DOUBT * (abs(balance) + worth + paid), worth

    def _gain(self, quantity: Decimal, price: Decimal) -> Decimal:
        if self._holding is not None:
            return self._holding.gain(price)
        return quantity * price - Decimal(repr(self._average)) * Decimal(repr(self._signed))

    def _realized(self, sign: int, quantity: Quantity, price: Price) -> Money:
        if not self.lots or sign > 0:
            return Money(0, self._currency)
        held = self._quantity(self.lots).as_double()
        closing = Quantity(min(quantity.as_double(), held), quantity.precision).as_double()
        points = price.as_double() - self._average
        return Money(min(closing, abs(self._signed)) * self._multiplier * points, self._currency)

    def _average_in(self, sign: int, lots: float, price: float) -> None:
        if sign > 0:
            held = self._quantity(self.lots).as_double()
            self._average = (self._average * held + price * lots) / (held + lots) if self.lots else price
        self._signed = round(self._signed + sign * lots, self._instrument.size_precision)

    def _quantity(self, lots: int) -> Quantity:
        return Quantity.from_raw(lots, self._instrument.size_precision)
