"""What an instrument is: precision, increments, currencies, margins and fees, each with its source.

Precision is fixed for the whole history of an instrument, since NautilusTrader can't mix precisions
and the archive holds finer prices than today's tick (71799.36 beside a tick of 0.10). Instruments that
are not listed here get the archive's own width, 8 decimals, and increments inferred from the day.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, Market

_UM_INFO = "https://fapi.binance.com/fapi/v1/exchangeInfo"
_CM_INFO = "https://dapi.binance.com/dapi/v1/exchangeInfo"
_SPOT_INFO = "https://api.binance.com/api/v3/exchangeInfo"
ARCHIVE_DECIMALS = 8

# Longest first, so that FDUSD is not read as USD.
_QUOTES = (
    "FDUSD",
    "USDT",
    "USDC",
    "BUSD",
    "TUSD",
    "USDP",
    "BTC",
    "ETH",
    "BNB",
    "TRY",
    "EUR",
    "GBP",
    "BRL",
    "JPY",
    "USD",
)


@dataclass(frozen=True, slots=True)
class Specification:
    """The constants of an instrument.

    Attributes:
        listing: Market and symbol.
        base: Currency that is bought.
        quote: Currency it is priced in.
        settlement: Currency in which profits are paid.
        price_precision: Decimals of every price.
        size_precision: Decimals of every quantity.
        tick: Smallest step of an order's price.
        step: Smallest step of an order's quantity.
        min_notional: Smallest order, in quote units.
        contract_size: Quote units of one contract, for inverse contracts; otherwise 1.
        margin_init: Initial margin rate at the highest leverage.
        margin_maint: Maintenance margin rate of the first bracket.
        maker_fee: Share of notional, regular user.
        taker_fee: Share of notional, regular user.
        source: Where these constants are published.
        inferred: Tick and step were read off the data instead.
    """

    listing: Listing
    base: str
    quote: str
    settlement: str
    price_precision: int
    size_precision: int
    tick: Decimal
    step: Decimal
    min_notional: Decimal
    contract_size: Decimal = Decimal(1)
    margin_init: Decimal = Decimal("0.05")
    margin_maint: Decimal = Decimal("0.025")
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    source: str = ""
    inferred: bool = False

    @property
    def is_inverse(self) -> bool:
        """Contracts of a fixed number of quote units, settled in the base currency."""
        return self.listing.market is Market.CM

    @property
    def instrument_id(self) -> str:
        """NautilusTrader's id: `BTCUSDT-PERP.BINANCE`, `BTCUSDT.BINANCE`, `BTCUSD_PERP.BINANCE`."""
        return instrument_id(self.listing)


def instrument_id(listing: Listing, feed: str = "") -> str:
    """NautilusTrader's id of a listing; a feed that must not mix with the main one is a venue of its own."""
    perpetual = "-PERP" if listing.market is Market.UM and "_" not in listing.symbol else ""
    return f"{listing.symbol}{perpetual}.BINANCE{'_' + feed if feed else ''}"


# Margins are those of the first bracket; fees those of a regular user (2024: um 0.02 % / 0.05 %,
# spot 0.10 % / 0.10 %, https://www.binance.com/en/fee).
_KNOWN: tuple[Specification, ...] = (
    Specification(
        Listing(Market.UM, "BTCUSDT"),
        "BTC",
        "USDT",
        "USDT",
        2,
        3,
        Decimal("0.10"),
        Decimal("0.001"),
        Decimal(100),
        margin_init=Decimal("0.008"),
        margin_maint=Decimal("0.004"),
        source=_UM_INFO,
    ),
    Specification(
        Listing(Market.UM, "ETHUSDT"),
        "ETH",
        "USDT",
        "USDT",
        2,
        3,
        Decimal("0.01"),
        Decimal("0.001"),
        Decimal(20),
        margin_init=Decimal("0.010"),
        margin_maint=Decimal("0.005"),
        source=_UM_INFO,
    ),
    Specification(
        Listing(Market.SPOT, "BTCUSDT"),
        "BTC",
        "USDT",
        "USDT",
        8,
        8,
        Decimal("0.01"),
        Decimal("0.00001"),
        Decimal(5),
        margin_init=Decimal(1),
        margin_maint=Decimal(1),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        source=_SPOT_INFO,
    ),
    Specification(
        Listing(Market.SPOT, "ETHUSDT"),
        "ETH",
        "USDT",
        "USDT",
        8,
        8,
        Decimal("0.01"),
        Decimal("0.0001"),
        Decimal(5),
        margin_init=Decimal(1),
        margin_maint=Decimal(1),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        source=_SPOT_INFO,
    ),
    Specification(
        Listing(Market.CM, "BTCUSD_PERP"),
        "BTC",
        "USD",
        "BTC",
        1,
        0,
        Decimal("0.1"),
        Decimal(1),
        Decimal(100),
        contract_size=Decimal(100),
        margin_init=Decimal("0.008"),
        margin_maint=Decimal("0.004"),
        source=_CM_INFO,
    ),
)
_BY_LISTING = {known.listing: known for known in _KNOWN}


def specification(listing: Listing) -> Specification:
    """Constants of a listing: known ones, or the archive's own width where none are known.

    Raises:
        ConfigInvalid: The symbol ends in no currency that we know.
    """
    if known := _BY_LISTING.get(listing):
        return known
    base, quote = _currencies(listing)
    spot = listing.market is Market.SPOT
    finest = Decimal(1).scaleb(-ARCHIVE_DECIMALS)
    return Specification(
        listing,
        base,
        quote,
        settlement=base if listing.market is Market.CM else quote,
        price_precision=ARCHIVE_DECIMALS,
        size_precision=ARCHIVE_DECIMALS,
        tick=finest,
        step=finest,
        min_notional=Decimal(5),
        contract_size=Decimal(10) if listing.market is Market.CM else Decimal(1),
        margin_init=Decimal(1) if spot else Decimal("0.05"),
        margin_maint=Decimal(1) if spot else Decimal("0.025"),
        maker_fee=Decimal("0.001") if spot else Decimal("0.0002"),
        taker_fee=Decimal("0.001") if spot else Decimal("0.0005"),
        source="inferred from the day's trades",
        inferred=True,
    )


def _currencies(listing: Listing) -> tuple[str, str]:
    pair = re.sub(r"_(PERP|\d{6})$", "", listing.symbol)
    for quote in _QUOTES:
        if pair.endswith(quote) and len(pair) > len(quote):
            return pair.removesuffix(quote), quote
    raise ConfigInvalid(
        f"{listing} ends in no known currency: expected one of {', '.join(_QUOTES)}. Correct "
        "PHOENIX_SYMBOLS, or add the currency to phoenix_core/catalog/specifications.py."
    )
