"""The UI opens on the right folder, or says which is wrong."""

import os
import shutil
from pathlib import Path

import pytest
from fakes.paths import ROOT

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.deployment.home import make_home
from phoenix_dagster.operation import interface


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What would be started, with the folder and DAGSTER_HOME it would be started with."""
    calls = []
    for name in [name for name in os.environ if name.startswith(("PHOENIX_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(interface.environment, "export", lambda values: calls.append(dict(values)))
    monkeypatch.setattr(interface.subprocess, "call", lambda command: calls.append((command[-1], str(Path.cwd()))) or 0)
    monkeypatch.chdir(tmp_path)
    return calls


def test_a_home_is_its_own_dagster_home(started, tmp_path):
    """Given by name or as the current folder, it is started there."""
    make_home(tmp_path / "home")
    assert interface.serve(tmp_path / "home", 3000, print) == 0
    assert started == [{"DAGSTER_HOME": str(tmp_path / "home")}, ("3000", str(tmp_path / "home"))]


def test_a_home_that_was_moved_says_what_to_correct(started, tmp_path):
    """Its settings file still names the old place."""
    make_home(tmp_path / "home")
    shutil.move(tmp_path / "home", tmp_path / "moved")
    with pytest.raises(ConfigInvalid, match=r"is no folder: correct it in .*moved/\.env"):
        interface.serve(tmp_path / "moved", 3000, print)
    assert started == []


def test_a_folder_of_something_else_is_refused(started, tmp_path):
    """The message names both commands that make one."""
    with pytest.raises(ConfigInvalid, match=r"phoenix demo.*phoenix init FOLDER"):
        interface.serve(tmp_path, 3000, print)
    assert started == []


def test_the_sources_own_file_is_left_alone(started, tmp_path, monkeypatch):
    """A dagster.yaml that `phoenix init` did not write belongs to whoever did."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    assert interface.serve(None, 3000, print) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["dagster.yaml"]
    assert started == [{"DAGSTER_HOME": str(tmp_path)}, ("3000", str(tmp_path))]


def test_many_symbols_are_several_code_locations(started, tmp_path, monkeypatch):
    """The workspace is written beside the history, and said; within one location's bound none is."""
    told = []
    monkeypatch.setenv("PHOENIX_SYMBOLS", "um:BTCUSDT,um:ETHUSDT,spot:BTCUSDT")
    monkeypatch.setenv("PHOENIX_SYMBOLS_PER_LOCATION", "2")
    commands = []
    monkeypatch.setattr(interface.subprocess, "call", lambda command: commands.append(command) or 0)
    assert interface.serve(None, 3000, told.append) == 0
    path = tmp_path / "workspace.several.yaml"
    assert commands[0][3:6] == ["dev", "-w", str(path)]
    assert path.read_text().count("python_module") == 2
    assert told == [f"3 symbols in 2 code locations: {path}"]
