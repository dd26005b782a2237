"""What a venue's data file may say, and the refusal of one that contradicts itself.

Numbers are read as decimals, never as binary floats. A file that says something unknown is refused as a whole:
a misspelt key would otherwise leave an old value in force.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, Market

Positive = Annotated[Decimal, Field(gt=0)]
Share = Annotated[Decimal, Field(gt=0, le=1)]
Rate = Annotated[Decimal, Field(gt=-1, lt=1)]  # a maker may be paid
Currency = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,20}$")]
Decimals = Annotated[int, Field(ge=0, le=16)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Dated(_Entry):
    """What holds from a day on, until the next entry."""

    valid_from: date
    source: str


class Fees(Dated):
    """What a regular user pays, as shares of notional."""

    maker: Rate
    taker: Rate


class Delivery(Dated):
    """Over how many minutes before 08:00 UTC the index is averaged for the price of a delivery."""

    minutes: Annotated[int, Field(gt=0, le=480)]


class Terms(Dated):
    """Increments and margins of a symbol."""

    tick: Positive
    step: Positive
    min_notional: Positive
    margin_init: Share
    margin_maint: Share

    @model_validator(mode="after")
    def _margins_are_in_order(self) -> "Terms":
        if self.margin_maint > self.margin_init:
            raise ValueError(f"margin_maint {self.margin_maint} is above margin_init {self.margin_init}")
        return self


class Unlisted(_Entry):
    """What symbols of a market that have no entry are taken to have; contracts of some coins have their own size."""

    contract_size: Positive
    contract_sizes: dict[Currency, Positive] = {}
    min_notional: Positive
    margin_init: Share
    margin_maint: Share


def _one_after_the_other(entries: Sequence[Dated]) -> None:
    if not entries:
        raise ValueError("there is none, expected at least one with a valid_from")
    for before, after in pairwise(entries):
        if after.valid_from <= before.valid_from:
            raise ValueError(f"valid_from {after.valid_from} does not come after {before.valid_from}")


class MarketEntry(_Entry):
    """What holds for all symbols of a market."""

    market: Market
    settles_in: Literal["base", "quote"]
    fees: tuple[Fees, ...]
    unlisted: Unlisted
    deliveries: tuple[Delivery, ...] = ()

    @model_validator(mode="after")
    def _fees_have_their_days(self) -> "MarketEntry":
        _one_after_the_other(self.fees)
        return self


def _listing(value: object) -> Listing:
    try:
        return value if isinstance(value, Listing) else Listing.parse(str(value))
    except ConfigInvalid as error:
        raise ValueError(str(error)) from error


class Symbol(_Entry):
    """What never changes of a symbol, and its terms in the order of their days."""

    listing: Annotated[Listing, BeforeValidator(_listing)]
    base: Currency
    quote: Currency
    price_precision: Decimals
    size_precision: Decimals
    contract_size: Positive = Decimal(1)
    terms: tuple[Terms, ...]

    @model_validator(mode="after")
    def _terms_fit(self) -> "Symbol":
        _one_after_the_other(self.terms)
        for terms in self.terms:
            for name, value, decimals in (
                ("tick", terms.tick, self.price_precision),
                ("step", terms.step, self.size_precision),
            ):
                if value % Decimal(1).scaleb(-decimals):
                    raise ValueError(f"{name} {value} of {terms.valid_from} has more than {decimals} decimals")
        return self


class Available(_Entry):
    """Days on which files of a symbol are published, of one dataset, or of all where none is named."""

    listing: Annotated[Listing, BeforeValidator(_listing)]
    dataset: str = ""
    first: date | None = None
    last: date | None = None
    source: str

    @model_validator(mode="after")
    def _says_something(self) -> "Available":
        if self.first is None and self.last is None:
            raise ValueError("it has neither first nor last")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self


class Changed(_Entry):
    """What became of a symbol: another name, another unit, or a name that was used again."""

    listing: Annotated[Listing, BeforeValidator(_listing)]
    becomes: Annotated[Listing | None, BeforeValidator(lambda value: value and _listing(value))] = None
    on: date | None = None
    factor: Positive = Decimal(1)
    says: str
    source: str


class Venue(_Entry):
    """One file."""

    venue: Annotated[str, Field(pattern=r"^[A-Z]+$")]
    quote_currencies: tuple[Currency, ...]
    markets: tuple[MarketEntry, ...]
    symbols: tuple[Symbol, ...] = ()
    availability: tuple[Available, ...] = ()
    changes: tuple[Changed, ...] = ()

    @model_validator(mode="after")
    def _each_stands_once(self) -> "Venue":
        names = [*(one.market.value for one in self.markets), *(str(one.listing) for one in self.symbols)]
        names += [f"availability of {one.listing} {one.dataset}".rstrip() for one in self.availability]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} has two entries")
        own = {one.market for one in self.markets}
        listings = [*(one.listing for one in self.symbols), *(one.listing for one in self.availability)]
        if strange := sorted({str(listing) for listing in listings if listing.market not in own}):
            raise ValueError(f"{', '.join(strange)} is on a market that the file has no entry for")
        return self


def venue_in(file: Traversable) -> Venue:
    """Read a venue's file.

    Raises:
        ConfigInvalid: It is no TOML, has an unknown key, or contradicts itself; names file and entry.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        return Venue.model_validate(document)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"{file.name} is no TOML: {error}. Correct it.") from error
    except ValidationError as error:
        problems = [
            f"{_entry(document, one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()
        ]
        raise ConfigInvalid(
            f"{file.name} is not what phoenix_core/instruments/entries.py describes: {'; '.join(problems)}. Correct it."
        ) from error


def _entry(document: Mapping[str, Any], path: Sequence[int | str]) -> str:
    """Where a problem is, in the file's own words: entries of a list by what they are called."""
    words = []
    found: Any = document
    for step in path:
        known = found[step] if isinstance(step, int) or step in found else {}  # what is missing can't be followed
        found = known if isinstance(known, Mapping | list) else {}
        names = [found[key] for key in ("listing", "market", "valid_from") if key in found]
        words.append(str(names[0] if names else step))
    return " ".join(words) or "the file"
