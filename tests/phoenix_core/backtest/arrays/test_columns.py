"""128-bit values as 64-bit integers, exactly or not at all."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.backtest.arrays.columns import _integers
from phoenix_core.errors import ReplayUnsuitable


def column(values, unused):
    rows = [(value * 10**unused).to_bytes(16, "little") for value in values]
    return pa.chunked_array([pa.array(rows[:1], pa.binary(16)), pa.array(rows[1:], pa.binary(16))])


@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 10**7), min_size=1), st.integers(0, 16))
def test_any_number_of_any_decimals(values, unused):
    """Small ones by the quick way, large ones by Python's integers."""
    kept = [value for value in values if value * 10**unused < 2**127]
    assert _integers(column(kept or [0], unused), unused).tolist() == (kept or [0])


@pytest.mark.parametrize("value", [2**63, 10**5 + 1])
def test_what_does_not_fit_is_refused(value):
    """Too large, or finer than the file says."""
    rows = pa.chunked_array([pa.array([value.to_bytes(16, "little")], pa.binary(16))])
    with pytest.raises(ReplayUnsuitable, match="Replay signals instead"):
        _integers(rows, 0 if value == 2**63 else 3)
