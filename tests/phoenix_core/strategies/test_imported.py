"""Any NautilusTrader strategy by import path: made, or refused with a reason before anything runs."""

import sys
from textwrap import dedent

import pytest
from nautilus_trader.model.identifiers import InstrumentId

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.recipe import backtest_recipe
from phoenix_core.errors import ConfigInvalid
from phoenix_core.strategies.contract import Contract, Feed, importable
from phoenix_core.strategies.imported import contract_of, strategy_of

TRADED = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
SOURCE = """
    from nautilus_trader.model.identifiers import InstrumentId
    from nautilus_trader.trading.config import StrategyConfig
    from nautilus_trader.trading.strategy import Strategy
    from own_numbers import STEP

    class OwnConfig(StrategyConfig, frozen=True, kw_only=True):
        instrument_id: InstrumentId
        fast: int = 10

    class Own(Strategy):
        def __init__(self, config: OwnConfig) -> None:
            super().__init__(config)
            if config.fast == 13:
                raise ValueError("never thirteen")

    class Plain(Strategy):
        pass

    class Odd(Own):
        contract = "none"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A module of somebody else's, and what it imports from beside it."""
    (tmp_path / "own_strategy.py").write_text(dedent(SOURCE))
    (tmp_path / "own_numbers.py").write_text("STEP = 1\n")
    (tmp_path / "own_broken.py").write_text("def\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("own_strategy", "own_numbers", "own_broken"):
        sys.modules.pop(name, None)


def experiment(**strategy):
    return Experiment.parse(listing="um:BTCUSDT", first="2024-03-24", last="2024-03-24", strategy=strategy)


def made(**strategy):
    return strategy_of(importable(experiment(**strategy).strategy), TRADED)


def test_a_strategy_is_made_of_its_config(folder):
    """The config's class is that of the constructor's annotation or a path, and its instrument the experiment's."""
    for given in ({}, {"config_path": "own_strategy:OwnConfig"}):
        strategy = made(path="own_strategy:Own", config={"fast": 7}, **given)
        assert (type(strategy).__name__, strategy.config.fast) == ("Own", 7)
        assert strategy.config.instrument_id == TRADED
    assert contract_of(strategy) == Contract()
    assert contract_of(strategy).feeds == set(Feed)


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ({"path": "own_nothing:Own"}, ["strategy.path", "own_nothing", "ModuleNotFoundError"]),
        ({"path": "own_broken:Own"}, ["strategy.path", "SyntaxError"]),
        ({"path": "own_strategy:Nobody"}, ["strategy.path", "Nobody"]),
        ({"path": "own_strategy:OwnConfig"}, ["strategy.path", "expected module:Class of a Strategy"]),
        ({"path": "own_strategy"}, ["strategy.path", "such as my_package.my_strategy:MyStrategy"]),
        ({"path": "own_strategy:Plain"}, ["strategy.config_path is empty"]),
        ({"path": "own_strategy:Own", "config_path": "own_strategy:Own"}, ["strategy.config_path", "StrategyConfig"]),
        ({"path": "own_strategy:Own", "config": {"fsat": 7}}, ["strategy.config.fsat", "did you mean fast?"]),
        ({"path": "own_strategy:Own", "config": {"fast": "quick"}}, ["strategy.config", "OwnConfig", "quick"]),
        ({"path": "own_strategy:Own", "config": {"fast": 13}}, ["never thirteen"]),
        ({"path": "own_strategy:Own", "config": {"instrument_id": "X.Y"}}, ["instrument_id", "BTCUSDT-PERP.BINANCE"]),
    ],
)
def test_what_can_not_run_is_refused(folder, strategy, words):
    """In one line that names the field."""
    with pytest.raises(ConfigInvalid) as caught:
        made(**strategy)
    assert all(word in str(caught.value) for word in words if word != "quick"), str(caught.value)


def test_an_unknown_field_beside_the_path_is_named(folder):
    """Parameters of the default strategy are none of another's."""
    with pytest.raises(ConfigInvalid, match=r"strategy\.lpi_entry_threshold: no such name"):
        experiment(path="own_strategy:Own", lpi_entry_threshold=0.5)


def test_a_contract_of_another_kind_is_refused(folder):
    """Before anything runs."""
    with pytest.raises(ConfigInvalid, match=r"Odd\.contract is a str"):
        contract_of(made(path="own_strategy:Odd", config_path="own_strategy:OwnConfig"))


def test_its_source_is_in_the_recipe(folder):
    """And so is a module beside it that it imports; comments and docstrings are not."""

    def changed(name, old, new):
        before = backtest_recipe(experiment(path="own_strategy:Own"))
        path = folder / name
        path.write_text(path.read_text().replace(old, new))
        return backtest_recipe(experiment(path="own_strategy:Own")) != before

    assert changed("own_strategy.py", "fast: int = 10", "fast: int = 11")
    assert changed("own_numbers.py", "STEP = 1", "STEP = 2")
    assert not changed("own_numbers.py", "STEP = 2", '"""Numbers."""\n\nSTEP  =  2  # two')
    with pytest.raises(ConfigInvalid, match="own_nothing"):
        backtest_recipe(experiment(path="own_nothing:Own"))


def test_its_config_is_in_its_name_and_the_default_is_as_ever(folder):
    """Another value is another experiment; it reads back from its own document."""
    first, second = (experiment(path="own_strategy:Own", config={"fast": fast}) for fast in (7, 8))
    assert first.name != second.name
    assert Experiment.parse(**first.model_dump(mode="json")) == first
    assert first.signals is None
    assert experiment(path="own_strategy:Own", wants_signals=True).signals == experiment().signals
    assert "path" not in experiment().model_dump()["strategy"]
