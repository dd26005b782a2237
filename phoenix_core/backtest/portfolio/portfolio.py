"""What a portfolio is: one strategy and one venue over several listings, with limits; frozen, and its own identity."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from phoenix_core.backtest.experiment import Experiment, ReplayMode, VenueParameters, parsed, problems_of
from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, Market
from phoenix_core.storage.digests import digest_of
from phoenix_core.strategies.contract import default_strategy, strategy_from


class LimitParameters(BaseModel):
    """What the account lets in, whatever its strategies send; exits are never refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_positions: int | None = Field(
        None, ge=1, description="Listings that are held or have an entry that works, at once; None: all."
    )
    max_gross_leverage: Decimal | None = Field(
        None, gt=0, le=125, description="What all of these come to, long and short added, by equity; None: any."
    )


class Portfolio(BaseModel):
    """A strategy, a venue and a range of days on several listings with one account.

    The order of the listings means nothing: they are kept in the order of their names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listings: tuple[str, ...] = Field(min_length=1, description="market:SYMBOL of each, for example um:BTCUSDT.")
    first: date = Field(description="First day, UTC, inclusive.")
    last: date = Field(description="Last day, UTC, inclusive.")
    strategy: SerializeAsAny[BaseModel] = Field(default_factory=lambda: default_strategy().parameters())
    venue: VenueParameters = VenueParameters()
    limits: LimitParameters = LimitParameters()
    # Left out of a description where it is empty: portfolios from before there was a choice keep their identity.
    strategy_of: dict[str, dict[str, Any]] = Field(
        {},
        exclude_if=lambda chosen: not chosen,
        description="Fields of the strategy that differ for a listing, by its name: {um:ETHUSDT: {name: value}}.",
    )
    replay: ReplayMode = ReplayMode.SIGNALS

    @field_validator("listings")
    @classmethod
    def _listed(cls, names: Iterable[str]) -> tuple[str, ...]:
        listings = [str(Listing.parse(name)) for name in names]
        if twice := [name for name, count in Counter(listings).items() if count > 1]:
            raise ConfigInvalid(f"A portfolio names {', '.join(twice)} twice: give each listing once.")
        return tuple(sorted(listings))

    @field_validator("strategy", mode="before")
    @classmethod
    def _modelled(cls, section: object) -> object:
        return strategy_from(section)

    @field_validator("strategy_of")
    @classmethod
    def _differing(cls, given: dict[str, dict[str, Any]], known: ValidationInfo) -> dict[str, dict[str, Any]]:
        """What really differs, so that there is one description, and one identity, of one portfolio."""
        listings, strategy = known.data.get("listings", ()), known.data.get("strategy")
        if strategy is None:  # what is wrong with that is said already
            return given
        found = {}
        for name, section in sorted((str(Listing.parse(name)), section) for name, section in given.items()):
            if name not in listings:
                raise ConfigInvalid(
                    f"strategy_of names {name}, which is none of the portfolio's listings: expected one of "
                    f"{', '.join(listings)}."
                )
            if differing := difference(strategy.model_dump(mode="json"), _own(strategy, name, section)):
                found[name] = differing
        return found

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.last < self.first:
            raise ConfigInvalid(f"The range {self.first}...{self.last} runs backwards: give the earlier day first.")
        if len(self.listings) > 1:
            self._require_one_account()
        return self

    def _require_one_account(self) -> None:
        listings = [Listing.parse(name) for name in self.listings]
        if others := [str(one) for one in listings if one.market is not Market.UM]:
            raise ConfigInvalid(
                f"A portfolio can't share an account with {', '.join(others)}: expected linear futures, um:..., since "
                "spot pays with what it has, and coin-margined contracts settle in coins. Run each of these alone."
            )
        currencies = {str(one): specification(one, self.first).settlement for one in listings}
        if len(set(currencies.values())) > 1:
            told = ", ".join(f"{name} in {currency}" for name, currency in currencies.items())
            raise ConfigInvalid(
                f"The listings of a portfolio settle in different currencies ({told}): expected one, which its account "
                "is kept in. Run a portfolio for each."
            )

    @classmethod
    def parse(cls, **values: object) -> Self:
        """Make a portfolio from plain values, such as run config.

        Raises:
            ConfigInvalid: An unknown key, a wrong type, a value out of range, or listings that can't share an account,
                each named.
        """
        return parsed(cls, values, "portfolio")

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """What is run on each listing, in their order."""
        shared = {name: getattr(self, name) for name in ("first", "last", "replay")}
        # What the venue was given is given to each alike, so that a single one on coins begins with one of them.
        venue = {name: getattr(self.venue, name) for name in self.venue.model_fields_set}
        return tuple(
            Experiment(
                listing=name,
                strategy=changed(self.strategy, self.strategy_of.get(name, {})),
                venue=VenueParameters(**venue),
                **shared,
            )
            for name in self.listings
        )

    @property
    def starting(self) -> Decimal:
        """The balance that it begins with."""
        return self.experiments[0].venue.starting_balance

    @property
    def name(self) -> str:
        """Short identity of everything but the range: days of one portfolio share it."""
        same = {"first", "last"} if self.replay is ReplayMode.LIVE else {"first", "last", "replay"}
        return digest_of(self.model_dump(mode="json", exclude=same))[:12]


def _own(strategy: BaseModel, listing: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """The whole strategy of a listing, plain.

    Raises:
        ConfigInvalid: A field that the strategy does not know or accept, or another strategy.
    """
    if "path" in section:
        raise ConfigInvalid(
            f"strategy_of gives {listing} a strategy of another path: expected fields of the portfolio's own. Run a "
            "portfolio for each strategy."
        )
    try:
        return changed(strategy, section).model_dump(mode="json")
    except ValidationError as error:
        problems = problems_of(type(strategy), error, f"strategy_of.{listing}.")
        raise ConfigInvalid(f"The portfolio can't be run: {'; '.join(problems)}. Correct its config.") from error


def changed(strategy: BaseModel, section: Mapping[str, Any]) -> BaseModel:
    """A strategy with some of its fields changed, also those within others.

    Raises:
        pydantic.ValidationError: A field that it does not know or accept.
    """
    return type(strategy).model_validate(_with(strategy.model_dump(mode="json"), section)) if section else strategy


def _with(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    nested = {
        name: _with(values[name], value)
        for name, value in others.items()
        if isinstance(value, Mapping) and isinstance(values.get(name), Mapping)
    }
    return {**values, **others, **nested}


def difference(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """What others have that values have not, also within others.

    >>> difference({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}})
    {'b': {'d': 4}}
    """
    found = {}
    for name, value in others.items():
        before = values.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := difference(before, value):
                found[name] = inner
        elif name not in values or value != before:
            found[name] = value
    return found
