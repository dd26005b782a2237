"""What the memory of one process has besides the contract."""

import pytest

from phoenix_core.catalog.store import nautilus_catalog
from phoenix_core.errors import ConfigInvalid
from phoenix_core.storage.lake import Lake
from phoenix_core.storage.memory import MemoryStore


def test_no_library_can_open_it(tmp_path):
    """NautilusTrader's own catalog is refused in one line, and reads no empty folder instead."""
    with pytest.raises(ConfigInvalid, match="no other library can open"):
        nautilus_catalog(Lake(MemoryStore(tmp_path)))


def test_two_are_two(tmp_path):
    """Nothing is shared but the cache, in which a digest is one content for both."""
    first, second = MemoryStore(tmp_path), MemoryStore(tmp_path)
    assert first.put_if_absent("a.x", b"1")
    assert second.names("") == []
