"""The constants of a listing on a day, from the venues' data files.

A day before the first dated entry gets that entry, marked as assumed: exchanges publish what holds today and keep
no history (https://github.com/binance/binance-public-data/issues/71). A symbol without an entry gets the
archive's own width, and its increments are read off each day's trades.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.availability import Availability
from phoenix_core.instruments.entries import Dated, MarketEntry, Symbol, Terms, Venue, venue_in
from phoenix_core.instruments.specification import ARCHIVE_DECIMALS, Specification
from phoenix_core.market import Listing, Market

_FOLDER = "phoenix_core/instruments"
_INFERRED = "inferred from the day's trades"


@dataclass(frozen=True, slots=True)
class InstrumentTable:
    """All that the data files say.

    Attributes:
        venues: The file of each market.
        markets: What holds for all symbols of a market.
        symbols: Symbols with an entry.
        availability: Days of publication by listing and dataset, or by listing and "" for all of its datasets.
    """

    venues: Mapping[Market, Venue]
    markets: Mapping[Market, MarketEntry]
    symbols: Mapping[Listing, Symbol]
    availability: Mapping[tuple[Listing, str], Availability]

    @classmethod
    def read(cls, folder: Traversable) -> "InstrumentTable":
        """Read every TOML file of a folder.

        Raises:
            ConfigInvalid: A file is refused, or two have entries for one market.
        """
        paths = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
        found = [(path.name, venue_in(path)) for path in paths]
        holders: dict[Market, str] = {}
        for name, venue in found:
            for one in venue.markets:
                if other := holders.get(one.market):
                    raise ConfigInvalid(f"{other} and {name} both have an entry for {one.market.value}: remove one.")
                holders[one.market] = name
        return cls(
            venues={one.market: venue for _, venue in found for one in venue.markets},
            markets={one.market: one for _, venue in found for one in venue.markets},
            symbols={one.listing: one for _, venue in found for one in venue.symbols},
            availability={
                (one.listing, one.dataset): Availability(one.first, one.last)
                for _, venue in found
                for one in venue.availability
            },
        )

    def specification(self, listing: Listing, day: date) -> Specification:
        """Constants of a listing on a day: known ones, or the archive's own width where none are known.

        Raises:
            ConfigInvalid: The symbol has no entry and ends in no currency that we know.
        """
        market = self._market(listing)
        symbol = self.symbols.get(listing) or self._unlisted(listing, market)
        terms, fees = _in_force(symbol.terms, day), _in_force(market.fees, day)
        valid_from = max(terms.valid_from, fees.valid_from)
        return Specification(
            listing=listing,
            venue=self.venues[listing.market].venue,
            base=symbol.base,
            quote=symbol.quote,
            settlement=symbol.base if market.settles_in == "base" else symbol.quote,
            price_precision=symbol.price_precision,
            size_precision=symbol.size_precision,
            contract_size=symbol.contract_size,
            tick=terms.tick,
            step=terms.step,
            min_notional=terms.min_notional,
            margin_init=terms.margin_init,
            margin_maint=terms.margin_maint,
            maker_fee=fees.maker,
            taker_fee=fees.taker,
            valid_from=valid_from,
            source=terms.source,
            inferred=listing not in self.symbols,
            assumed=day < valid_from,
        )

    def history(self, listing: Listing) -> tuple[Specification, ...]:
        """Constants of a listing from each day on which one of them changed, in order.

        Raises:
            ConfigInvalid: See `specification`.
        """
        market = self._market(listing)
        symbol = self.symbols.get(listing)
        dated: Iterable[Dated] = (*(symbol.terms if symbol else ()), *market.fees)
        return tuple(self.specification(listing, day) for day in sorted({one.valid_from for one in dated}))

    def delivery_minutes(self, market: Market, day: date) -> int:
        """Over how many minutes the index is averaged where a contract is delivered on a day.

        Raises:
            ConfigInvalid: No file says so for the market.
        """
        entry = self.markets.get(market)
        if entry is None or not entry.deliveries:
            raise ConfigInvalid(f"No file of {_FOLDER} says how contracts of {market.value} are delivered. Add it.")
        return _in_force(entry.deliveries, day).minutes

    def _market(self, listing: Listing) -> MarketEntry:
        if found := self.markets.get(listing.market):
            return found
        raise ConfigInvalid(
            f"No file of {_FOLDER} has an entry for the market {listing.market.value} of {listing}. Add one."
        )

    def _unlisted(self, listing: Listing, market: MarketEntry) -> Symbol:
        base, quote = _currencies(listing, self.venues[listing.market].quote_currencies)
        finest = Decimal(1).scaleb(-ARCHIVE_DECIMALS)
        return Symbol(
            listing=listing,
            base=base,
            quote=quote,
            price_precision=ARCHIVE_DECIMALS,
            size_precision=ARCHIVE_DECIMALS,
            contract_size=market.unlisted.contract_sizes.get(base, market.unlisted.contract_size),
            terms=(
                Terms(
                    valid_from=market.fees[0].valid_from,
                    source=_INFERRED,
                    tick=finest,
                    step=finest,
                    min_notional=market.unlisted.min_notional,
                    margin_init=market.unlisted.margin_init,
                    margin_maint=market.unlisted.margin_maint,
                ),
            ),
        )


def specification(listing: Listing, day: date) -> Specification:
    """Constants of a listing on a day, see `InstrumentTable.specification`."""
    return shipped().specification(listing, day)


def history(listing: Listing) -> tuple[Specification, ...]:
    """Constants of a listing over time, see `InstrumentTable.history`."""
    return shipped().history(listing)


def available(listing: Listing, dataset: str, usual: Availability) -> Availability:
    """Days of publication of a symbol's dataset.

    A symbol's own days of the dataset take the place of those that are usual on its market; neither reaches
    beyond the days on which the symbol was listed, nor beyond the delivery of a contract.
    """
    of_symbol = shipped().availability
    listed = of_symbol.get((listing, ""), Availability()).within(Availability(last=listing.delivery))
    return of_symbol.get((listing, dataset), usual).within(listed)


def assumptions(used: Specification, last: date) -> tuple[str, ...]:
    """What is said of constants that are used for a range of days.

    Args:
        used: Those of its first day.
        last: Its last day.
    """
    notes = []
    if used.assumed:
        notes.append(f"instrument constants are those known from {used.valid_from} on")
    changes = [one.valid_from for one in history(used.listing) if used.valid_from < one.valid_from <= last]
    if changes:
        on = " and ".join(map(str, changes))
        notes.append(f"instrument constants are those of the first day throughout, though they changed on {on}")
    return tuple(notes)


@cache
def shipped() -> InstrumentTable:
    """The table that comes with Phoenix."""
    return InstrumentTable.read(files("phoenix_core.instruments"))


def _in_force[T: Dated](entries: Sequence[T], day: date) -> T:
    return next((one for one in reversed(entries) if one.valid_from <= day), entries[0])


def _currencies(listing: Listing, quotes: Sequence[str]) -> tuple[str, str]:
    pair = re.sub(r"_(PERP|\d{6})$", "", listing.symbol)
    for quote in sorted(quotes, key=len, reverse=True):  # so that FDUSD is not read as USD
        if pair.endswith(quote) and len(pair) > len(quote):
            return pair.removesuffix(quote), quote
    raise ConfigInvalid(
        f"{listing} ends in no known currency: expected one of {', '.join(quotes)}. Correct "
        f"PHOENIX_SYMBOLS, or add the currency to its venue's file in {_FOLDER}."
    )
