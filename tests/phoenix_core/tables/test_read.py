"""What the archive really does to a reader."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from fakes.zips import AGG_HEADER, DAY, SPOT, START_MS, UM, agg_rows, put, put_day
from hypothesis import given, settings
from hypothesis import strategies as st

from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, BOOK_TICKER, FUNDING_RATE, KLINES, METRICS
from phoenix_core.errors import RowsInvalid, SchemaDrift
from phoenix_core.market import day_start_ns
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.tables.read import DayTable

START = day_start_ns(DAY)
ROWS = agg_rows(
    (1, "69903.5", "0.014", 14, "true"), (2, "69902.0", "0.022", 14, "false"), (3, "69901.4", "0.25", 15, "true")
)


def table(tmp_path, text, dataset=AGG_TRADES, *, listing=UM, day=DAY, block_bytes=1 << 20):
    path = put_day(tmp_path, dataset, text, listing=listing, day=day)
    key = key_of_day(dataset, listing, day)
    return DayTable(path, key, dataset, (day, day), tmp_path / "scratch", block_bytes=block_bytes)


def test_a_header_is_sniffed(tmp_path):
    """With and without, the rows are the same."""
    with_header, without = table(tmp_path / "a", AGG_HEADER + ROWS), table(tmp_path / "b", ROWS)
    assert with_header.frame().equals(without.frame())
    assert (with_header.facts["header"], without.facts["header"]) == (True, False)


def test_values_are_exact(tmp_path):
    """Prices and quantities are decimals, times nanoseconds, flags booleans."""
    row = table(tmp_path, ROWS).frame().row(1, named=True)
    assert (row["price"], row["quantity"]) == (Decimal("69902.0"), Decimal("0.022"))
    assert (row["transact_time"], row["is_buyer_maker"]) == (START + 14_000_000, False)


def test_ticks_of_one_millisecond_keep_their_order(tmp_path):
    """The published order is the order."""
    rows = agg_rows(*((n, f"{70000 - n}.0", "1", 5, "true") for n in range(200)))
    assert table(tmp_path, rows).frame()["agg_trade_id"].to_list() == list(range(200))


@pytest.mark.parametrize(("first", "unit"), [("1711756800000", "ms"), ("1711756800000000", "us")])
def test_the_unit_is_told_by_magnitude(tmp_path, first, unit):
    """Thirteen digits are milliseconds, sixteen microseconds."""
    found = table(tmp_path, f"7,69850.53,0.001,9,9,{first},True,True\n", listing=SPOT)
    assert found.frame()["transact_time"].to_list() == [START]
    assert found.facts["unit"] == unit


@pytest.mark.parametrize("time", ["1711756800", "1711756800000000000", "5"])
def test_another_unit_is_refused(tmp_path, time):
    """Seconds and nanoseconds are never published."""
    with pytest.raises(RowsInvalid, match="13 or 16 digits"):
        table(tmp_path, f"7,1.0,1,9,9,{time},true\n").frame()


def test_mixed_units_are_refused(tmp_path):
    """Rows in another unit lie outside the day; if they are most, the file is another day's."""
    rows = "".join(f"{n},1.0,1,9,9,{START_MS * 1000},true\n" for n in range(2, 5))
    with pytest.raises(RowsInvalid, match="another day's file"):
        table(tmp_path, f"1,1.0,1,9,9,{START_MS},true\n" + rows).frame()


@pytest.mark.parametrize("flag", ["true", "True", "TRUE"])
def test_flags_come_in_any_case(tmp_path, flag):
    """Futures write true, spot True."""
    assert table(tmp_path, f"7,1.0,1,9,9,{START_MS},{flag}\n").frame()["is_buyer_maker"].to_list() == [True]


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path):
    """CRLF, a BOM, a trailing blank line, and no newline at the end."""
    plain = table(tmp_path / "a", AGG_HEADER + ROWS).frame()
    for n, text in enumerate(
        [
            "\ufeff" + AGG_HEADER + ROWS,
            (AGG_HEADER + ROWS).replace("\n", "\r\n"),
            AGG_HEADER + ROWS + "\n",
            ROWS.rstrip(),
        ]
    ):
        assert table(tmp_path / str(n), text.encode()).frame().equals(plain)


def test_a_reordered_header_is_followed(tmp_path):
    """Columns are taken by name where the file names them."""
    text = "price,agg_trade_id,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    frame = table(tmp_path, text + f"1.5,7,2,9,9,{START_MS},true\n").frame()
    assert frame.row(0, named=True)["price"] == Decimal("1.5")
    assert frame.columns[0] == "agg_trade_id"


