"""What a machine has or lacks, and servers of ours."""

import os

import pytest


def unavailable(what: str) -> None:
    """Skip with the reason; on the project's own machines, where everything must be there, fail."""
    if os.environ.get("PHOENIX_TEST_REQUIRE"):
        pytest.fail(f"{what}, and PHOENIX_TEST_REQUIRE is set")
    pytest.skip(what)
