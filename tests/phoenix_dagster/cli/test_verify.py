"""A result recomputed from the shell."""

import json
import re
import shutil

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.storage import Lake, canonical_json


@pytest.fixture
def result(market, data, monkeypatch):
    """The folder of a result over the second day of the synthetic market."""
    lake = Lake.at(shutil.copytree(market.lake.root, data))
    monkeypatch.setenv("PHOENIX_DATA", str(data))
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[1], last=market.days[1])
    return publish(lake, run(lake, chosen), asset="um/btcusdt/backtest").facts["folder"]


@pytest.mark.slow
def test_the_last_result_is_recomputed(result, phoenix):
    """All of it by default: nothing differs, and the exit code is 0."""
    code, out, err = phoenix("verify")
    assert (code, err) == (0, "")
    assert out.startswith(f"{result}, recomputed:\n")
    for name in ("signals", "ledger", "fills"):
        assert re.search(rf"^{name} +[1-9]\d* +0 +0$", out, re.MULTILINE)


@pytest.mark.slow
def test_what_differs_is_named_and_is_a_finding(result, phoenix, data):
    """Exit code 1, in words and as a document; what was not chosen is not looked at."""
    path = data / result / "experiment.json"
    document = json.loads(path.read_bytes())
    path.write_bytes(canonical_json(document | {"final_balance": "1"}))
    code, out, _ = phoenix("verify", result, "--ledger")
    assert code == 1
    assert "ledger: final balance: published 1, recomputed " in out
    code, out, _ = phoenix("verify", result, "--ledger", "--json")
    found = json.loads(out)
    assert (code, found["result"], [one["name"] for one in found["checks"]]) == (1, result, ["ledger"])
    assert found["checks"][0]["differences"][0].startswith("final balance: published 1")
    assert phoenix("verify", result, "--signals")[0] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--against-archive",), "to compare days, add --first"),
        (("--last", "2024-03-30"), "to compare days, add --first"),
        (("--against-archive", "--first", "2024-03-30", "--fills"), "takes no result"),
        (("--first", "2024-03-30", "--ledger"), "takes no result"),
    ],
)
def test_days_and_results_are_not_mixed(phoenix, options, said):
    """What belongs to the other use is refused with the remedy."""
    code, _, err = phoenix("verify", *options)
    assert code == 2
    assert said in err


def test_without_a_result_there_is_nothing_to_verify(phoenix, data, monkeypatch):
    """And it is said where one was looked for."""
    data.mkdir()
    monkeypatch.setenv("PHOENIX_DATA", str(data))
    code, _, err = phoenix("verify")
    assert code == 2
    assert "materialize one first" in err
