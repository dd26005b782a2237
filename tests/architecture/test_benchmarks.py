"""Benchmarks run: what they import is there, and one command runs them all."""

import importlib
import json
from pathlib import Path

import all as every
import pytest

FOLDER = Path(every.__file__).parent
SCRIPTS = sorted(path.name for path in FOLDER.glob("bench_*.py"))


def test_every_benchmark_has_a_short_form():
    """Or is left out by name; and a form names a script that is there."""
    named = {form.command.split()[0] for form in every.FORMS}
    assert named | every.LEFT_OUT == set(SCRIPTS)
    assert not named & every.LEFT_OUT


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_benchmark_imports_is_there(script):
    """Nobody runs them for weeks, and a name that moved would only then be noticed."""
    assert callable(importlib.import_module(script.removesuffix(".py")).main)


@pytest.mark.parametrize(("ratio", "ends"), [(2.0, 0), (0.5, 1), (None, 1)])
def test_a_figure_beyond_its_bound_is_named(tmp_path, monkeypatch, capsys, ratio, ends):
    """As is a benchmark that fails; then the command ends with 1."""
    told = f"print('a table'); print('{json.dumps({'ratio': ratio})}')" if ratio else "raise SystemExit('no disk')"
    (tmp_path / "bench_one.py").write_text(told)
    monkeypatch.setattr(every, "FOLDER", tmp_path)
    monkeypatch.setattr(every, "FORMS", (every.Form("one", "bench_one.py", {"ratio": every.Bound("≥", 1)}),))
    assert every.main([]) == ends
    said = capsys.readouterr().out
    assert ("BEYOND" in said) == bool(ends)
    assert ("no disk" in said) == (ratio is None)
