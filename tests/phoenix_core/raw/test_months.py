"""Months cut into days, line by line."""

import gzip
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from phoenix_core.datasets import TRADES
from phoenix_core.errors import ArchiveCorrupt, RowsInvalid, SchemaDrift
from phoenix_core.market import Market
from phoenix_core.raw.months import cut_month

HEADER = "id,price,qty,quote_qty,time,is_buyer_maker\n"
MONTH = (date(2024, 3, 1), date(2024, 3, 31))
DAYS = [MONTH[0] + timedelta(n) for n in range(31)]
FIRST_MS = 1_709_251_200_000  # 2024-03-01T00:00:00Z
DAY_MS = 86_400_000


def row(number, ms, end="\n"):
    return f"{number},61203.3,0.531,32498.9523,{ms},true{end}"


@pytest.fixture
def cut(tmp_path):
    """Cut a text and give the published lines by day."""

    def run(text, *, name="BTCUSDT-trades-2024-03.csv", market=Market.UM, wanted=DAYS):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        folder = tmp_path / "days"
        folder.mkdir(exist_ok=True)

        @contextmanager
        def place(day):
            staged = folder / f"{day}.part"
            yield staged
            staged.rename(folder / f"{day}.csv.gz")

        found = cut_month(path, TRADES, market, MONTH, wanted, place)
        assert found == {date.fromisoformat(path.name[:10]) for path in folder.glob("*.csv.gz")}
        return {day: gzip.decompress((folder / f"{day}.csv.gz").read_bytes()).decode() for day in sorted(found)}

    return run


def test_each_day_gets_its_lines_under_the_header(cut):
    """In the month's order, as they stand."""
    rows = [row(number, FIRST_MS + number * DAY_MS // 4) for number in range(10)]
    days = cut(HEADER + "".join(rows))
    assert list(days) == DAYS[:3]
    assert days[DAYS[0]] == HEADER + "".join(rows[:4])
    assert days[DAYS[2]] == HEADER + "".join(rows[8:])


def test_lines_that_come_out_of_order_find_their_day(cut):
    """As two streams that alternate at midnight: nothing is lost and nothing moved within a day."""
    times = [FIRST_MS + DAY_MS - 1, FIRST_MS + DAY_MS, FIRST_MS + DAY_MS - 2, FIRST_MS + DAY_MS + 5]
    days = cut(HEADER + "".join(row(number, ms) for number, ms in enumerate(times)))
    assert days[DAYS[0]] == HEADER + row(0, times[0]) + row(2, times[2])
    assert days[DAYS[1]] == HEADER + row(1, times[1]) + row(3, times[3])


def test_without_header_with_windows_line_ends_and_in_microseconds(cut):
    """The text of a line is copied as it stands."""
    lines = [row(number, (FIRST_MS + number * DAY_MS) * 1_000, ",True\r\n") for number in range(2)]
    days = cut("".join(lines), market=Market.SPOT)
    assert days == {DAYS[0]: lines[0], DAYS[1]: lines[1]}


def test_columns_are_found_by_the_header(cut):
    """In another order."""
    line = f"true,{FIRST_MS},1,61203.3,0.531,32498.9523\n"
    header = "is_buyer_maker,time,id,price,qty,quote_qty\n"
    assert cut(header + line) == {DAYS[0]: header + line}


def test_lines_of_other_months_go_to_the_nearest_day(cut):
    """Where they are counted as what they are when the day is read."""
    early, late = row(1, FIRST_MS - 1), row(2, FIRST_MS + 31 * DAY_MS)
    assert cut(HEADER + early + late) == {DAYS[0]: HEADER + early, DAYS[30]: HEADER + late}


def test_only_wanted_days_are_cut(cut):
    """A day that has a file of its own is passed over."""
    lines = [row(number, FIRST_MS + number * DAY_MS) for number in range(3)]
    assert list(cut(HEADER + "".join(lines), wanted=DAYS[1:2])) == [DAYS[1]]


def test_the_same_lines_give_the_same_bytes(cut, tmp_path):
    """From a plain file and from a gzip."""
    text = HEADER + "".join(row(number, FIRST_MS + number) for number in range(1_000))
    cut(text)
    plain = (tmp_path / "days" / f"{DAYS[0]}.csv.gz").read_bytes()
    cut(gzip.compress(text.encode()), name="BTCUSDT-trades-2024-03.csv.gz")
    assert (tmp_path / "days" / f"{DAYS[0]}.csv.gz").read_bytes() == plain


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        (HEADER + row(1, FIRST_MS) + row(2, "soon"), RowsInvalid, "has a time that is no time"),
        (HEADER + row(1, FIRST_MS) + row(2, ""), RowsInvalid, "has rows without a time"),
        (HEADER + row(1, 1), RowsInvalid, "has the time 1: expected milliseconds or microseconds"),
        (HEADER + row(1, FIRST_MS) + row(2, FIRST_MS)[:-4], ArchiveCorrupt, "ends in the middle of a line"),
        ("id,price\n1,2\n", SchemaDrift, "has no column time: found id,price"),
        (HEADER + row(1, FIRST_MS) + "\n" + row(2, FIRST_MS + DAY_MS), RowsInvalid, "blank lines|without a time"),
    ],
)
def test_what_cannot_be_cut_publishes_no_day(cut, tmp_path, text, error, match):
    """It says what and where."""
    with pytest.raises(error, match=match):
        cut(text)
    assert list((tmp_path / "days").glob("*.csv.gz")) == []
