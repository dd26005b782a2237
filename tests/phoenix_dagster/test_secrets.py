"""A password that is set nowhere but in the environment turns up nowhere else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from fakes.processes import ROOT, plain_environment
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import ConfigInvalid
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_dagster.settings import Settings

CANARY = "canary-in-a-coal-mine"


def everything_in(database_url):
    """Every row of every table, as text."""
    engine = sqlalchemy.create_engine(database_url)
    with engine.connect() as connection:
        for name in sqlalchemy.inspect(engine).get_table_names():
            yield from (str(row) for row in connection.execute(sqlalchemy.text(f'SELECT * FROM "{name}"')))
    engine.dispose()


@pytest.mark.slow
def test_the_databases_password_is_in_no_log(tmp_path, server, postgres_database):
    """Not after a day that succeeds and one that fails: output, files, events, metadata and manifest."""
    put_day(server.root, AGG_TRADES, AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true")))
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    url = sqlalchemy.make_url(postgres_database).set(password=CANARY).render_as_string(hide_password=False)
    environment = plain_environment() | {
        "DAGSTER_HOME": str(tmp_path),
        "PHOENIX_DATA": str(tmp_path / "data"),
        "PHOENIX_ARCHIVE_URL": server.url,
        "PHOENIX_POSTGRES_URL": url,
    }
    dagster = [
        str(Path(sys.executable).parent / "dagster"),
        "asset",
        "materialize",
        "-m",
        "phoenix_dagster.definitions",
    ]
    said = ""
    for day, code in (("2024-03-30", 0), ("2024-02-30", 1), ("2024-03-29", 0)):
        done = subprocess.run(
            [*dagster, "--select", "um/btcusdt/agg_trades", "--partition", day],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr[-2000:]
        said += done.stdout + done.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "phoenix_dagster.cli", "settings"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    rows = list(everything_in(postgres_database))
    assert any("agg_trades" in row for row in rows)
    assert CANARY not in said + shown.stdout + shown.stderr
    assert not [row for row in rows if CANARY in row]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_settings_do_not_show_the_password():
    """Nor does their repr."""
    made = Settings(
        postgres_url=f"postgresql://someone:{CANARY}@host/name", celery_broker=f"amqp://someone:{CANARY}@host/name"
    )
    assert CANARY not in repr(made) + str(made) + str(made.model_dump())


@pytest.mark.parametrize("url", [f"https://someone:{CANARY}@mirror.example", f"http://{CANARY}@mirror.example/x"])
@pytest.mark.parametrize("made", [Archive, lambda url: Settings(archive_url=url)], ids=["archive", "settings"])
def test_an_address_with_a_login_is_refused_without_repeating_it(url, made):
    """It would be in every message and in metadata; ~/.netrc is the place."""
    with pytest.raises(ConfigInvalid, match="netrc") as raised:
        made(url)
    assert CANARY not in str(raised.value)


def test_a_mirrors_login_comes_from_netrc(server, tmp_path, monkeypatch):
    """And is sent to that host."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login someone password {CANARY}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert Archive(server.url).published_sha256(key_of_day(AGG_TRADES, UM, DAY)) is None
    assert server.logins[-1].startswith("Basic ")
