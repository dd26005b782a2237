"""What a quantity at a price is worth, and what a position gained: the one place where contracts become money.

A linear contract is a quantity of base units, priced and settled in quote units: its worth is quantity × price. An
inverse one is a fixed number of quote units, settled in the base currency: contracts × size / price coins. Such a
quotient has no end of digits, so each is rounded to 8 decimals half to even, as coins are; what a position gained is
then a sum of such amounts, and exact. Formulas: https://www.binance.com/en/support/faq/360039304272
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from phoenix_core.market import Market

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument

    from phoenix_core.instruments.specification import Specification

SMALLEST = Decimal("0.00000001")  # of any currency here
_CENT = Decimal("0.01")
_ZERO = Decimal(0)


def rounded(amount: Decimal) -> Decimal:
    """An amount as it is booked.

    >>> rounded(Decimal("0.000000025")), rounded(Decimal("-0.000000015"))
    (Decimal('2E-8'), Decimal('-2E-8'))
    """
    return amount.quantize(SMALLEST, ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Payoff:
    """How quantities and prices become money.

    Attributes:
        size: Quote units of one inverse contract; None: linear.
        dust: Smaller quantities can't be sold; 0 where everything can. Fees that are taken from coins leave some.
    """

    size: Decimal | None = None
    dust: Decimal = _ZERO

    @property
    def is_inverse(self) -> bool:
        """Whether it settles in the base currency."""
        return self.size is not None

    @property
    def tolerance(self) -> Decimal:
        """By how much less two accounts of one position may differ: of an inverse one, by nothing."""
        return SMALLEST if self.is_inverse else _CENT

    def is_flat(self, quantity: Decimal) -> bool:
        """Whether nothing is held that could be closed."""
        return quantity == 0 or abs(quantity) < self.dust

    def value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Worth in the settlement currency, with the sign of the quantity.

        >>> Payoff().value(Decimal(2), Decimal(50_000)), Payoff(Decimal(100)).value(Decimal(3), Decimal(60_000))
        (Decimal('100000'), Decimal('0.00500000'))
        """
        return quantity * price if self.size is None else rounded(quantity * self.size / price)

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Worth in quote units."""
        return quantity * (price if self.size is None else self.size)

    def affordable(self, amount: Decimal, price: Decimal) -> Decimal:
        """The quantity that is worth an amount of the settlement currency, before it is cut to steps."""
        return amount / price if self.size is None else amount * price / self.size

    def fee(self, quantity: Decimal, price: Decimal, share: Decimal) -> Decimal:
        """A share of a fill's worth, the worth rounded first."""
        return rounded(rounded(self.value(quantity, price)) * share)

    def slippage(self, signed: Decimal, price: Decimal, mid: Decimal) -> Decimal:
        """What a fill gained or lost against the mid at its decision; signed is positive where it bought."""
        if self.size is None:
            return -signed * (price - mid)
        return self.value(signed, price) - self.value(signed, mid) if mid else _ZERO

    def average(self, fills: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
        """Average price of quantities at prices: that at which all of them together are worth as much.

        >>> round(Payoff(Decimal(100)).average([(Decimal(1), Decimal(40_000)), (Decimal(1), Decimal(60_000))]), 8)
        Decimal('48000.00000000')
        """
        quantity = sum((one for one, _ in fills), _ZERO)
        if self.size is None:
            return sum((one * price for one, price in fills), _ZERO) / quantity
        return quantity / sum((one / price for one, price in fills), _ZERO)

    def holding(self) -> "Holding":
        """Nothing held yet."""
        return _Linear() if self.size is None else _Inverse(self)


def payoff_of(traded: "Specification") -> Payoff:
    """The payoff of what a specification describes."""
    if traded.is_inverse:
        return Payoff(traded.contract_size)
    return Payoff(dust=traded.step if traded.listing.market is Market.SPOT else _ZERO)


def payoff_of_instrument(instrument: "Instrument") -> Payoff:
    """The payoff of NautilusTrader's instrument, whose multiplier is the size of a contract."""
    from nautilus_trader.model.enums import InstrumentClass  # noqa: PLC0415 - payoffs of specifications need it not

    if instrument.is_inverse:
        return Payoff(instrument.multiplier.as_decimal())
    is_spot = instrument.instrument_class == InstrumentClass.SPOT
    return Payoff(dust=instrument.size_increment.as_decimal()) if is_spot else Payoff()


class Holding(ABC):
    """A position from its first fill on.

    Attributes:
        quantity: Signed: base units, or contracts.
        entry: Average entry price; 0 while nothing is held.
    """

    quantity = _ZERO
    entry = _ZERO

    def fill(self, signed: Decimal, price: Decimal) -> Decimal:
        """Take a fill, first against what is held, and give what that realized.

        Args:
            signed: Quantity, positive where it bought.
            price: Of the fill.
        """
        closing = min(abs(signed), abs(self.quantity)) if signed * self.quantity < 0 else _ZERO
        realized = self._take(signed, closing, price)
        self.quantity += signed
        return realized

    @abstractmethod
    def gain(self, price: Decimal) -> Decimal:
        """What is held would realize at a price."""

    @abstractmethod
    def _take(self, signed: Decimal, closing: Decimal, price: Decimal) -> Decimal:
        """Realize what a fill closes, and keep what it opens; the quantity is still that before it."""


class _Linear(Holding):
    """Gains are quantity × (price - average entry)."""

    def gain(self, price: Decimal) -> Decimal:
        return self.quantity * (price - self.entry)

    def _take(self, signed: Decimal, closing: Decimal, price: Decimal) -> Decimal:
        direction = 1 if self.quantity > 0 else -1
        realized = direction * closing * (price - self.entry)
        if opening := abs(signed) - closing:
            held = abs(self.quantity) - closing
            self.entry = (self.entry * held + price * opening) / (held + opening)
        return realized


class _Inverse(Holding):
    """Gains are what a position was worth in coins when it was entered, less what it is worth now.

    The worth of a fill is split between what it closes and what it opens, and that of an entry between what is closed
    and what stays, so that whatever is closed in however many parts gains the same.
    """

    def __init__(self, payoff: Payoff) -> None:
        self._payoff = payoff
        self._worth = _ZERO  # in coins at the entry, with the sign of the quantity

    def gain(self, price: Decimal) -> Decimal:
        return self._worth - self._payoff.value(self.quantity, price) if self.quantity else _ZERO

    def _take(self, signed: Decimal, closing: Decimal, price: Decimal) -> Decimal:
        worth = self._payoff.value(signed, price)
        closed = rounded(worth * closing / abs(signed))
        entered = rounded(self._worth * closing / abs(self.quantity)) if closing else _ZERO
        self._worth += worth - closed - entered
        if opening := abs(signed) - closing:
            held = abs(self.quantity) - closing
            self.entry = self._payoff.average([(held, self.entry), (opening, price)]) if held else price
        return entered + closed
