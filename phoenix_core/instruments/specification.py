"""What an instrument is on a day: precision, increments, currencies, margins and fees."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from phoenix_core.market import Listing, Market

ARCHIVE_DECIMALS = 8  # the widest that the archive writes
_CASH = frozenset({"TRY", "EUR", "GBP", "BRL", "JPY"})


def money_decimals(currency: str) -> int:
    """Decimals that an amount is shown with: two of money and of what is pegged to it, eight of a coin.

    >>> money_decimals("USDT"), money_decimals("BTC")
    (2, 8)
    """
    return 2 if "USD" in currency or currency in _CASH else 8


def money_form(currency: str) -> str:
    """Format of an amount.

    >>> format(1234.5, money_form("USDT"))
    '1,234.50'
    """
    return f",.{money_decimals(currency)}f"


@dataclass(frozen=True, slots=True)
class Specification:
    """The constants of an instrument on a day.

    Those from venue to contract size hold for its whole history: NautilusTrader can't mix precisions, and the
    archive holds finer prices than the day's tick (71799.36 beside a tick of 0.10).

    Attributes:
        listing: Market and symbol.
        venue: Where it is traded, in NautilusTrader's notation.
        base: Currency that is bought.
        quote: Currency it is priced in.
        settlement: Currency in which profits are paid.
        price_precision: Decimals of every price.
        size_precision: Decimals of every quantity.
        contract_size: Quote units of one contract, for inverse contracts; otherwise 1.
        tick: Smallest step of an order's price.
        step: Smallest step of an order's quantity.
        min_notional: Smallest order, in quote units.
        margin_init: Initial margin rate at the highest leverage.
        margin_maint: Maintenance margin rate of the first bracket.
        maker_fee: Share of notional, regular user.
        taker_fee: Share of notional, regular user.
        valid_from: First day on which all of them are known to hold.
        source: Where they are published.
        inferred: No file has the symbol: tick and step are read off the day's trades.
        assumed: The day is before `valid_from`.
        largest_position: Notional that a position may have, in quote units: an account's leverage decides. None: any.
    """

    listing: Listing
    venue: str
    base: str
    quote: str
    settlement: str
    price_precision: int
    size_precision: int
    contract_size: Decimal
    tick: Decimal
    step: Decimal
    min_notional: Decimal
    margin_init: Decimal
    margin_maint: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    valid_from: date
    source: str
    inferred: bool = False
    assumed: bool = False
    largest_position: Decimal | None = None

    @property
    def is_inverse(self) -> bool:
        """Contracts of a fixed number of quote units, settled in the base currency."""
        return self.listing.market is Market.CM

    @property
    def quantity_unit(self) -> str:
        """What quantities count: the base currency, or contracts."""
        return "contracts" if self.is_inverse else self.base

    @property
    def instrument_id(self) -> str:
        """NautilusTrader's id: `BTCUSDT-PERP.BINANCE`, `BTCUSDT.BINANCE`, `BTCUSD_PERP.BINANCE`."""
        return self.feed_id("")

    def feed_id(self, feed: str) -> str:
        """The id under which data is kept; a feed that must not mix with the main one is a venue of its own."""
        perpetual = "-PERP" if self.listing.market is Market.UM and "_" not in self.listing.symbol else ""
        return f"{self.listing.symbol}{perpetual}.{self.venue}{'_' + feed if feed else ''}"
