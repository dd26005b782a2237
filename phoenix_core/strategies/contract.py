"""What a strategy can tell a backtest beyond NautilusTrader's own API. None has to: every part has a default.

A strategy class declares it as its attribute `contract`. A folder of `strategies/` with a `declaration.py`
is a strategy that needs no import path; one of them is the default, and nothing outside its folder names it.
Nothing here is heavy: the code location reads declarations without NautilusTrader or Polars.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from phoenix_core.signals.parameters import SignalParameters

if TYPE_CHECKING:
    import polars as pl

    from phoenix_core.intervals.terms import Bounds, Terms


class Feed(StrEnum):
    """Data besides trades and quotes, each event known at its `ts_init`."""

    BARS = "bars"
    MARK_PRICES = "mark prices"
    FUNDING = "funding"
    DEPTH = "depth"
    OPEN_INTEREST = "open interest"


class Skipper(Protocol):
    """Tells which instants matter to a strategy, so that the ticks between them need not be replayed.

    While an order is on its way or works, and for a second longer, every tick is fed whatever a skipper says.
    So it answers for the rest: a skipper is right if its strategy sends the same orders as on every tick,
    which `fakes.law` of the tests asks of any.
    """

    @property
    def needs_ticks(self) -> bool:
        """Whether the strategy waits for the next tick, though no order of it works."""

    def next_stop(self, signals: "pl.DataFrame") -> int | None:
        """Time of the first of these signals at which the strategy, in its present state, may act.

        Args:
            signals: Those of the rest of the day, in time order.
        """


class Trader(Protocol):
    """A strategy as replay over arrays knows it (docs/decisions/0023): the same decisions, without the engine.

    It is told what the engine tells the strategy, and names the signals that it would act on in either state; others
    are not given to it.
    """

    rest_since_ns: int | None  # since when it waits for a quote; None: it does not
    timeout_ns: int | None  # when it wants to be called; None: never

    @property
    def is_idle(self) -> bool:
        """Whether it is in the first of two states: flat, and nothing of it works."""

    def acts_on(self, signals: "pl.DataFrame") -> tuple[list[int], list[int]]:
        """Rows of a day's signals that it may act on when idle, and otherwise; rising."""

    def on_signal(self, signal: Any) -> None:  # noqa: ANN401 - a SignalTick, which brings NautilusTrader
        """Act on a signal."""

    def on_quote(self) -> None:
        """The first quote later than `rest_since_ns` is there."""

    def on_timeout(self) -> None:
        """It is `timeout_ns`."""

    def on_sent(self, name: str, *, is_reduce_only: bool) -> None:
        """An order was made, by whomever."""

    def on_ended(self, order: Any, now: int) -> None:  # noqa: ANN401 - an order of whatever desk it has
        """An order of it has ended."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """An annotation of orders that is published with fills, and with round trips as `entry_<name>`.

    Attributes:
        name: As in the order's tag `name=value`.
        kind: int, float or str.
        missing: What stands where an order has none.
    """

    name: str
    kind: type[int | float | str]
    missing: int | float | str | None = None


@dataclass(frozen=True, slots=True)
class TripColumn:
    """A column of the report's table of round trips.

    Attributes:
        name: Its heading.
        text: Format of its cells, with the columns of round trips by name.
        is_number: Whether it stands at the right.
    """

    name: str
    text: str
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of the report: published signals around fills.

    Attributes:
        name: Identifier in the page.
        title: Its heading.
        note: What a reader must know to read it.
        height: In pixels.
        lines: Columns of the signals, each with a colour.
    """

    name: str
    title: str
    note: str
    height: int
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a strategy declares.

    Attributes:
        feeds: What it may subscribe to besides trades and quotes; the rest is not read.
        skipper: Makes its skipper; None: it gets every tick.
        trader: Makes of parameters, instrument, desk and a look at the last signal what replay over arrays calls in its
            place; None: it can't be replayed so.
        annotations: What of its orders' tags is published in columns.
        remembers: It gets what signals look back on before the first day, through `on_historical_data`.
        bounds: Makes of its parameters what computes the extremes of its net where quotes are missing; None: nobody
            knows them.
    """

    feeds: frozenset[Feed] = frozenset(Feed)
    skipper: Callable[[Any], Skipper] | None = None
    trader: Callable[[Any, Any, Any, Any], Trader] | None = None
    annotations: tuple[Annotated, ...] = (Annotated("tags", str),)
    remembers: bool = False
    bounds: "Callable[[Any, Terms], Bounds] | None" = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a report shows of a strategy besides what it shows of any.

    Attributes:
        round_trip_columns: Of round trips.
        panels: Of signals.
    """

    round_trip_columns: tuple[TripColumn, ...] = ()
    panels: tuple[Panel, ...] = ()


