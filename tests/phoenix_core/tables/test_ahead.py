"""Items made ahead are the same items, and errors come where they arose."""

import threading

import pytest

from phoenix_core.tables.ahead import ahead


def test_items_come_in_order():
    """All of them, once, also of an empty source."""
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter(()))) == []


def test_an_error_comes_after_what_was_made_before_it():
    """Two items, then the source's own error."""

    def source():
        yield from (1, 2)
        raise ValueError("broken")

    items = ahead(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_a_consumer_that_stops_leaves_no_thread():
    """Closing the iterator ends its thread, and no more than one item was made too many."""
    made = []
    before = threading.active_count()
    items = ahead(made.append(n) or n for n in range(10))
    assert next(items) == 0
    items.close()
    assert threading.active_count() == before
    assert len(made) <= 2
