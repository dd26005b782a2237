"""Outside `phoenix_core/storage` nobody knows where files lie: an object store is then one more file."""

import ast
from functools import cache
from pathlib import Path

import pytest

from phoenix_core.storage.bucket import BucketStore
from phoenix_core.storage.contract import Store
from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.memory import MemoryStore

ROOT = Path(__file__).parents[2]
STORAGE = ROOT / "phoenix_core" / "storage"
# Whoever opens the data folder, and the two who hand its location to a process of its own.
OPENED = {"at", "existing"}
TOLD = {"phoenix_dagster/code_location.py", "phoenix_dagster/automation/reports.py"}
# The one library that lists a directory by itself.
DIRECTORY = {"phoenix_core/catalog/store.py"}


@cache
def modules():
    """Names and trees of all modules, read once."""
    paths = [path for package in ("phoenix_core", "phoenix_dagster") for path in (ROOT / package).rglob("*.py")]
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text()))
        for path in paths
        if not path.is_relative_to(STORAGE)
    ]


def attributes(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]


def test_no_stage_names_a_store():
    """Which one keeps the files is decided where the data folder is opened, in `Lake.at`."""
    for name, tree in modules():
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        assert not imported & {f"phoenix_core.storage.{store}" for store in ("folder", "memory", "bucket")}, name
        assert not [node for node in attributes(tree) if node.attr == "store" and "lake" in ast.unparse(node)], name


def test_the_location_is_joined_with_nothing():
    """`lake.location`, `lake.address` and `workspace.data` are for people: no path is made of them."""
    for name, tree in modules():
        for node in ast.walk(tree):
            parts = _joined(node)
            assert not any(_is_location(part) for part in parts), f"{name}: {ast.unparse(node)}"


def _joined(node):
    match node:
        case ast.BinOp(op=ast.Div()):
            return [node.left, node.right]
        case ast.Call(func=ast.Name(id="Path" | "PurePath" | "PurePosixPath")):
            return node.args
        case ast.Attribute(attr="glob" | "rglob" | "iterdir" | "joinpath" | "walk" | "open" | "read_bytes"):
            return [node.value]
        case _:
            return []


def _is_location(node):
    """Whether an expression is where the data folder lies."""
    called = node.func if isinstance(node, ast.Call) else node
    text = ast.unparse(called)
    return text.endswith((".location", ".address")) or text in {"settings.data", "chosen.data", "workspace.data"}


def test_settings_are_opened_and_not_walked():
    """`settings.data` goes into `Lake.at` or `Lake.existing`, or to another process as text."""
    for name, tree in modules():
        opened = {
            id(argument)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OPENED
            for argument in node.args
        }
        for node in attributes(tree):
            if node.attr == "data" and ast.unparse(node.value) in {"settings", "chosen", "found", "read_settings()"}:
                assert id(node) in opened or name in TOLD, f"{name}: {ast.unparse(node)}"


def test_only_a_library_that_must_is_told_a_directory():
    """A store that is none may refuse, and everything else still works."""
    told = {name for name, tree in modules() if any(node.attr == "directory" for node in attributes(tree))}
    assert told == DIRECTORY


@pytest.mark.parametrize("store", [FolderStore, MemoryStore, BucketStore])
def test_a_store_has_the_whole_protocol(store):
    """Mypy compares the signatures; here, that none was forgotten."""
    demanded = {name for name in vars(Store) if not name.startswith("_")}
    assert {"publish", "put_if_absent", "read", "fetch", "stat", "names", "remove", "directory"} < demanded
    assert demanded <= set(dir(store))


def test_the_rules_above_can_fail():
    """Each finds what it is there to find."""
    source = "a = settings.data / 'x'; b = Path(lake.location); c = Path(lake.address('x')).glob('*')"
    found = [part for node in ast.walk(ast.parse(source)) for part in _joined(node) if _is_location(part)]
    assert len(found) == 3
