"""Which folders a data folder remembers."""

import pytest

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.sources.adopted import adopted, remember


def test_folders_are_remembered_in_order_with_their_answers(lake, tmp_path):
    """Adopted again, a folder keeps its place and gets the new answers."""
    assert adopted(lake) == ()
    first, second = tmp_path / "first", tmp_path / "second"
    remember(lake, first, {})
    remember(lake, second, {"old/*": "um:mark_price_klines_1m"})
    remember(lake, first, {"*": "um:trades"})
    assert [(tree.root, tree.answers) for tree in adopted(lake)] == [
        (first, {"*": "um:trades"}), (second, {"old/*": "um:mark_price_klines_1m"}),
    ]  # fmt: skip
    assert adopted(lake)[0] is adopted(lake)[0]


def test_a_damaged_list_is_named(lake, tmp_path):
    """Not read as if nothing had been adopted."""
    remember(lake, tmp_path, {})
    lake.store.path("sources/adopted.json").write_text("[{]")
    with pytest.raises(CatalogCorrupt, match=r"adopted\.json can't be read"):
        adopted(lake)
