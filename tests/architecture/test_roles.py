"""Which modules know what the publisher calls its columns."""

import ast
from pathlib import Path

import pytest

import phoenix_core
from phoenix_core.columns import Role
from phoenix_core.datasets import DATASETS

ROOT = Path(phoenix_core.__file__).parents[1]
# The registry, the market that writes files as the publisher does, and the second implementation of the fill rule,
# which reads them and shares nothing with anything.
KNOW = {
    "phoenix_core/columns.py",
    "phoenix_core/datasets.py",
    "phoenix_core/synthetic/files.py",
    "phoenix_core/verification/files.py",
}
PUBLISHED = {column.name for dataset in DATASETS for columns in dataset.columns.values() for column in columns}
# A file of the catalog keeps these beside NautilusTrader's, and so do tables of our own.
OTHERS_TOO = {"id", "time", "timestamp", "symbol", "side", "quantity", "depth", "notional", "count", "ignore"}


def strings(source):
    """All string constants of a module, those in f-strings included."""
    return {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}


def named_in(source):
    """Publisher's names that are neither the field's word for the same thing nor everybody's."""
    return (PUBLISHED - set(Role) - OTHERS_TOO) & strings(source)


def modules():
    paths = [path for package in ("phoenix_core", "phoenix_dagster") for path in (ROOT / package).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}


def test_no_module_but_the_registry_names_a_column_of_the_publisher():
    """Converters, rules, comparisons, signals and recognition ask for roles."""
    found = {name: named_in(source) for name, source in modules().items() if name not in KNOW}
    assert {name: sorted(names) for name, names in found.items() if names} == {}


def test_the_words_that_are_not_searched_for_leave_those_that_matter():
    """The search would find what stood in the converters before there were roles."""
    for name in ("qty", "best_bid_price", "transact_time", "sum_open_interest", "percentage", "last_funding_rate"):
        assert named_in(f'batch["{name}"]') == {name}
    assert all(named_in(modules()[name]) for name in KNOW - {"phoenix_core/datasets.py"})


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.REDUNDANT])
def test_every_role_is_played_by_a_column(role):
    """A role that nobody plays is a word without use."""
    assert role in {column.role for dataset in DATASETS for columns in dataset.columns.values() for column in columns}
