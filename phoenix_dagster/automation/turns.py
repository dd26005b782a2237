"""Whose turn it is: a sensor of many symbols looks at some of them at each tick, since a tick has sixty seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from phoenix_core.market import Listing

_SHORTEST = 30  # seconds; Dagster's daemon hardly looks more often


@dataclass(frozen=True, slots=True)
class Turns:
    """Symbols in groups, taken one group a tick, in order and round again.

    Attributes:
        listings: All symbols of the code location, at least one.
        most: Symbols of a tick.
    """

    listings: Sequence[Listing]
    most: int

    @property
    def count(self) -> int:
        """How many ticks it takes until everyone had a turn."""
        return math.ceil(len(self.listings) / self.most)

    def __str__(self) -> str:
        """The symbols, as a description has them."""
        return str(self.listings[0]) if len(self.listings) == 1 else f"{len(self.listings)} symbols"

    def seconds(self, interval: int) -> int:
        """Seconds between ticks, so that each symbol is looked at every `interval` seconds, or as often as can be.

        >>> listings = [Listing.parse(f"um:S{number:03d}USDT") for number in range(100)]
        >>> Turns(listings, 25).seconds(900)
        225
        """
        return max(interval // self.count, _SHORTEST)

    def next(self, turn: int) -> tuple[Sequence[Listing], int]:
        """The symbols of a turn, and the number of the turn after it.

        >>> listings = [Listing.parse(f"um:S{number}USDT") for number in range(3)]
        >>> [str(listing) for listing in Turns(listings, 2).next(3)[0]]
        ['um:S2USDT']
        """
        group = turn % self.count
        return self.listings[group * self.most :][: self.most], (group + 1) % self.count
