import zipfile
from decimal import Decimal

import pytest

from phoenix_core.verification.files import OutOfOrderError, depth, funding, nanoseconds, quotes, trades

SECOND = 10**9
DAY_NS = 1_711_238_400 * SECOND  # 2024-03-24


def zipped(folder, name, *lines):
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.csv", "".join(f"{line}\n" for line in lines))
    return path


TRADES = ("1,50000.10,0.5,1,2,1711238400001,true", "2,50000.20,0.25,3,3,1711238400002,false")


@pytest.mark.parametrize(
    "header", [(), ("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",)]
)
def test_trades_are_read_with_a_header_and_without(tmp_path, header):
    """A buyer who is the maker was hit by a seller."""
    found = list(trades([zipped(tmp_path, "trades", *header, *TRADES)]))
    assert found == [
        (DAY_NS + 1_000_000, "50000.10", "0.5", "SELLER"),
        (DAY_NS + 2_000_000, "50000.20", "0.25", "BUYER"),
    ]


def test_columns_are_found_by_name(tmp_path):
    """Whatever their order."""
    path = zipped(
        tmp_path, "quotes",
        "update_id,event_time,transaction_time,best_ask_qty,best_ask_price,best_bid_qty,best_bid_price",
        "7,1711238400005,1711238400004,3,50000.3,2,50000.2",
    )  # fmt: skip
    assert list(quotes([path])) == [(DAY_NS + 4_000_000, "50000.2", "2", "50000.3", "3")]


def test_rows_out_of_order_are_no_market(tmp_path):
    """The file is named; the next day's file begins anew."""
    path = zipped(tmp_path, "trades", *reversed(TRADES))
    with pytest.raises(OutOfOrderError, match=r"trades\.zip"):
        list(trades([path]))


def test_times_are_nanoseconds_whatever_their_unit():
    """Milliseconds, and microseconds of spot since 2025."""
    assert nanoseconds("1711238400001") == nanoseconds("1711238400001000") == DAY_NS + 1_000_000


def test_depth_is_known_a_second_after_its_label(tmp_path):
    """Bands of one label are one snapshot."""
    lines = ("timestamp,percentage,depth,notional", "2024-03-24 00:00:05,-1,10,1", "2024-03-24 00:00:05,1,12.5,1")
    found = depth([zipped(tmp_path, "depth", *lines)])
    assert found == [(DAY_NS + 6 * SECOND, {Decimal(-1): Decimal(10), Decimal(1): Decimal("12.5")})]


def test_funding_takes_the_mark_that_was_known(tmp_path):
    """At midnight the open of the first minute, later the close of the last that ended; other days are left out."""
    marks = zipped(
        tmp_path, "marks", "open_time,open,high,low,close,volume,close_time",
        "1711238400000,100,0,0,101,0,1711238459999", "1711238460000,101,0,0,102,0,1711238519999",
    )  # fmt: skip
    rates = zipped(
        tmp_path, "rates", "calc_time,funding_interval_hours,last_funding_rate",
        "1711238400003,8,0.0001", "1711238520000,8,0.0002", "1711324800000,8,0.5",
    )  # fmt: skip
    assert funding(rates, marks, DAY_NS) == [
        (DAY_NS + 3_000_000, Decimal("0.0001"), Decimal(100)),
        (DAY_NS + 120 * SECOND, Decimal("0.0002"), Decimal(102)),
    ]
