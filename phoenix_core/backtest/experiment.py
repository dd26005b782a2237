"""What an experiment is: a frozen description that, with the data versions of its inputs, is its identity."""

from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Self, cast

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

from phoenix_core.errors import ConfigInvalid
from phoenix_core.execution.rule import QueueDepletion
from phoenix_core.market import Listing, Market
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.storage.digests import digest_of
from phoenix_core.strategies.contract import Importable, default_strategy, importable, model_of, strategy_from

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


# An inverse contract settles in its base currency, of which 100,000 would be a market of their own.
COINS_AT_START = Decimal(1)


class ReplayMode(StrEnum):
    """Which events the engine sees."""

    SIGNALS = "signals"  # what the strategy's skipper stops at, and ticks while an order works; else every tick
    FULL = "full"  # every tick: the reference
    LIVE = "live"  # every tick, and the default strategy computes its signals by itself, as it would trade live


class SpotFee(StrEnum):
    """What a fee is taken from on spot, where it is not paid in BNB.

    A commission is a rate of what an order's fill brings: coins of a purchase, quote units of a sale
    (https://developers.binance.com/docs/binance-spot-api-docs/faqs/commission_faq).
    """

    RECEIVED = "received"
    QUOTE = "quote"


class VenueParameters(BaseModel):
    """The exchange: account, fees, latency and how orders fill. Defaults are a sceptic's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    starting_balance: Decimal = Field(Decimal(100_000), gt=0, description="Quote units at the start.")
    leverage: Decimal = Field(Decimal(10), ge=1, le=125, description="Leverage setting of the account.")
    initial_margin: Decimal | None = Field(
        None, gt=0, le=1, description="Share of notional that opening takes; None: 1 / leverage."
    )
    maintenance_margin: Decimal | None = Field(
        None, gt=0, le=1, description="Share of notional below which a position is liquidated; None: the instrument's."
    )
    # No venue pays its makers more than 1 % or charges more than 5 %: beyond stands a percentage or a typing error.
    maker_fee: Decimal | None = Field(
        None, ge=Decimal("-0.01"), le=Decimal("0.05"), description="Share of notional; None: the instrument's."
    )
    taker_fee: Decimal | None = Field(
        None, ge=Decimal("-0.01"), le=Decimal("0.05"), description="Share of notional; None: the instrument's."
    )
    order_latency_ms: float = Field(
        30.0, ge=0, description="From decision to exchange, the feed's own 4 to 6 ms included."
    )
    order_latency_spread_ms: float = Field(
        0.0, ge=0, le=10_000, description="Latency jitter: mean of an exponential delay of each order, seeded; 0: none."
    )
    feed_latency_ms: float = Field(
        0.0, ge=0, le=60_000, description="Delay from an event at the exchange until the strategy sees it."
    )
    queue_position: bool = Field(default=True, description="A maker waits for the size ahead of it.")
    queue_depletion: QueueDepletion = Field(
        QueueDepletion.NONE, description="How cancellations ahead move that queue: none, bounded or proportional."
    )
    prob_fill_on_limit: float = Field(1.0, ge=0, le=1, description="Chance that a trade at the limit itself fills.")
    prob_slippage: float = Field(0.0, ge=0, le=1, description="Chance that a fill at market pays one tick more.")
    seed: int = Field(42, ge=0, description="Seed of these chances and delays.")
    price_protection_ticks: int = Field(
        0, ge=0, description="A market order takes no price further than this from the quote seen; 0: any price."
    )
    largest_share: float = Field(
        0.1, gt=0, description="Share of a minute's traded volume above which a result's check of capacity fails."
    )
    imply_quotes: bool = Field(
        default=False, description="Use quotes implied from trades although true ones are there."
    )
    funding: bool = Field(default=True, description="Settle funding at each published time.")
    liquidation: bool = Field(default=True, description="Close the position at the maintenance margin.")
    liquidation_fee: Decimal = Field(
        Decimal("0.0125"), ge=0, le=Decimal("0.05"), description="Share of notional on liquidation."
    )
    # Left out of an experiment's description where it is the default: results from before there was a choice keep
    # their identity.
    spot_fee: SpotFee = Field(
        SpotFee.RECEIVED,
        exclude_if=lambda chosen: chosen is SpotFee.RECEIVED,
        description="What fees on spot are taken from: received (coins of a purchase), or quote.",
    )


class Experiment(BaseModel):
    """A strategy, a venue and a range of days on one listing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listing: str = Field(description="market:SYMBOL, for example um:BTCUSDT.")
    first: date = Field(description="First day, UTC, inclusive.")
    last: date = Field(description="Last day, UTC, inclusive.")
    # Parameters of the default strategy, or any other by its import path.
    strategy: SerializeAsAny[BaseModel] = Field(default_factory=lambda: default_strategy().parameters())
    venue: VenueParameters = Field(VenueParameters(), validate_default=True)
    replay: ReplayMode = ReplayMode.SIGNALS

    @field_validator("listing")
    @classmethod
    def _listed(cls, text: str) -> str:
        return str(Listing.parse(text))

    @field_validator("strategy", mode="before")
    @classmethod
    def _modelled(cls, section: object) -> object:
        return strategy_from(section)

    @field_validator("venue")
    @classmethod
    def _in_its_currency(cls, venue: VenueParameters, known: ValidationInfo) -> VenueParameters:
        """Begin with one coin where the market settles in coins and nothing else was said."""
        is_inverse = str(known.data.get("listing", "")).startswith(f"{Market.CM.value}:")
        if not is_inverse or "starting_balance" in venue.model_fields_set:
            return venue
        return venue.model_copy(update={"starting_balance": COINS_AT_START})

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.last < self.first:
            raise ConfigInvalid(f"The range {self.first}...{self.last} runs backwards: give the earlier day first.")
        return self

    @classmethod
    def parse(cls, **values: object) -> Self:
        """Make an experiment from plain values, such as run config.

        Raises:
            ConfigInvalid: An unknown key, a wrong type or a value out of range, each named.
        """
        return parsed(cls, values, "experiment")

    @property
    def signals(self) -> SignalParameters | None:
        """Parameters of the signals that the strategy gets; None: it gets none."""
        return self.importable.signals

    @property
    def importable(self) -> Importable:
        """What is to be imported, with its config."""
        return importable(self.strategy, is_live=self.replay is ReplayMode.LIVE)

    @property
    def name(self) -> str:
        """Short identity of everything but the range: days of one experiment share it."""
        # Skipping or not, a result is the same to the last digit; signals computed live are so to the twelfth.
        same = {"first", "last"} if self.replay is ReplayMode.LIVE else {"first", "last", "replay"}
        return digest_of(self.model_dump(mode="json", exclude=same))[:12]


