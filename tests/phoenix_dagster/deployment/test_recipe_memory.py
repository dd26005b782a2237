"""Recipes are what the sources say, whether they were read now or before."""

import json

import pytest

from phoenix_core import recipes
from phoenix_core.recipes import code_digest, reached, root_in
from phoenix_dagster.deployment.recipe_memory import remembered_recipes

FILE = "storage/recipes.json"
ROOT = "catalog.store:convert_day"


def asked():
    """The three questions that are kept."""
    code_digest.cache_clear()
    return code_digest(ROOT), reached(ROOT), root_in("catalog.convert:CONVERTERS", "BAR")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """Another process."""
    monkeypatch.setattr(recipes, "_ANSWERS", {})
    monkeypatch.setattr(recipes, "_ANSWERED_FOR", [])


@pytest.fixture
def home(tmp_path):
    """A DAGSTER_HOME."""
    (tmp_path / "dagster.yaml").touch()
    return tmp_path


@pytest.fixture
def kept(home, monkeypatch):
    """A folder in which a process has left its answers; the next one begins with none."""
    expected = asked()
    with remembered_recipes(home):
        assert asked() == expected
    monkeypatch.setattr(recipes, "_ANSWERS", {})
    return home, expected


def test_nothing_is_parsed_twice(kept, monkeypatch):
    """The next process answers without its sources."""
    home, expected = kept
    monkeypatch.setattr(recipes, "_parsed", None)
    path = home / FILE
    before = path.read_bytes()
    with remembered_recipes(home):
        assert asked() == expected
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["sources", "answers", "sha256", "{", ""])
def test_what_is_not_of_these_sources_or_not_what_was_written_is_left_aside(kept, place):
    """Another digest of the sources, an answer that was changed, half a file: all is found anew, and kept."""
    home, expected = kept
    path = home / FILE
    document = json.loads(path.read_text())
    if place == "answers":
        document["answers"] = dict.fromkeys(document["answers"], "wrong")
    elif place in document:
        document[place] = "0" * 64
    path.write_text(json.dumps(document) if place in document else place)
    with remembered_recipes(home):
        assert asked() == expected
    assert json.loads(path.read_text())["answers"][f"code_digest {ROOT}"] == expected[0]


def test_an_edit_in_between_is_not_kept(home, monkeypatch):
    """Whose answers they would be nobody knows."""
    with remembered_recipes(home):
        asked()
        monkeypatch.setattr("phoenix_dagster.deployment.recipe_memory.sources_digest", lambda: "another")
    assert not (home / FILE).exists()


def test_without_a_folder_all_is_as_ever(tmp_path):
    """A folder that is no DAGSTER_HOME stays as it is."""
    expected = asked()
    with remembered_recipes(tmp_path):
        assert asked() == expected
    assert not list(tmp_path.iterdir())
