"""A balance and one position by NautilusTrader's own arithmetic, so that both replays agree to the last digit.

The average entry and realized profits are floating point there (`model/position.pyx`, 1.231), money is rounded by its
`Money`. The same operations stand here in the same order; the value types are NautilusTrader's.
"""

from decimal import Decimal

from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity


class Account:
    """What is owned and held of one instrument.

    Args:
        instrument: What is traded.
        starting: Balance at the start.

    Attributes:
        lots: Held, as the rule counts; never negative, since nothing is sold short.
    """

    def __init__(self, instrument: Instrument, starting: Decimal) -> None:
        self._instrument = instrument
        self._currency = instrument.get_settlement_currency()
        self._multiplier = instrument.multiplier.as_double()
        self._balance = Money(starting, self._currency)
        self._average = 0.0
        self._signed = 0.0
        self.lots = 0

    @property
    def balance(self) -> Decimal:
        """Quote units."""
        return Decimal(self._balance.as_decimal())

    @property
    def position(self) -> Decimal:
        """Base units held."""
        return Decimal(self._quantity(self.lots).as_decimal())

    def fill(self, sign: int, quantity: Quantity, price: Price, fee: Money) -> None:
        """Book a fill: what it realizes against the average entry, less its fee."""
        lots, paid = quantity.as_double(), price.as_double()
        realized = Money(0, self._currency)
        if self.lots and sign < 0:
            closing = Quantity(min(lots, self._quantity(self.lots).as_double()), quantity.precision).as_double()
            realized = Money(
                min(closing, abs(self._signed)) * self._multiplier * (paid - self._average), self._currency
            )
        self._balance = self._balance + (realized - fee)
        if sign > 0:
            held = self._quantity(self.lots).as_double()
            self._average = (self._average * held + paid * lots) / (held + lots) if self.lots else paid
        self._signed = round(self._signed + sign * lots, self._instrument.size_precision)
        self.lots += sign * quantity.raw

    def charge(self, amount: Decimal) -> Decimal:
        """Add an amount, rounded as money is; give what was added."""
        money = Money(amount, self._currency)
        self._balance = self._balance + money
        return Decimal(money.as_decimal())

    def cushion(self, price: Decimal) -> Decimal:
        """Equity above the maintenance margin, were the mark at a price."""
        quantity = self.position
        paid = Decimal(repr(self._average)) * Decimal(repr(self._signed))
        equity = self.balance + quantity * price - paid
        return Decimal(equity - abs(quantity) * price * self._instrument.margin_maint)

    def in_floats(self) -> tuple[float, float, float]:
        """Base units held, balance, and what was paid for the position."""
        return self._signed, self._balance.as_double(), self._average * self._signed

    def _quantity(self, lots: int) -> Quantity:
        return Quantity.from_raw(lots, self._instrument.size_precision)
