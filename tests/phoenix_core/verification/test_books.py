"""A ledger worked by hand is accepted, and each figure that is off is named.

1,000 at the start. Bought 2 at 100 (mid 99, fee 0.1). Sold 3 at 110 (mid 110, fee 0.2): 2 close and realize 20, 1 opens
a short at 110. Funding gives 0.5. Bought 1 at 104 (mid 105, fee 0.1): realizes 6. 26.1 in all, 27 of it by price.
"""

from decimal import Decimal

import polars as pl
import pytest

from phoenix_core.verification.books import check_ledger

FILLS = pl.DataFrame(
    {
        "ts": [1, 2, 4],
        "order_id": ["a", "b", "c"],
        "side": ["BUY", "SELL", "BUY"],
        "quantity": [Decimal(2), Decimal(3), Decimal(1)],
        "price": [Decimal(100), Decimal(110), Decimal(104)],
        "mid_at_decision": [Decimal(99), Decimal(110), Decimal(105)],
        "fee": [Decimal("0.1"), Decimal("0.2"), Decimal("0.1")],
    }
)
FIGURES = ("quantity", "price", "realized", "slippage", "fee", "funding", "amount", "position", "entry_price", "cash")
ROWS = [
    (1, "fill", "a", "2", "100", "0", "-2", "-0.1", "0", "-0.1", "2", "100", "999.9"),
    (2, "fill", "b", "-3", "110", "20", "0", "-0.2", "0", "19.8", "-1", "110", "1019.7"),
    (3, "funding", None, "-1", "105", "0", "0", "0", "0.5", "0.5", "-1", "110", "1020.2"),
    (4, "fill", "c", "1", "104", "6", "1", "-0.1", "0", "5.9", "0", "0", "1026.1"),
]
PARTS = {"price": "27", "slippage": "-1", "fees": "-0.4", "funding": "0.5", "net": "26.1"}
TRIPS = pl.DataFrame({"net": [Decimal("20.0"), Decimal("6.1")]})


def ledger(rows):
    figures = [pl.Series(name, [Decimal(row[3 + n]) for row in rows]) for n, name in enumerate(FIGURES)]
    named = {"ts": [row[0] for row in rows], "kind": [row[1] for row in rows], "order_id": [row[2] for row in rows]}
    return pl.DataFrame(named).with_columns(one.cast(pl.Decimal(38, 12)) for one in figures)


def found(rows=ROWS, fills=FILLS, trips=TRIPS, final="1026.1", **parts):
    document = {
        "experiment": {"venue": {"starting_balance": "1000"}},
        "parts": PARTS | parts,
        "final_balance": final,
    }
    return check_ledger(document, fills, ledger(rows), trips)


def test_a_ledger_worked_by_hand_is_sound():
    """Closing, turning from long to short, funding and all sums: no difference over four rows."""
    check = found()
    assert (check.name, check.rows, check.differences) == ("ledger", 4, ())


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "funding"])
def test_a_cent_in_any_figure_is_named(name):
    """In the second row, by the column's name and the row's time."""
    rows = [list(row) for row in ROWS]
    at = 3 + FIGURES.index(name)
    rows[1][at] = str(Decimal(rows[1][at]) + Decimal("0.01"))
    assert any(one.startswith(f"{name}: 1 of 4 rows differ, first row 1 (ts 2") for one in found(rows).differences)


def test_a_fill_of_another_order_is_not_posted():
    """That the orders differ is all that is said of rows; their figures could not be compared."""
    check = found(fills=FILLS.with_columns(order_id=pl.Series(["a", "x", "c"])))
    assert len(check.differences) == 1
    assert check.differences[0].startswith("order_id: 1 of 3 rows differ")


@pytest.mark.parametrize("name", PARTS)
def test_a_part_may_be_off_by_less_than_half_a_cent(name):
    """As published rounded to cents; 0.005 is named."""
    assert found(**{name: str(Decimal(PARTS[name]) + Decimal("0.004"))}).differences == ()
    (said,) = found(**{name: str(Decimal(PARTS[name]) + Decimal("0.005"))}).differences
    assert said.startswith(f"{name}: published ")


def test_the_balance_and_the_round_trips_are_held_to_the_ledger():
    """1,000 and 26.1 are not 1,026.2, and two trips of 20 and 6 lack a tenth."""
    (balance,) = found(final="1026.2").differences
    assert balance.startswith("final balance: published 1026.2, recomputed 1026.1")
    (trips,) = found(trips=pl.DataFrame({"net": [Decimal(20), Decimal(6)]})).differences
    assert trips.startswith("net of all round trips: published 26, recomputed 26.1")


def test_what_is_still_open_is_in_no_round_trip():
    """Without the last fill a short is open: the trips need not add up to the net."""
    open_parts = {"price": "22", "slippage": "-2", "fees": "-0.3", "net": "20.2"}
    assert found(ROWS[:3], FILLS.head(2), TRIPS.head(1), "1020.2", **open_parts).differences == ()
