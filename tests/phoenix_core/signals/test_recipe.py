"""What makes a day of signals anew."""

import shutil
from dataclasses import replace

import pytest

from phoenix_core.products import SIGNALS
from phoenix_core.signals import days as signal_days
from phoenix_core.signals import recipe as recipes
from phoenix_core.signals.days import SignalDays
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.recipe import signals_recipe
from phoenix_core.storage import Lake


@pytest.fixture
def days(market, tmp_path):
    """A market's signals, to be made again."""
    return SignalDays(Lake.at(shutil.copytree(market.lake.root, tmp_path / "data")), market.listing)


def test_other_code_makes_signals_anew(days, market, monkeypatch):
    """A formula that changed changes the recipe, and the next materialization computes the day."""
    before = days.publish_signals(market.days[0])
    computed = []
    table = signal_days.signal_table
    monkeypatch.setattr(signal_days, "signal_table", lambda *given: computed.append(1) or table(*given))
    assert days.publish_signals(market.days[0]) == before
    assert not computed
    monkeypatch.setattr(recipes, "code_digest", lambda *_: "of other code")
    after = days.publish_signals(market.days[0])
    assert computed
    assert after.recipe != before.recipe
    assert after.data_version == before.data_version


def test_other_parameters_are_another_recipe(market):
    """And another contract size, where contracts have one."""
    other = SignalParameters(rv_window_minutes=30)
    assert signals_recipe(market.listing, other) != signals_recipe(market.listing)


def test_another_look_back_is_another_recipe(market, monkeypatch):
    """It stands in a table, which is no code."""
    before = signals_recipe(market.listing)
    buckets, *others = SIGNALS.inputs
    monkeypatch.setattr(recipes, "SIGNALS", replace(SIGNALS, inputs=(replace(buckets, days_back=2), *others)))
    assert signals_recipe(market.listing) != before
