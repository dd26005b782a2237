"""When a request reaches the exchange: rule 1 of docs/fills.md."""

from phoenix_core.market import NS_PER_SECOND

_MILLISECOND = NS_PER_SECOND // 1000
_HALF = _MILLISECOND // 2


def arrival_ns(sent_ns: int, latency_ns: int) -> int:
    """The first half millisecond at which a request can be there.

    What the archive publishes is stamped with whole milliseconds, so no request ever shares an instant with a
    trade or a quote, and which of them came first is never a matter of the order of a file.

    >>> arrival_ns(1_000_000, 30_000_000), arrival_ns(1_000_000, 30_600_000)
    (31500000, 32500000)
    """
    due = sent_ns + latency_ns
    return -((_HALF - due) // _MILLISECOND) * _MILLISECOND + _HALF
