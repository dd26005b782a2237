"""The books, worked by hand."""

from decimal import Decimal

import polars as pl
import pytest

from phoenix_core.backtest.equity import equity_curve
from phoenix_core.backtest.ledger import ledger
from phoenix_core.backtest.settlement import Charge, Settled
from phoenix_core.errors import LedgerUnbalanced
from phoenix_core.execution.decisions import Decision, Fill, OrderReason
from phoenix_core.strategies.phoenix.declaration import CONTRACT

START = Decimal(100_000)
SIGNAL = (("bucket", 3), ("first_trade", 10), ("last_trade", 12), ("lpi", 0.9))
PUBLISHED = CONTRACT.annotations


def fill(ts, side, quantity, price, *, mid, fee="1"):
    decision = Decision(OrderReason.ENTRY if side == "BUY" else OrderReason.EXIT, ts, Decimal(mid), annotations=SIGNAL)
    numbers = (Decimal(quantity), Decimal(price), Decimal(fee))
    return Fill(ts, side, *numbers, "MAKER", f"O-{ts}", f"T-{ts}", decision)


TRIP = [
    fill(1, "BUY", "1", "100", mid="100.5"),
    fill(2, "BUY", "1", "102", mid="101"),
    fill(4, "SELL", "2", "105", mid="106"),
]
FUNDING = Settled(3, Charge.FUNDING, Decimal(2), Decimal(103), Decimal("0.01"), Decimal("-2.06"))


def test_parts_by_hand():
    """Bought at 101 on average, sold at 105: 8 realized, of which -2.5 slippage against the mids; fees 3."""
    books = ledger(TRIP, [FUNDING], START, START + 8 - 3 - Decimal("2.06"))
    # slippage: (100.5 - 100) + (101 - 102) + 2 × (105 - 106) = -2.5; price at mids 10.5
    assert (books.parts.price, books.parts.slippage) == (Decimal("10.5"), Decimal("-2.5"))
    assert (books.parts.fees, books.parts.funding) == (Decimal(-3), Decimal("-2.06"))
    assert books.parts.net == Decimal("2.94")


def test_rows_carry_position_and_cash():
    """After each change."""
    rows = ledger(TRIP, [FUNDING], START, START + Decimal("2.94")).rows
    assert rows["kind"].to_list() == ["fill", "fill", "funding", "fill"]
    assert rows["position"].to_list() == [1, 2, 2, 0]
    assert rows["entry_price"].to_list() == [100, 101, 101, 0]
    assert rows["cash"].to_list()[-1] == START + Decimal("2.94")
    assert rows["amount"].sum() == Decimal("2.94")


def test_a_round_trip_remembers_its_signal():
    """From flat to flat, with bucket and aggregate trades of its entry."""
    trip = ledger(TRIP, [FUNDING], START, START + Decimal("2.94"), PUBLISHED).round_trips.row(0, named=True)
    assert (trip["quantity"], trip["entry_price"], trip["exit_price"]) == (2, 101, 105)
    assert (trip["net"], trip["closed_by"]) == (Decimal("2.94"), "exit")
    assert (trip["entry_bucket"], trip["entry_first_trade"], trip["entry_last_trade"]) == (3, 10, 12)


@pytest.mark.parametrize("off", ["0.01", "-0.01", "100"])
def test_a_cent_that_is_missing_fails_the_run(off):
    """No result is better than one that does not add up."""
    with pytest.raises(LedgerUnbalanced):
        ledger(TRIP, [FUNDING], START, START + Decimal("2.94") + Decimal(off))


def test_no_fills_no_change():
    """Empty books balance, with their columns."""
    books = ledger([], [], START, START)
    assert books.parts.net == 0
    assert (books.rows.height, books.round_trips.height) == (0, 0)


def test_equity_marks_the_position():
    """Cash plus the position's gain at each minute's price."""
    rows = ledger(TRIP, [FUNDING], START, START + Decimal("2.94")).rows
    prices = pl.DataFrame({"minute_ns": [0, 2, 3, 5], "price": [Decimal(99), Decimal(103), Decimal(104), Decimal(1)]})
    curve = equity_curve(prices, rows, START)
    # at 2: cash -2 fees, 2 × (103 - 101); at 3: funding gone, 2 × (104 - 101)
    assert curve["equity"].to_list() == [100_000, 100_002, 100_000 - 2 - 2.06 + 6, 100_002.94]
    assert curve["position"].to_list() == [0, 2, 2, 0]
