"""When a contract with an end is delivered, and over which time the index is averaged for its price.

Binance settles at 08:00 UTC of the contract's day, at the average of the index of every second of the last hour, and
since 2024-11-11 of the last half hour; the fee is a taker's. The archive has the index by the minute.
"""

from dataclasses import dataclass

from phoenix_core.instruments.table import shipped
from phoenix_core.market import NS_PER_SECOND, Listing, day_start_ns

EXPIRY_NS = 8 * 3600 * NS_PER_SECOND  # after midnight UTC
_MINUTE_NS = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class DeliveryTime:
    """When a contract ends.

    Attributes:
        ts: Nanoseconds.
        minutes: Over how many before it the index is averaged.
    """

    ts: int
    minutes: int

    @property
    def since_ns(self) -> int:
        """When these minutes begin."""
        return self.ts - self.minutes * _MINUTE_NS


def delivery_of(listing: Listing) -> DeliveryTime | None:
    """When a contract is delivered, by the rule of its day; None: it has no end."""
    if listing.delivery is None:
        return None
    minutes = shipped().delivery_minutes(listing.market, listing.delivery)
    return DeliveryTime(day_start_ns(listing.delivery) + EXPIRY_NS, minutes)
