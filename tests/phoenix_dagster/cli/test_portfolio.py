"""Several symbols with one account, from the shell."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

CALL = ("portfolio", "--first", "2024-03-24", "--strategy", '{"lpi_entry_threshold": 0.6}')


@pytest.fixture
def settings(two_symbols, data, monkeypatch):
    monkeypatch.setenv("PHOENIX_DATA", str(shutil.copytree(two_symbols.store.root, data)))
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT,um:ETHUSDT,spot:BTCUSDT")


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_what_came_of_each_and_of_all_is_printed_and_published(phoenix):
    """Skipping ticks or not, in whatever order symbols are named, it is the same result."""
    code, out, err = phoenix(*CALL, "--symbols", "um:ETHUSDT,um:BTCUSDT")
    assert (code, err.splitlines()[0]) == (0, "um:BTCUSDT, um:ETHUSDT, 2024-03-24 to 2024-03-24")
    assert [line.split()[0] for line in out.splitlines()[:4]] == ["symbol", "um:BTCUSDT", "um:ETHUSDT", "all"]
    code, out, _ = phoenix(*CALL, "--symbols", "um:BTCUSDT,um:ETHUSDT", "--json")
    told = json.loads(out)
    nets = [Decimal(one["parts"]["net"]) for one in told["listings"].values()]
    assert (code, sum(nets)) == (0, Decimal(told["parts"]["net"]))
    assert Decimal(told["final_balance"]) - 100_000 - sum(nets) < Decimal("0.01")
    fills = pl.read_parquet(f"{told['path']}/fills.parquet")
    assert fills.group_by("listing").len().height == 2
    assert fills["ts"].is_sorted()
    code, out, _ = phoenix("report", "--no-open")
    page = Path(out.strip()).read_text()
    assert (code, out.strip()) == (0, f"{told['path']}/report.html")
    assert page.count('<td class="t">um:ETHUSDT</td>') > 1
    assert "Synthetic data" in page


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_limits_refuse_and_are_counted(phoenix):
    """One symbol at a time: what is held never overlaps."""
    code, out, _ = phoenix(*CALL, "--symbols", "um:BTCUSDT,um:ETHUSDT", "--max-positions", "1", "--json")
    told = json.loads(out)
    assert code == 0
    assert sum(count for one in told["listings"].values() for count in one["refused"].values()) > 0
    assert pl.read_parquet(f"{told['path']}/equity.parquet")["positions"].max() == 1


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_a_symbol_may_have_values_of_its_own(phoenix):
    """A threshold that nothing reaches keeps that symbol out, and it alone; its page says so."""
    own = ("--strategy-of", '{"um:ETHUSDT": {"lpi_entry_threshold": 1}}')
    code, out, _ = phoenix(*CALL, "--symbols", "um:BTCUSDT,um:ETHUSDT", *own, "--json")
    told = json.loads(out)
    assert (code, told["portfolio"]["strategy_of"]) == (0, {"um:ETHUSDT": {"lpi_entry_threshold": 1.0}})
    fills = {name: one["fills"] for name, one in told["listings"].items()}
    assert fills["um:BTCUSDT"] > fills["um:ETHUSDT"] == 0
    code, out, _ = phoenix("report", "--no-open")
    assert "strategy_of.um:ETHUSDT.lpi_entry_threshold" in Path(out.strip()).read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "can't share an account with spot:BTCUSDT"),
        (["--symbols", "um:BTCUSDT,um:BTCUSDT"], "names um:BTCUSDT twice"),
        (["--symbols", "um:BTCUSDT,um:DOGEUSDT"], "--symbols is 'um:DOGEUSDT'"),
        (["--symbols", "um:BTCUSDT", "--max-gross-leverage", "much"], "--max-gross-leverage is 'much'"),
        (["--symbols", "um:BTCUSDT", "--max-gross-leverage", "0"], "limits.max_gross_leverage"),
        (["--symbols", "um:BTCUSDT", "--strategy-of", '{"um:ETHUSDT": {}}'], "none of the portfolio's listings"),
        (["--symbols", "um:BTCUSDT", "--last", "2024-03-23"], "runs backwards"),
    ],
)
def test_what_can_not_be_run_is_one_line(monkeypatch, phoenix, options, message):
    """Before anything is read: there is not even a data folder."""
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT,um:ETHUSDT,spot:BTCUSDT")
    code, out, err = phoenix(*CALL, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
