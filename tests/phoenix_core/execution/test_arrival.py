"""The half millisecond of rule 1 of docs/fills.md."""

from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.execution.arrival import arrival_ns

MS = 1_000_000


def test_a_request_that_is_due_at_a_half_arrives_then():
    """Due at 31.5 ms it is there; a nanosecond later it waits for 32.5."""
    assert arrival_ns(1_500_000, 30 * MS) == 31_500_000
    assert arrival_ns(1_500_001, 30 * MS) == 32_500_000


def test_a_request_without_latency_arrives_after_the_event_that_caused_it():
    """The event is stamped 7 ms: 7.5."""
    assert arrival_ns(7 * MS, 0) == 7_500_000


@given(st.integers(0, 2 * 10**18), st.integers(0, 10**12))
def test_arrival_is_the_first_half_millisecond_not_before_it_is_due(sent, latency):
    """At a half, not early, and less than a millisecond late."""
    found = arrival_ns(sent, latency)
    assert found % MS == MS // 2
    assert 0 <= found - (sent + latency) < MS
