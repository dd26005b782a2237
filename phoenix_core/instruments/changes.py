"""What became of symbols: other names, other units, names that were used again; by the venues' data files.

A series under one name may be two coins, and one coin may lie under two names. The table has what a source was found
for, and no more: a symbol without an entry is not known to have changed.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from phoenix_core.instruments.table import shipped
from phoenix_core.market import Listing

# Units of many coins, as Binance names them: 1000PEPEUSDT, 1000000MOGUSDT, 1MBABYDOGEUSDT. 1INCH is a coin.
_MANY = re.compile(r"(?P<many>10{3,6}|1M)(?=[A-Z])(?!INCH)")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a symbol.

    Attributes:
        listing: The symbol.
        becomes: Under which its coin is traded since; None: under none, or the same.
        on: First day of what is new, where it is known.
        factor: New units that one old unit became.
        says: What happened, in a sentence.
        source: Where it is said.
    """

    listing: Listing
    becomes: Listing | None
    on: date | None
    factor: Decimal
    says: str
    source: str


def changes_of(listing: Listing) -> tuple[Change, ...]:
    """What is known of a symbol, as the old name or the new one."""
    known = (
        Change(one.listing, one.becomes, one.on, one.factor, one.says, one.source)
        for venue in {id(one): one for one in shipped().venues.values()}.values()
        for one in venue.changes
    )
    return tuple(one for one in known if listing in {one.listing, one.becomes})


def multiplier_of(listing: Listing) -> int:
    """How many coins one unit of a symbol is, by its name.

    >>> [multiplier_of(Listing.parse(f"um:{name}USDT")) for name in ("1000PEPE", "1MBABYDOGE", "1INCH", "BTC")]
    [1000, 1000000, 1, 1]
    """
    found = _MANY.match(listing.symbol)
    return int(found["many"].replace("M", "000000")) if found else 1
