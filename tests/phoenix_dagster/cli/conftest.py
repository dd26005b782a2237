"""The command line in this process, on a data folder of its own and without settings of ours."""

import os

import pytest

from phoenix_dagster.cli.app import main


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("PHOENIX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHOENIX_START", "2024-03-01")
    return tmp_path / "data"


@pytest.fixture
def phoenix(capsys):
    """Run a command; its exit code, stdout and stderr."""

    def run(*arguments):
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
