"""Bad settings are one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.settings import read_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("PHOENIX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_is_optional():
    """Without a variable: BTCUSDT from data.binance.vision into ./data, a day a run."""
    found = read_settings()
    assert (str(found.data), found.archive_url, found.days_per_run) == ("data", "https://data.binance.vision", 1)
    assert [str(listing) for listing in found.symbols] == ["um:BTCUSDT"]


def test_symbols_are_a_list(monkeypatch):
    """Separated by commas; twice the same counts once."""
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT, spot:ETHUSDT,um:BTCUSDT")
    assert [str(listing) for listing in read_settings().symbols] == ["um:BTCUSDT", "spot:ETHUSDT"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PHOENIX_START", "2024-02-30", "expected YYYY-MM-DD"),
        ("PHOENIX_START", "2999-01-01", "expected a day before today"),
        ("PHOENIX_END", "2019-12-31", "PHOENIX_END is 2019-12-31: expected 2020-01-01, PHOENIX_START, or later"),
        ("PHOENIX_REPORTS_PORT", "70000", "PHOENIX_REPORTS_PORT"),
        ("PHOENIX_SYMBOLS", "um:../../etc", "is not a Binance symbol"),
        ("PHOENIX_SYMBOLS", "usdm:BTCUSDT", "names no market"),
        ("PHOENIX_SYMBOLS", ",", "PHOENIX_SYMBOLS is empty"),
        ("PHOENIX_DAYS_PER_RUN", "0", "PHOENIX_DAYS_PER_RUN"),
        ("PHOENIX_DAYS_PER_RUN", "some", "PHOENIX_DAYS_PER_RUN"),
        ("PHOENIX_KLINE_INTERVALS", "1m,7m", "has '7m': expected some of 1s, 1m"),
        ("PHOENIX_EXECUTOR", "dask", "PHOENIX_EXECUTOR"),
        ("PHOENIX_DOWNLOADS", "1000", "PHOENIX_DOWNLOADS"),
    ],
)
def test_a_bad_value_is_named(monkeypatch, name, value, says):
    """The setting, what was expected and what was found, on one line."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigInvalid, match=says) as caught:
        read_settings()
    assert "\n" not in str(caught.value)


def test_the_command_line_says_it_in_one_line(tmp_path):
    """Exit code 2, one line on stderr, no traceback."""
    environment = os.environ | {"PHOENIX_SYMBOLS": "um:btcusdt"}
    done = subprocess.run(
        [sys.executable, "-m", "phoenix_dagster.cli", "settings"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("phoenix: Symbol 'btcusdt' is not a Binance symbol")
    assert done.stderr.count("\n") == 1
