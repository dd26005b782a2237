"""A demo as a user makes it, once, and the UI on it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes.environment import unavailable
from fakes.paths import ARTIFACTS
from fakes.processes import ROOT, free_port, plain_environment, running_ui


@dataclass(frozen=True)
class Demo:
    folder: Path
    output: str
    reports_port: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Demo:
    """`phoenix demo` over two days."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    command = [sys.executable, "-m", "phoenix_dagster.cli", "demo", "--days", "2", "--folder", str(folder)]
    port = str(free_port())
    environment = plain_environment() | {"PHOENIX_REPORTS_PORT": port}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return Demo(folder, done.stdout, port)


@pytest.fixture(scope="session")
def ui(demo) -> Iterator[str]:
    """The UI on the demo."""
    with running_ui(demo.folder, PHOENIX_REPORTS_PORT=demo.reports_port) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium. Not for longer than a module: its event loop would be in the way of others."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        unavailable("no chromium on this machine")
    ARTIFACTS.mkdir(exist_ok=True)
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture
def page(browser):
    """A tab of its own."""
    with closing(browser.new_page(viewport={"width": 1600, "height": 1000})) as tab:
        yield tab