@pytest.mark.parametrize(
    "text",
    [
        AGG_HEADER.replace("price", "px") + ROWS,
        AGG_HEADER.replace(",is_buyer_maker", "") + ROWS,
        ROWS.replace("true\n", "true,1\n"),
        "7,1.0,1\n",
    ],
)
def test_other_columns_are_drift(tmp_path, text):
    """Renamed, missing and additional columns name expected and found."""
    with pytest.raises(SchemaDrift, match="expected agg_trade_id,price"):
        table(tmp_path, text).frame()


@pytest.mark.parametrize("cell", ["nan", "inf", "1_000", "0x10", "1,5", "sixty", "99999999999999999999999.5"])
def test_text_in_a_number_names_line_and_column(tmp_path, cell):
    """The error points at the cell."""
    bad = agg_rows((4, f'"{cell}"', "1", 16, "true"))
    with pytest.raises(RowsInvalid, match="line 5, column price"):
        table(tmp_path, AGG_HEADER + ROWS + bad).frame()


def test_a_mangled_time_is_refused(tmp_path):
    """A spreadsheet's 1.70027E+12 has lost its digits."""
    with pytest.raises(RowsInvalid, match=r"column transact_time.*1\.70027E\+12"):
        table(tmp_path, ROWS + "4,1.0,1,9,9,1.70027E+12,true\n").frame()


@pytest.mark.parametrize("flag", ["maybe", "1", " true"])
def test_text_in_a_flag_names_line_and_column(tmp_path, flag):
    """True and false in any case are flags; nothing else is guessed."""
    with pytest.raises(RowsInvalid, match=rf"column is_buyer_maker: expected flag, found '{flag}'"):
        table(tmp_path, ROWS + agg_rows((4, "1.0", "1", 16, flag))).frame()


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (agg_rows((4, "1.0", "", 16, "true")), "dropped_blank_quantity"),
        (agg_rows((4, "1.0", "1", 16, "")), "dropped_blank_is_buyer_maker"),
        (agg_rows((4, "1.0", "0.0", 16, "true")), "dropped_not_positive_quantity"),
        (agg_rows((4, "0", "1", 16, "true")), "dropped_not_positive_price"),
        (agg_rows((4, "-1.0", "1", 16, "true")), "dropped_not_positive_price"),
        (agg_rows((4, "", "1", 16, "true")), "dropped_blank_price"),
        (agg_rows((4, "1.0", "1", 86_400_000, "true")), "dropped_outside_period"),
        (agg_rows((4, "1.0", "1", -1, "true")), "dropped_outside_period"),
    ],
)
def test_a_row_that_does_not_count_is_counted(tmp_path, row, rule):
    """By a named rule; read = kept + dropped."""
    found = table(tmp_path, ROWS + row)
    assert found.frame().height == 3
    assert found.counts == {"read": 4, "kept": 3, rule: 1}
    assert found.counts.balanced()


def test_exact_duplicates_are_dropped(tmp_path):
    """As in a monthly file of 2022, which repeats a stretch."""
    found = table(tmp_path, ROWS + ROWS)
    assert found.frame().height == 3
    assert found.counts["dropped_exact_duplicate"] == 3


def test_one_id_with_two_values_is_refused(tmp_path):
    """Which is true can't be told."""
    with pytest.raises(RowsInvalid, match="an id that another row has"):
        table(tmp_path, ROWS + agg_rows((2, "5.0", "1", 14, "true"))).frame()


def test_the_last_of_two_samples_of_one_time_wins(tmp_path):
    """Statistics published twice: the later row supersedes."""
    text = "".join(f"2024-03-30 00:05:00,BTCUSDT,{value},5,1,1,1,1\n" for value in ("80.5", "80.5", "81.5"))
    found = table(tmp_path, text, METRICS)
    assert found.frame()["sum_open_interest"].to_list() == [Decimal("81.5")]
    assert found.counts == {"read": 3, "kept": 1, "dropped_exact_duplicate": 1, "dropped_superseded": 1}


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(60)), st.sampled_from([300, 1500, 1 << 20]))
def test_any_order_comes_out_in_order(tmp_path_factory, order, block_bytes):
    """Interleaved streams are put in order by id, however the file is cut into blocks."""
    folder = tmp_path_factory.mktemp("order")
    rows = agg_rows(*((n, f"{60_000 + n}.5", "0.1", n, "true") for n in order))
    found = table(folder, rows, block_bytes=block_bytes)
    frame = found.frame()
    assert frame["agg_trade_id"].to_list() == sorted(order)
    assert frame["price"].to_list() == [Decimal(f"{60_000 + n}.5") for n in sorted(order)]
    late = sum(value < max(order[:n], default=-1) for n, value in enumerate(order))
    assert found.counts["repaired_out_of_order"] == late
    assert found.counts.balanced()


