"""The wheel alone is the whole product: installed outside of a source tree, in a folder of its own."""

import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from fakes.environment import unavailable
from fakes.processes import ROOT, free_port, plain_environment, running

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.market import Listing
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize
from phoenix_dagster.operation.demo import FIRST_DAY

SHIPPED = ("dagster.yaml", "workspace.yaml", ".gitignore")


@dataclass(frozen=True)
class Installed:
    """A virtual environment that has the wheel, and a folder to work in."""

    python: Path
    wheel: Path
    folder: Path

    def run(self, *words, where=None):
        """Run a command as its user would; `phoenix` is the script that pip made."""
        command = [self.python.parent / "phoenix", *words[1:]] if words[0] == "phoenix" else [self.python, "-m", *words]
        environment = plain_environment() | {"PYTHONSAFEPATH": "1", "PYTHONPATH": ""}
        return subprocess.run(
            command, cwd=where or self.folder, env=environment, capture_output=True, text=True, timeout=200
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Our wheel in a fresh environment; the packages it needs are those of this one, so no network is."""
    if shutil.which("uv") is None:
        unavailable("no uv on this machine")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", folder], cwd=ROOT, check=True)
    wheel = next(folder.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(["uv", "pip", "install", "--quiet", "--no-deps", "--python", python, wheel], cwd=ROOT, check=True)
    needed = next(path for path in sys.path if path.endswith("site-packages"))
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (site / "needed.pth").write_text(f"{needed}\n")
    (folder / "work").mkdir()
    return Installed(python, wheel, folder / "work")


@pytest.fixture(scope="module")
def home(installed):
    """A home that `phoenix init` made, whose archive is a folder in it."""
    done = installed.run("phoenix", "init", "home")
    assert done.returncode == 0, done.stderr
    assert "uv run" not in done.stdout
    home = installed.folder / "home"
    listing = Listing.parse("um:BTCUSDT")
    write_dataset(home / "mirror", listing, AGG_TRADES, MarketDay(FIRST_DAY, 7, MarketSize(trades=1_000)))
    text = (home / ".env").read_text()
    (home / ".env").write_text(
        text.replace("# PHOENIX_ARCHIVE_URL=https://data.binance.vision", f"PHOENIX_ARCHIVE_URL={home / 'mirror'}")
    )
    return home


def test_the_wheel_has_what_stands_at_the_top_of_the_tree(installed):
    """dagster.yaml, workspace.yaml, the ignored names and the licence, byte for byte."""
    with zipfile.ZipFile(installed.wheel) as wheel:
        for name in SHIPPED:
            assert wheel.read(f"phoenix_dagster/deployment/shipped/{name}") == (ROOT / name).read_bytes()
        licence = next(name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_has_the_data_of_its_packages(installed):
    """Constants of instruments are files beside the code."""
    data = [path for package in ("phoenix_core", "phoenix_dagster") for path in (ROOT / package).rglob("*.toml")]
    assert [path.name for path in data] == ["binance.toml"]
    with zipfile.ZipFile(installed.wheel) as wheel:
        for path in data:
            assert wheel.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_it_runs_from_the_wheel(installed):
    """Not from the checkout that built it."""
    code = "import phoenix_dagster, phoenix_core; print(phoenix_dagster.__file__, phoenix_core.__file__)"
    found = subprocess.run([installed.python, "-P", "-c", code], cwd=installed.folder, capture_output=True, text=True)
    assert found.stdout.count(str(installed.python.parents[1])) == 2


def test_a_home_is_complete(installed):
    """Settings, what Dagster reads, and what git is to ignore."""
    assert installed.run("phoenix", "init", "fresh").returncode == 0
    home = installed.folder / "fresh"
    assert {path.name for path in home.iterdir()} == {
        ".env", "dagster.yaml", "dagster.yaml.sha256", "workspace.yaml", ".gitignore",
    }  # fmt: skip
    assert (home / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()


def test_settings_and_plan_in_a_home(installed, home):
    """`.env` there is in force, and a range is planned against a folder."""
    settings = installed.run("phoenix", "settings", where=home)
    assert f"PHOENIX_ARCHIVE_URL={home / 'mirror'}" in settings.stdout
    plan = installed.run("phoenix", "plan", "--first", FIRST_DAY.isoformat(), "--datasets", "agg_trades", where=home)
    assert plan.returncode == 0, plan.stderr
    assert [line.split()[:2] for line in plan.stdout.splitlines() if line.startswith("agg_trades")] == [
        ["agg_trades", "1"]
    ]


def test_dagster_itself_works_in_a_home(installed, home):
    """Its own command finds the home by `.env`, and a day's history is kept there."""
    done = installed.run(
        "dagster", "asset", "materialize", "-m", "phoenix_dagster.definitions", "--select", "um/btcusdt/agg_trades",
        "--partition", FIRST_DAY.isoformat(), where=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert (home / "history").is_dir()
    assert list((home / "data").rglob("*aggTrades*.zip"))


def test_the_demo_ends_with_a_command_that_works_here(installed):
    """One day from archive to PnL; its last hint needs no source tree."""
    done = installed.run("phoenix", "demo", "--days", "1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "UI       phoenix ui demo\n" in done.stdout
    assert (installed.folder / "demo" / "dagster" / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()


@pytest.mark.parametrize("words", [["phoenix", "ui", "--port"], ["dagster", "dev", "-h", "127.0.0.1", "-p"]])
def test_the_ui_comes_up_in_a_home(installed, home, words):
    """By our command and by Dagster's, with the code location loaded and the home as its instance."""
    port = free_port()
    program = [installed.python.parent / "phoenix"] if words[0] == "phoenix" else [installed.python, "-m", "dagster"]
    log = home / "ui.log"
    with running([*program, *words[1:], str(port)], home, log) as process:
        assert locations(port, process, log) in ([{"name": "phoenix_dagster.definitions"}], [{"name": "phoenix"}])
    assert not list(home.glob(".tmp_dagster_home_*"))


def locations(port, process, log):
    """Code locations that the webserver has loaded, once it answers."""
    query = {"query": "{repositoriesOrError{... on RepositoryConnection{nodes{location{name}}}}}"}
    deadline = time.monotonic() + 90
    while True:
        try:
            answer = requests.post(f"http://127.0.0.1:{port}/graphql", json=query, timeout=5).json()
            if nodes := answer["data"]["repositoriesOrError"].get("nodes"):
                return [node["location"] for node in nodes]
        except requests.RequestException:
            pass
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.3)
