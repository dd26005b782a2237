"""One step ahead: a stage's next item is made in a thread of its own while this one is used.

Inflating, parsing and writing all release the interpreter, so three stages that are chained this way
keep two cores busy. At most one finished item waits at each stage, so memory stays bounded.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor


def ahead[T](items: Iterator[T]) -> Iterator[T]:
    """Give the same items, each made while its predecessor is in use; errors come where they arose.

    >>> list(ahead(iter([1, 2, 3])))
    [1, 2, 3]
    """
    end = object()
    with ThreadPoolExecutor(1) as pool:
        upcoming = pool.submit(next, items, end)
        while (item := upcoming.result()) is not end:
            upcoming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]  # mypy can't tell the sentinel from a T
