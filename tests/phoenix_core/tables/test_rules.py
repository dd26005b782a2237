"""Each rule on a few rows; `test_read.py` shows what becomes of whole files."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.columns import Bound, Column, Kind
from phoenix_core.datasets import AGG_TRADES, METRICS
from phoenix_core.errors import RowsInvalid
from phoenix_core.tables.rules import (
    Counts,
    by_columns,
    is_strictly_increasing,
    late_rows,
    ordered_once,
    refuse_another_day,
    within,
    without_duplicates,
)


def test_rows_are_accounted_for():
    """10 read are 5 kept, 3 of other days and 2 dropped; a repaired row is among those kept."""
    counts = Counts(read=10, kept=5, other_days=3, dropped_a=1, dropped_b=1, repaired_c=4)
    assert (counts.dropped, counts.repaired, counts.balanced()) == (2, 4, True)
    counts["kept"] += 1
    assert not counts.balanced()


@pytest.mark.parametrize(
    ("how", "kept", "expected"),
    [
        ({"bound": Bound.POSITIVE}, [1], {"dropped_blank_x": 1, "dropped_not_positive_x": 2}),
        ({"bound": Bound.NOT_NEGATIVE}, [0, 1], {"dropped_blank_x": 1, "dropped_negative_x": 1}),
        ({"bound": Bound.ANY}, [-1, 0, 1], {"dropped_blank_x": 1}),
        ({"bound": Bound.POSITIVE, "may_be_blank": True}, [None, 1], {"dropped_not_positive_x": 2}),
        (
            {"bound": Bound.NOT_NEGATIVE, "may_be_blank": True, "zero_means_missing": True},
            [None, None, 1],
            {"repaired_zero_is_missing_x": 1, "dropped_negative_x": 1},
        ),
    ],
)
def test_a_column_says_which_rows_count(how, kept, expected):
    """Of blank, -1, 0 and 1."""
    counts = Counts()
    column = Column("x", Kind.INTEGER, "any", **how)
    found = by_columns(pl.DataFrame({"x": [None, -1, 0, 1]}), [column], counts)
    assert found["x"].to_list() == kept
    assert counts == expected


def test_a_window_holds_its_first_instant_and_not_its_last():
    """Of 9, 10, 19 and 20 in [10, 20) two are kept; rows of another partition are counted without being dropped."""
    for rule, name in (("outside", "dropped_outside"), ("other_days", "other_days")):
        counts = Counts()
        found = within(pl.DataFrame({"t": [9, 10, 19, 20]}), "t", (10, 20), rule, counts)
        assert found["t"].to_list() == [10, 19]
        assert counts == {name: 2}


def test_a_file_is_another_days_when_most_of_its_rows_are():
    """5 of 10 are borne, 6 are not, and the message says how many."""
    refuse_another_day(Counts(read=10, dropped_outside=5), "outside", "x.zip")
    with pytest.raises(RowsInvalid, match=r"x\.zip is another day's file: 6 of its 10 rows"):
        refuse_another_day(Counts(read=10, dropped_outside=6), "outside", "x.zip")


@pytest.mark.parametrize(
    ("ids", "previous", "rises"),
    [([1, 2, 4], None, True), ([1, 1], None, False), ([2, 1], None, False), ([2, 3], 1, True), ([2, 3], 2, False)],
)
def test_a_key_rises_within_a_batch_and_from_the_one_before(ids, previous, rises):
    """An equal one does not rise; an empty batch breaks nothing."""
    assert is_strictly_increasing(pl.DataFrame({"id": ids}), "id", previous) is rises
    assert is_strictly_increasing(pl.DataFrame({"id": []}, schema={"id": pl.Int64}), "id", previous)


def test_late_rows_come_after_one_that_they_should_precede():
    """Of ids 3, 1, 2, 4 two are late; where 5 was seen before, all four."""
    batch = pl.DataFrame({"agg_trade_id": [3, 1, 2, 4]})
    assert late_rows(batch, AGG_TRADES) == 2
    assert late_rows(batch, AGG_TRADES, highest=5) == 4
    assert late_rows(batch, AGG_TRADES, highest=3) == 2


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=20))
def test_duplicates_are_dropped_and_counted(rows):
    """What is kept is each row once, in the order of first appearance; the rest is counted."""
    counts = Counts()
    batch = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    assert without_duplicates(batch, counts).rows() == list(dict.fromkeys(rows))
    assert counts["dropped_exact_duplicate"] == sum(Counter(rows).values()) - len(set(rows))


def test_the_last_published_of_two_samples_wins():
    """Two values at time 1: the later row's; the repeated row is a duplicate, not a change of mind."""
    counts = Counts()
    batch = pl.DataFrame({"create_time": [2, 1, 1, 2], "value": [20, 10, 11, 20]})
    assert ordered_once(batch, METRICS, counts, "x.zip").rows() == [(1, 11), (2, 20)]
    assert counts == {"dropped_exact_duplicate": 1, "dropped_superseded": 1}


def test_an_id_with_two_values_is_refused():
    """Nothing tells which is true; the message shows one of them."""
    batch = pl.DataFrame({"agg_trade_id": [7, 8, 7], "price": [1, 2, 3]})
    with pytest.raises(RowsInvalid, match=r"x\.zip gives 1 rows an id that another row has.*'agg_trade_id': '7'"):
        ordered_once(batch, AGG_TRADES, Counts(), "x.zip")
