"""Each test over a store, or over a data folder, is run over all of them."""

import pytest
from fakes.stores import STORES

from phoenix_core.storage.lake import Lake


@pytest.fixture(params=STORES)
def kept(request):
    return STORES[request.param]


@pytest.fixture
def store(kept, tmp_path):
    return kept.make(tmp_path)


@pytest.fixture
def lake(store):
    return Lake(store)
