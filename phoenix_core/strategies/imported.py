"""A NautilusTrader strategy from its import path, or a clear refusal before anything runs."""

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from typing import Any, get_type_hints

import msgspec
from nautilus_trader.common.config import NautilusConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from phoenix_core.errors import ConfigInvalid, nearest
from phoenix_core.strategies.contract import Contract, Importable

# What importing a module of somebody else's, and constructing its classes, usually raises.
_REFUSALS = (ImportError, SyntaxError, NameError, AttributeError, LookupError, TypeError, ValueError, ArithmeticError)
_INSTRUMENT = "instrument_id"


def strategy_of(chosen: Importable, instrument_id: InstrumentId) -> Strategy:
    """Import and make a strategy; its config's `instrument_id` is the experiment's.

    Raises:
        ConfigInvalid: A path that can't be imported, a class that is none, or a config that it refuses.
    """
    strategy_class = _imported(chosen.path, "path", Strategy)
    config_class = _config_class(chosen, strategy_class)
    config = _config(config_class, chosen.config, instrument_id)
    try:
        return strategy_class(config)
    except _REFUSALS as error:
        raise ConfigInvalid(
            f"strategy.path is {chosen.path!r}: {strategy_class.__name__} can't be made of its config: {_said(error)}. "
            "Correct strategy.config, or the class."
        ) from error


def hears_only(strategy: Strategy, instrument_id: InstrumentId) -> None:
    """Keep from a strategy what is said of other instruments, though it did not say of which it wants to hear."""
    handle = strategy.handle_data

    def hear(data: object) -> None:
        if getattr(data, _INSTRUMENT, None) in {None, instrument_id}:
            handle(data)

    strategy.handle_data = hear


def contract_of(strategy: Strategy) -> Contract:
    """What a strategy declares of itself.

    Raises:
        ConfigInvalid: Its attribute `contract` is something else.
    """
    declared = getattr(strategy, "contract", Contract())
    if not isinstance(declared, Contract):
        raise ConfigInvalid(
            f"{type(strategy).__name__}.contract is a {type(declared).__name__}: expected a "
            "phoenix_core.strategies.contract.Contract. Correct it, or leave it out."
        )
    return declared


def _imported(path: str, field: str, kind: type[Any]) -> type[Any]:
    module, _, name = path.partition(":")
    wanted = f"expected module:Class of a {kind.__name__}"
    if not module or not name:
        raise ConfigInvalid(f"strategy.{field} is {path!r}: {wanted}, such as my_package.my_strategy:MyStrategy.")
    try:
        found = getattr(import_module(module), name)
    except _REFUSALS as error:
        raise ConfigInvalid(
            f"strategy.{field} is {path!r}: it can't be imported: {_said(error)}. E{wanted[1:]} of "
            "an installed package, or of the folder that this was started in."
        ) from error
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise ConfigInvalid(f"strategy.{field} is {path!r}: {wanted}, found {found!r}.")
    return found


def _config_class(chosen: Importable, strategy_class: type[Strategy]) -> type[StrategyConfig]:
    if chosen.config_path:
        return _imported(chosen.config_path, "config_path", StrategyConfig)
    try:
        parameters = list(signature(strategy_class).parameters)
        found = get_type_hints(strategy_class.__init__).get(parameters[0])
    except _REFUSALS:
        found = None
    if not (isinstance(found, type) and issubclass(found, StrategyConfig)):
        raise ConfigInvalid(
            f"strategy.config_path is empty, and the constructor of {chosen.path!r} is not annotated with the class "
            "of its config: give strategy.config_path, such as my_package.my_strategy:MyConfig."
        )
    return found


def _config(
    config_class: type[NautilusConfig], given: Mapping[str, Any], instrument_id: InstrumentId
) -> NautilusConfig:
    known = config_class.__struct_fields__
    for name in given:
        if name not in known:
            raise ConfigInvalid(
                f"strategy.config.{name}: no such name{nearest(name, known)}, expected one of {', '.join(known)}. "
                "Correct it."
            )
    if given.get(_INSTRUMENT, str(instrument_id)) != str(instrument_id):
        raise ConfigInvalid(
            f"strategy.config.{_INSTRUMENT} is {given[_INSTRUMENT]!r}: expected {instrument_id}, which the experiment "
            "is on. Leave it out."
        )
    filled = {**given, _INSTRUMENT: str(instrument_id)} if _INSTRUMENT in known else dict(given)
    try:
        return config_class.parse(msgspec.json.encode(filled))
    except (msgspec.MsgspecError, *_REFUSALS) as error:
        raise ConfigInvalid(
            f"strategy.config does not make a {config_class.__name__}: {_said(error)}. Correct it."
        ) from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
