"""What a sweep says of an edge that was planted, and of a market where there is none; `bench_claims.py` asks more seeds."""

import bench_claims
import pytest


@pytest.mark.slow
@pytest.mark.parametrize(("rebound", "is_found"), [(2.0, True), (0.0, False)])
def test_an_edge_is_found_where_there_is_one(rebound, is_found):
    """Chosen on a day, it gains on the next, and random entries do not; on chance nothing is claimed."""
    found = bench_claims.verdict(2, 2, rebound)
    assert found.is_found == is_found
    assert is_found or not found.is_claimed