def test_duplicates_are_found_across_blocks(tmp_path):
    """The same row at the beginning and at the end of a large file."""
    rows = agg_rows(*((n, "1.5", "0.1", n, "true") for n in range(400)))
    found = table(tmp_path, rows + agg_rows((0, "1.5", "0.1", 0, "true")), block_bytes=1000)
    assert found.frame().height == 400
    assert found.counts["dropped_exact_duplicate"] == 1


def test_scratch_is_left_empty(tmp_path):
    """What was spooled to be put in order is gone afterwards."""
    rows = agg_rows(*((n, "1.5", "0.1", n, "true") for n in reversed(range(400))))
    table(tmp_path, rows, block_bytes=1000).frame()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_zero_open_interest_is_missing(tmp_path):
    """0E-8 stands where the publisher has no value."""
    text = "2024-03-30 00:05:00,BTCUSDT,0E-8,0E-16,1.5,0E-8,,1\n2024-03-30 00:10:00,BTCUSDT,80.5,1,1,1,1,1\n"
    found = table(tmp_path, text, METRICS)
    assert found.frame()["sum_open_interest"].to_list() == [None, Decimal("80.5")]
    assert found.counts["repaired_zero_is_missing_sum_open_interest"] == 1
    assert found.counts["kept"] == 2


def metrics(*labels):
    return "".join(f"{label},BTCUSDT,80.5,1,1,1,1,1\n" for label in labels)


def test_end_labels_reach_to_the_next_midnight(tmp_path):
    """Labels of the end run from 00:05 to 00:00; the day's own midnight is yesterday's last period."""
    found = table(tmp_path, metrics("2024-03-30 00:00:00", "2024-03-30 00:05:00", "2024-03-31 00:00:00"), METRICS)
    assert found.frame()["create_time"].to_list() == [START + 300 * 10**9, START + 86_400 * 10**9]
    assert found.counts["dropped_outside_period"] == 1
    assert found.known_after_ns() == 0


def test_start_labels_are_known_five_minutes_later(tmp_path):
    """From 2026-06-25 on, and in single files before that."""
    day = date(2026, 9, 30)
    new = table(tmp_path / "new", metrics("2026-09-30 00:00:00", "2026-09-30 23:55:00"), METRICS, day=day)
    assert new.frame().height == 2
    assert new.known_after_ns() == 300 * 10**9
    early = table(tmp_path / "early", metrics("2024-03-30 00:00:00", "2024-03-30 23:55:00"), METRICS)
    assert early.frame().height == 2
    assert (early.facts["label"], early.known_after_ns()) == ("start", 300 * 10**9)


def test_labels_may_drift_by_seconds(tmp_path):
    """A label of 00:00:03 is of the same period as one of 00:00:00."""
    found = table(tmp_path, metrics("2024-03-30 00:05:02", "2024-03-31 00:00:03"), METRICS)
    assert found.frame().height == 2


@pytest.mark.parametrize("bands", [("-5", "-1", "1", "5"), ("-5.00", "-0.20", "0.20", "5.00")])
def test_any_set_of_bands_is_read(tmp_path, bands):
    """Ten bands written as integers, or twelve with two decimals."""
    text = "".join(f"2024-03-30 00:00:09,{band},10.5,700000.25\n" for band in bands)
    found = table(tmp_path, "timestamp,percentage,depth,notional\n" + text, BOOK_DEPTH)
    assert found.frame()["percentage"].to_list() == [Decimal(band) for band in bands]
    assert found.known_after_ns() == 10**9


def test_scientific_notation_is_exact(tmp_path):
    """Funding of -1.8E-7 is that number to the last digit."""
    text = f"calc_time,funding_interval_hours,last_funding_rate\n{START_MS + 3},8,-1.8E-7\n"
    assert table(tmp_path, text, FUNDING_RATE).frame()["last_funding_rate"].to_list() == [Decimal("-0.00000018")]


