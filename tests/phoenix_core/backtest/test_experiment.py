"""An experiment refuses what it doesn't know."""

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid


def test_an_unknown_name_is_answered_with_the_known_ones():
    """At any depth, with the nearest one first."""
    strategy = {"lpi_entry": 2, "signals": {"fsi_windw": 3}}
    with pytest.raises(ConfigInvalid) as caught:
        Experiment.parse(listing="um:BTCUSDT", first="2024-01-01", last="2024-01-01", strategy=strategy)
    text = str(caught.value)
    assert "strategy.signals.fsi_windw: no such name (did you mean fsi_window?), expected one of vol_bucket" in text
    assert "strategy.lpi_entry: no such name (did you mean lpi_entry_threshold?), expected one of signals, lpi" in text
