"""What the strategy declares: its parameters, what it needs and publishes."""

from typing import TYPE_CHECKING, Any

from phoenix_core.strategies.contract import Annotated, Contract, Declaration, Feed, Skipper, Trader
from phoenix_core.strategies.phoenix.parameters import StrategyParameters
from phoenix_core.strategies.phoenix.recipe import REPORT_ROOTS, ROOTS
from phoenix_core.strategies.phoenix.shown import SHOWN

if TYPE_CHECKING:
    from phoenix_core.intervals.terms import Bounds, Terms
    from phoenix_core.strategies.phoenix.strategy import PhoenixStrategy


def _skipper(strategy: "PhoenixStrategy") -> Skipper:
    from phoenix_core.strategies.phoenix.skipper import SignalSkipper  # noqa: PLC0415 - brings NautilusTrader

    return SignalSkipper(strategy)


def _trader(*given: Any) -> Trader:  # noqa: ANN401 - as the contract has it
    from phoenix_core.strategies.phoenix.trader import PhoenixTrader  # noqa: PLC0415 - likewise

    return PhoenixTrader(*given)


def _bounds(parameters: StrategyParameters, terms: "Terms") -> "Bounds":
    from phoenix_core.strategies.phoenix.bounds import PhoenixBounds  # noqa: PLC0415 - likewise

    return PhoenixBounds(parameters, terms)


CONTRACT = Contract(
    feeds=frozenset(),  # it acts on signals alone
    skipper=_skipper,
    trader=_trader,
    annotations=(
        Annotated("bucket", int, -1),
        Annotated("first_trade", int, -1),
        Annotated("last_trade", int, -1),
        Annotated("lpi", float),
    ),
    bounds=_bounds,
)
# Fed tick by tick it computes its signals, and every tick may close a bucket.
LIVE_CONTRACT = Contract(
    feeds=frozenset({Feed.DEPTH, Feed.OPEN_INTEREST}), annotations=CONTRACT.annotations, remembers=True
)
_FOLDER = "phoenix_core.strategies.phoenix"
DECLARATION = Declaration(
    path=f"{_FOLDER}.strategy:PhoenixStrategy",
    config_path=f"{_FOLDER}.strategy:PhoenixConfig",
    parameters=StrategyParameters,
    roots=ROOTS,
    report_roots=REPORT_ROOTS,
    contract=CONTRACT,
    shown=SHOWN,
    is_default=True,
)