def parsed[Model: BaseModel](model: type[Model], values: dict[str, object], what: str) -> Model:
    """Make what is run of plain values; all that is wrong with them is said at once.

    Args:
        model: Has a field `strategy`.
        values: Of its fields.
        what: How it is called.

    Raises:
        ConfigInvalid: An unknown key, a wrong type or a value out of range, each named.
    """
    section, problems, found = values.get("strategy", {}), [], None
    try:
        values = values | {"strategy": strategy_from(section)}
    except ValidationError as error:
        problems += problems_of(model_of(section), error, "strategy.")
        values = {name: value for name, value in values.items() if name != "strategy"}
    try:
        found = model.model_validate(values)
    except ValidationError as error:
        problems += problems_of(model, error)
    if found is None or problems:
        raise ConfigInvalid(f"The {what} can't be run: {'; '.join(problems)}. Correct its config.")
    return found


def problems_of(model: type[BaseModel], error: ValidationError, within: str = "") -> list[str]:
    """What is wrong with the values of a model, each named by its place."""
    return [
        f"{within}{'.'.join(str(part) for part in problem['loc'])}: {_said(model, problem)}, found {problem['input']!r}"
        for problem in error.errors()
    ]


def _said(model: type[BaseModel], problem: "ErrorDetails") -> str:
    """What pydantic says; of an unknown name, the names that are known where it stands."""
    if problem["type"] != "extra_forbidden":
        return problem["msg"]
    *path, name = problem["loc"]
    for part in path:
        inner = model.model_fields[str(part)].annotation
        model = cast("type[BaseModel]", inner)
    near = get_close_matches(str(name), model.model_fields, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"no such name{meant}, expected one of {', '.join(model.model_fields)}"
