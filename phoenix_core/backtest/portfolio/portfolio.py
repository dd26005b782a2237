"""What a portfolio is: one strategy and one venue over several listings, with limits; frozen, and its own identity."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, field_validator, model_validator

from phoenix_core.backtest.experiment import Experiment, ReplayMode, VenueParameters, problems_of
from phoenix_core.errors import ConfigInvalid
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, Market
from phoenix_core.storage.digests import digest_of
from phoenix_core.strategies.contract import default_strategy, model_of, strategy_from


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
        section = values.get("strategy", {})
        problems = []
        try:
            values["strategy"] = strategy_from(section)
        except ValidationError as error:
            problems += problems_of(model_of(section), error, "strategy.")
            values.pop("strategy")
        try:
            parsed = cls.model_validate(values)
        except ValidationError as error:
            problems += problems_of(cls, error)
        if problems:
            raise ConfigInvalid(f"The portfolio can't be run: {'; '.join(problems)}. Correct its config.")
        return parsed

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """What is run on each listing, in their order."""
        shared = {name: getattr(self, name) for name in ("first", "last", "strategy", "replay")}
        # What the venue was given is given to each alike, so that a single one on coins begins with one of them.
        venue = {name: getattr(self.venue, name) for name in self.venue.model_fields_set}
        return tuple(Experiment(listing=name, venue=VenueParameters(**venue), **shared) for name in self.listings)

    @property
    def starting(self) -> Decimal:
        """The balance that it begins with."""
        return self.experiments[0].venue.starting_balance

    @property
    def name(self) -> str:
        """Short identity of everything but the range: days of one portfolio share it."""
        same = {"first", "last"} if self.replay is ReplayMode.LIVE else {"first", "last", "replay"}
        return digest_of(self.model_dump(mode="json", exclude=same))[:12]
