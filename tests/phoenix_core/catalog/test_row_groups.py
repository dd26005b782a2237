"""Groups of rows are a function of the rows."""

import io
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.catalog.row_groups import in_groups

ROWS = 200
TABLE = pa.table({"ts_event": list(range(ROWS)), "trade_id": [str(number % 97) for number in range(ROWS)]})


def written(tables):
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, TABLE.schema, write_batch_size=16, data_page_size=64) as writer:
        for table in tables:
            writer.write_table(table)
    return sink.getvalue()


@given(cuts=st.lists(st.integers(0, ROWS), max_size=12), rows=st.integers(1, ROWS + 50))
def test_the_same_rows_give_the_same_bytes_however_they_were_cut(cuts, rows):
    """Group by group and page by page."""
    bounds = [0, *sorted(cuts), ROWS]
    pieces = [TABLE.slice(start, end - start) for start, end in pairwise(bounds)]
    groups = list(in_groups(iter(pieces), rows))
    assert [group.num_rows for group in groups[:-1]] == [rows] * (len(groups) - 1)
    assert pa.concat_tables(groups).equals(TABLE)
    assert written(groups) == written(in_groups(iter([TABLE]), rows))


def test_no_rows_are_no_group():
    """Nothing comes of nothing, nor of empty tables."""
    assert list(in_groups(iter([]))) == []
    assert list(in_groups(iter([TABLE.slice(0, 0)]))) == []
