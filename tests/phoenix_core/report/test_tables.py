import polars as pl
from fakes.results import START_NS, made_up_result

from phoenix_core.report.tables import capacity_table, missing_days, monthly_returns, round_trips

DAY_NS = 86_400 * 10**9


def test_months_and_years_by_hand():
    """100 to 110 in March, to 99 in April; 50 to 60 to 45 held. The year is both months."""
    equity = pl.DataFrame({"ts": [START_NS, START_NS + 7 * DAY_NS, START_NS + 10 * DAY_NS], "equity": [100.0, 110, 99]})
    found = monthly_returns(equity, pl.Series([100.0, 120.0, 90.0]), 100.0)
    ours, held = found.rows
    assert (ours[0], ours[3], ours[4], ours[-1]) == ("2024", "+10.00%", "-10.00%", "-1.00%")
    assert (held[0], held[3], held[4], held[-1]) == ("2024, buy and hold", "+20.00%", "-25.00%", "-10.00%")
    assert ours[1] == ours[12] == ""


def test_a_new_year_starts_where_the_old_one_ended():
    """From the last worth of December."""
    equity = pl.DataFrame({"ts": [START_NS, START_NS + 300 * DAY_NS], "equity": [200.0, 100.0]})
    rows = monthly_returns(equity, equity["equity"], 100.0).rows
    assert [row[-1] for row in rows] == ["+100.00%", "+100.00%", "-50.00%", "-50.00%"]


def test_missing_days_in_a_row_stand_together():
    """As long as their reason is one."""
    missing = {"2024-03-02": "late", "2024-02-28": "late", "2024-02-29": "late", "2024-03-01": "gone"}
    assert missing_days(missing).rows == [
        ("2024-02-28 to 2024-02-29", "2", "late"), ("2024-03-01", "1", "gone"), ("2024-03-02", "1", "late"),
    ]  # fmt: skip


def test_a_round_trip_by_hand():
    """Half a BTC at 50,000 that lost 25 USDT lost 10 basis points of its notional."""
    table = round_trips(made_up_result(nets=[-25]))
    row = {f"{column.name}, {column.unit}": cell for column, cell in zip(table.columns, table.rows[0], strict=True)}
    assert row["opened, UTC"] == "2024-03-24 00:00:00"
    assert (row["held, min"], row["quantity, BTC"], row["entry, USDT"]) == ("1.0", "0.5", "50,000")
    assert (row["price PnL, USDT"], row["fees, USDT"], row["net, USDT"]) == ("-16.00", "-10.00", "-25.00")
    assert row["net, bp of notional"] == "-10.0"
    assert row["its trades, "] == "0 to 99"


def test_capacity_by_hand():
    """58.41 on 10,000 is 0.584 %; where no entry was sent no share is made up; ruin is said."""
    table = capacity_table(made_up_result(curve=((4, "58.41", 0.5, False), (9, "-505012.5", None, True))))
    assert table.rows == [
        ("10,000", "+58.41", "+0.584%", "50.0%", "1.00%", "40.00%", "5"),
        ("1,000,000,000", "-505,012.50, insolvent", "-0.051%", "none", "1.00%", "40.00%", "5"),
    ]
    assert table.columns[0].unit == "USDT"
    assert capacity_table(made_up_result()).rows == []
