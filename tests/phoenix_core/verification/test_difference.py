import polars as pl
import pytest

from phoenix_core.verification.difference import differences

TABLE = pl.DataFrame({"ts": [1, 2, 3], "score": [0.5, None, float("nan")], "side": ["BUY", "SELL", None]})


def said(published, recomputed, tolerance=0.0):
    return list(differences(published, recomputed, ("ts",), tolerance))


def test_a_table_is_itself():
    """Missing values and NaN too, with a tolerance or without."""
    assert said(TABLE, TABLE) == said(TABLE, TABLE, 1e-6) == []


def test_each_column_is_named_with_its_first_differing_row():
    """Value against value, and how many rows differ."""
    other = TABLE.with_columns(score=pl.Series([0.5, 0.25, 0.75]), side=pl.Series(["BUY", "SELL", "BUY"]))
    assert said(TABLE, other) == [
        "score: 2 of 3 rows differ, first row 1 (ts 2): published None, recomputed 0.25",
        "side: 1 of 3 rows differ, first row 2 (ts 3): published None, recomputed BUY",
    ]


def test_rows_that_are_missing_are_counted():
    """And those that both have are compared."""
    assert said(TABLE, TABLE.head(2)) == ["3 rows are published, 2 were recomputed"]
    assert said(TABLE.clear(), TABLE) == ["0 rows are published, 3 were recomputed"]


@pytest.mark.parametrize(("value", "differs"), [(0.5 + 1e-7, False), (0.5 + 1e-5, True), (None, True)])
def test_a_tolerance_is_one_of_numbers_alone(value, differs):
    """A missing value is no small number."""
    other = TABLE.with_columns(score=pl.Series([value, None, float("nan")]))
    assert bool(said(TABLE, other, 1e-6)) == differs
    assert said(TABLE, other)
