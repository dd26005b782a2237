"""Each product has one factory; those that share one name a function that it can call."""

import inspect
from importlib import import_module

import pytest

from phoenix_core.products import DERIVED, Partitions
from phoenix_dagster.assets.factories import _OWN

SHARED = [product for product in DERIVED if product.name not in _OWN]


def test_a_factory_is_of_a_product_that_exists():
    """A renamed product would otherwise fall to the shared factory."""
    assert _OWN.keys() <= {product.name for product in DERIVED}


@pytest.mark.parametrize("product", SHARED, ids=lambda product: product.name)
def test_what_has_no_factory_of_its_own_is_made_by_a_function_of_a_day(product):
    """Data folder, listing and day, and one result a day."""
    module, _, name = product.code[0].partition(":")
    made = getattr(import_module(f"phoenix_core.{module}"), name)
    assert list(inspect.signature(made).parameters) == ["lake", "listing", "day"]
    assert product.partitions is Partitions.DAILY
    assert not product.has_variants
