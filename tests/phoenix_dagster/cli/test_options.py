"""Options that several commands share."""

import sys

import pytest
import typer

from phoenix_dagster.cli.options import strategy_fields


@pytest.fixture(autouse=True)
def _same_path(monkeypatch):
    """What a test adds to it is gone after it."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("own:Strategy", {"path": "own:Strategy"}),
        ('{"path": "own:Strategy", "config": {"fast": 5}}', {"path": "own:Strategy", "config": {"fast": 5}}),
        ('{"lpi_entry_threshold": 0.5}', {"lpi_entry_threshold": 0.5}),
        ("{}", {}),
    ],
)
def test_a_strategy_is_a_path_or_fields(text, chosen, tmp_path, monkeypatch):
    """Its module is looked for in the folder that the command was started in, and nothing is without a path."""
    monkeypatch.chdir(tmp_path)
    assert strategy_fields(text) == chosen
    assert (str(tmp_path) in sys.path) is ("path" in chosen)


@pytest.mark.parametrize("text", ["own.Strategy", "[1]", "{"])
def test_what_is_neither_is_refused(text):
    """In one line."""
    with pytest.raises(typer.BadParameter, match="JSON"):
        strategy_fields(text)
