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


def test_data_may_lie_in_a_bucket(monkeypatch, tmp_path):
    """Its location stays what was written, and nothing is asked of it; beside it is a folder of this machine."""
    monkeypatch.setenv("PHOENIX_DATA", "s3://bucket/prefix")
    monkeypatch.setenv("PHOENIX_SCRATCH", str(tmp_path))
    monkeypatch.setenv("PHOENIX_CACHE_BYTES", "1.5GB")
    found = read_settings()
    assert (found.data, found.is_elsewhere) == ("s3://bucket/prefix", True)
    assert (found.local.folder, found.local.cache_bytes) == (tmp_path, 1_500_000_000)


def test_a_password_in_a_location_is_not_repeated(monkeypatch):
    """Keys belong into the environment of the client."""
    monkeypatch.setenv("PHOENIX_DATA", "s3://AKIA123:hidden@bucket/prefix")
    with pytest.raises(ConfigInvalid, match="Credentials go into the environment") as caught:
        read_settings()
    assert "hidden" not in str(caught.value)


def test_symbols_are_a_list(monkeypatch):
    """Separated by commas; twice the same counts once."""
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT, spot:ETHUSDT,um:BTCUSDT")
    assert [str(listing) for listing in read_settings().symbols] == ["um:BTCUSDT", "spot:ETHUSDT"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PHOENIX_DATA", "http://host/bucket", "begins with http://: expected a folder, or one of s3://bucket/prefix"),
        ("PHOENIX_CACHE_BYTES", "-1", "PHOENIX_CACHE_BYTES"),
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
        ("PHOENIX_CELERY_BROKER", "redis://127.0.0.1:6379/0", "is no address of RabbitMQ: expected amqp://"),
        ("PHOENIX_CELERY_BROKER", "amqp://127.0.0.1/phoenix", "is set without PHOENIX_POSTGRES_URL"),
    ],
)
def test_a_bad_value_is_named(monkeypatch, name, value, message):
    """The setting, what was expected and what was found, on one line."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigInvalid, match=message) as caught:
        read_settings()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_slip_is_refused(monkeypatch, tmp_path, place):
    """A mistyped PHOENIX_DATA would fill the wrong disk: the name that was meant is said."""
    if place == ".env":
        (tmp_path / ".env").write_text("PHOENIX_DATAA=/elsewhere\n")
    else:
        monkeypatch.setenv("PHOENIX_DATAA", "/elsewhere")
    with pytest.raises(ConfigInvalid, match=r"PHOENIX_DATAA .* did you mean PHOENIX_DATA\?") as caught:
        read_settings()
    assert f"({place})" in str(caught.value)


def test_what_is_no_slip_is_mentioned(monkeypatch, caplog):
    """Once; variables of tests, and those of Kubernetes for a service "phoenix", not at all."""
    monkeypatch.setenv("PHOENIX_WHOLLY_ELSE", "1")
    monkeypatch.setenv("PHOENIX_TEST_REQUIRE", "1")
    monkeypatch.setenv("PHOENIX_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("PHOENIX_PORT_3000_TCP", "tcp://10.0.0.1:3000")
    read_settings()
    read_settings()
    assert [record.getMessage().split()[0] for record in caplog.records] == ["PHOENIX_WHOLLY_ELSE"]


def test_an_empty_variable_is_unset(monkeypatch):
    """An empty PHOENIX_DATA is not the current folder."""
    monkeypatch.setenv("PHOENIX_DATA", "")
    assert str(read_settings().data) == "data"


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
