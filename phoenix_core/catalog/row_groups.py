"""Row groups that depend on rows alone, however the rows arrived.

A day's blocks are cut where its zip happened to be inflated, so the same rows from a plain file or from a
zip of another compressor would end groups elsewhere and give other bytes. Groups of a fixed size don't.
"""

from collections.abc import Iterator

import pyarrow as pa

ROWS = 131_072


def in_groups(tables: Iterator[pa.Table], rows: int = ROWS) -> Iterator[pa.Table]:
    """Give the same rows in tables of just so many, each in one piece; the last one has what is left.

    >>> [table.num_rows for table in in_groups(iter([pa.table({"id": [1, 2, 3]}), pa.table({"id": [4, 5]})]), 2)]
    [2, 2, 1]
    """
    waiting: list[pa.Table] = []
    height = 0
    for table in tables:
        waiting.append(table)
        height += table.num_rows
        if height >= rows:
            joined = pa.concat_tables(waiting)
            whole = height - height % rows
            for start in range(0, whole, rows):
                # In one piece: where a column's pieces end decides where its pages end.
                yield joined.slice(start, rows).combine_chunks()
            waiting, height = [joined.slice(whole)], height - whole
    if height:
        yield pa.concat_tables(waiting).combine_chunks()