def test_a_headerless_funding_file_is_read_in_its_own_order(tmp_path):
    """calc_time, interval, rate. The seed named the columns of such a file symbol, rate and interval."""
    row = table(tmp_path, f"{START_MS + 3},8,0.0001\n", FUNDING_RATE).frame().row(0, named=True)
    assert (row["funding_interval_hours"], row["last_funding_rate"]) == (8, Decimal("0.0001"))


def test_a_month_is_cut_to_its_day(tmp_path):
    """Rows of other days are another partition's, not dropped."""
    hours = [START_MS + hour * 3_600_000 + 8 for hour in (-8, 0, 8, 16, 24)]
    text = "".join(f"{hour},8,0.0001\n" for hour in hours)
    found = table(tmp_path, text, FUNDING_RATE)
    assert found.frame().height == 3
    assert found.counts == {"read": 5, "kept": 3, "other_days": 2}


def test_a_header_alone_is_no_rows(tmp_path):
    """Files of 317 bytes exist."""
    found = table(
        tmp_path,
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n",
        BOOK_TICKER,
    )
    assert found.frame().is_empty()
    assert found.counts["read"] == 0


def test_ignore_may_hold_anything(tmp_path):
    """The column is not zero in klines of 2017, and may be blank."""
    row = f"{START_MS},1.5,1.5,1.5,1.5,2,{START_MS + 59_999},3,1,1,1,"
    found = table(tmp_path, row + "\n" + row.replace(str(START_MS), str(START_MS + 60_000), 1) + "7.5\n", KLINES)
    assert found.frame().height == 2


def test_more_decimals_than_a_cell_holds_are_refused(tmp_path):
    """A seventeenth decimal would be rounded away."""
    text = f"{START_MS},8,0.00000000000000001\n"
    with pytest.raises(RowsInvalid, match="column last_funding_rate"):
        table(tmp_path, text, FUNDING_RATE).frame()


def test_another_days_file_is_refused(tmp_path):
    """Rows of 31 March under the name of 30 March."""
    rows = agg_rows(*((n, "1.5", "1", 86_400_000 + n, "true") for n in range(5)))
    with pytest.raises(RowsInvalid, match="another day's file"):
        table(tmp_path, rows).frame()


def test_a_nul_is_refused(tmp_path):
    """Never a crash of another kind."""
    with pytest.raises(RowsInvalid):
        table(tmp_path, ROWS + "4\0,1.0,1,9,9,1711756800016,true\n").frame()


def test_invalid_utf8_is_refused(tmp_path):
    """In a text column too."""
    key = key_of_day(METRICS, UM, DAY)
    path = put(tmp_path, key, b"2024-03-30 00:05:00,BTC\xff\xfe,80.5,1,1,1,1,1\n")
    with pytest.raises(RowsInvalid):
        DayTable(path, key, METRICS, (DAY, DAY), tmp_path).frame()


def test_frames_have_the_registrys_types(tmp_path):
    """Also where a day has no rows."""
    full = table(tmp_path / "a", ROWS).frame()
    empty = table(tmp_path / "b", AGG_HEADER).frame()
    assert full.schema == empty.schema
    assert full.schema["price"] == pl.Decimal(38, 16)


def test_every_line_is_a_row_or_counted_otherwise(tmp_path):
    """Header, blank lines and rows that are dropped included, in order or not; the last line lacks its end."""
    late = AGG_HEADER + agg_rows((2, "1.0", "1", 14, "true"), (1, "1.0", "1", 14, "true")) + "\n\n7,1.0,,9,9,5,true"
    found = table(tmp_path, late, block_bytes=40)
    found.frame()
    assert (found.facts["lines"], found.counts["read"]) == (6, 3)
    assert found.facts["csv_bytes"] == len(late) + 1


def test_a_line_that_is_lost_is_noticed(tmp_path, monkeypatch):
    """Lines are counted apart from what is parsed: a parser that leaves one out is found out."""
    parse = DayTable._parse
    monkeypatch.setattr(DayTable, "_parse", lambda self, *block: parse(self, *block)[1:])
    with pytest.raises(RowsInvalid, match="has 3 lines, and 2 were read"):
        table(tmp_path, ROWS).frame()


def test_a_line_end_within_a_cell_is_refused(tmp_path):
    """It would make one row of two lines."""
    header = "calc_time,funding_interval_hours,last_funding_rate\n"
    text = f'{header}1711756800000,8,"0.0001\n"\n'
    with pytest.raises(RowsInvalid):
        table(tmp_path, text, FUNDING_RATE).frame()
