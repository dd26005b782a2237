"""What an experiment earns at other balances, from the shell."""

import json
import shutil

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.storage.lake import Lake


@pytest.mark.slow
def test_a_curve_is_computed_printed_and_drawn(market, data, monkeypatch, phoenix):
    """Of the last result; the report that is made next has it."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, data))
    monkeypatch.setenv("PHOENIX_DATA", str(data))
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[1], last=market.days[1])
    folder = publish(lake, run(lake, chosen), asset="um/btcusdt/backtest").facts["folder"]
    code, out, _ = phoenix("capacity", "--balances", "1e7,1e5")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[:3]] == ["balance", "100,000", "10,000,000"]
    code, out, _ = phoenix("capacity", folder, "--balances", "100000", "--json")
    found = json.loads(out)
    assert (code, found["file"], [one["balance"] for one in found["points"]]) == (
        0,
        f"{folder}/capacity.json",
        ["100000"],
    )
    assert phoenix("report", "--no-open")[0] == 0
    assert 'id="capacity-net"' in (data / folder / "report.html").read_text()


@pytest.mark.parametrize("balances", ["1e5,much", "0", "-5", "inf", "nan", ","])
def test_an_amount_that_is_none_is_refused(market, monkeypatch, phoenix, balances):
    """Before anything runs."""
    monkeypatch.setenv("PHOENIX_DATA", str(market.lake.store.root))
    code, _, err = phoenix("capacity", "--balances", balances)
    assert code == 2
    assert repr(balances) in err