class ImportedStrategy(BaseModel):
    """Any NautilusTrader strategy, by import path, as its own ImportableStrategyConfig names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field("", description="module:Class of a NautilusTrader strategy; empty: the default strategy.")
    config_path: str = Field(
        "", description="module:Class of its config; empty: what its constructor is annotated with."
    )
    config: dict[str, Any] = Field({}, description="Fields of that config; `instrument_id` need not be given.")
    wants_signals: bool = Field(default=False, description="Whether it gets signals, as custom data SignalTick.")
    signals: SignalParameters = SignalParameters()


@dataclass(frozen=True, slots=True)
class Importable:
    """Where the classes of a strategy are, and what its config is.

    Attributes:
        path: module:Class of the strategy.
        config_path: module:Class of its config; empty: as its constructor is annotated.
        config: Fields of the config.
        signals: Parameters of the signals that it gets; None: it gets none.
    """

    path: str
    config_path: str
    config: Mapping[str, Any]
    signals: SignalParameters | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """A strategy with a folder of its own.

    Attributes:
        path: module:Class of the strategy.
        config_path: module:Class of its config, which has `instrument_id`, `parameters` and `live`.
        parameters: Model of its parameters; the field `signals` holds those of its signals.
        roots: Roots of its code for recipes.
        report_roots: Likewise of what reports show of it.
        contract: Of the strategy where it gets signals.
        shown: What reports show of it, which do not import it.
        is_default: It runs where an experiment names no other.
    """

    path: str
    config_path: str
    parameters: type[BaseModel]
    roots: tuple[str, ...]
    report_roots: tuple[str, ...]
    contract: Contract
    shown: Shown = field(default_factory=Shown)
    is_default: bool = False


@cache
def default_strategy() -> Declaration:
    """The strategy that runs where an experiment names no other."""
    folders = (path.parent.name for path in sorted(Path(__file__).parent.glob("*/declaration.py")))
    declared = (import_module(f"{__package__}.{name}.declaration").DECLARATION for name in folders)
    (found,) = (one for one in declared if one.is_default)
    return found  # type: ignore[no-any-return]


def strategy_from(section: object) -> object:
    """The `strategy` of an experiment as its model: with a `path` an imported one, else the default's parameters.

    Raises:
        pydantic.ValidationError: A field that the model does not know or accept.
    """
    if isinstance(section, BaseModel):
        return section
    return model_of(section).model_validate(section)


def model_of(section: object) -> type[BaseModel]:
    """The model of an experiment's `strategy`."""
    is_imported = isinstance(section, Mapping) and section.get("path")
    return ImportedStrategy if is_imported else default_strategy().parameters


def importable(strategy: BaseModel, *, is_live: bool = False) -> Importable:
    """An experiment's `strategy` as what is to be imported.

    Args:
        strategy: Its model.
        is_live: It computes its own signals, if it is one of this folder; another's are its own business.
    """
    if isinstance(strategy, ImportedStrategy):
        signals = strategy.signals if strategy.wants_signals else None
        return Importable(strategy.path, strategy.config_path, strategy.config, signals)
    declared = default_strategy()
    config = {"parameters": strategy.model_dump(mode="json"), "live": is_live}
    signals = None if is_live else getattr(strategy, "signals", None)
    return Importable(declared.path, declared.config_path, config, signals)


def shown_of(section: object) -> Shown:
    """What reports show of the strategy of a result, by the `strategy` of its experiment."""
    return Shown() if model_of(section) is ImportedStrategy else default_strategy().shown
