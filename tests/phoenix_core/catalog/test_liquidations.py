"""Liquidation orders: rows that nothing numbers, with words among their cells."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from fakes.zips import DAY, START_MS, UM, put, put_day

from phoenix_core.catalog.quality import inspect_day
from phoenix_core.catalog.schemas import Liquidation
from phoenix_core.catalog.store import convert_day, nautilus_catalog
from phoenix_core.datasets import LIQUIDATION_SNAPSHOT, availability_of
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.tables.difference import difference
from phoenix_core.tables.read import DayTable

HEADER = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
    "accumulated_fill_quantity\n"
)
LONG = f"{START_MS + 5},SELL,LIMIT,IOC,0.014,69000.10,69100.123456789,FILLED,0.004,0.014\n"
SHORT = f"{START_MS + 5},BUY,LIMIT,IOC,0.014,71000.10,70100,FILLED,0.004,0.014\n"
LARGER = f"{START_MS + 5},SELL,LIMIT,IOC,0.5,69000.10,69100.123456789,FILLED,0.004,0.014\n"
LAST = f"{START_MS + 86_399_999},SELL,LIMIT,IOC,2,68000,0,NEW,0,0\n"
ROWS = (LONG, SHORT, LARGER, LAST)


@pytest.fixture
def bring(lake, tmp_path):
    """Publish and convert a day; give its entry."""

    def bring(text, listing=UM):
        put_day(tmp_path / "archive", LIQUIDATION_SNAPSHOT, text, listing=listing)
        Ingest(lake, (BinanceArchive(Archive(str(tmp_path / "archive"))),), date(2026, 11, 1)).day(
            LIQUIDATION_SNAPSHOT, listing, DAY
        )
        return convert_day(lake, LIQUIDATION_SNAPSHOT, listing, DAY)

    return bring


@pytest.mark.parametrize(
    "text",
    [HEADER + "".join(row + row for row in ROWS), HEADER + "".join(ROWS) * 2, "".join(ROWS) * 2],
    ids=["each row doubled", "the file doubled", "without a header"],
)
def test_a_row_that_stands_twice_is_kept_once_and_counted(lake, bring, text):
    """Rows of one millisecond stay in published order, also those that differ in one cell alone."""
    entry = bring(text)
    assert entry.counts == {"read": 8, "kept": 4, "dropped_exact_duplicate": 4}
    orders = [item.data for item in nautilus_catalog(lake).query(Liquidation)]
    assert [(one.side, one.original_quantity) for one in orders] == [
        ("SELL", Decimal("0.014")), ("BUY", Decimal("0.014")), ("SELL", Decimal("0.5")), ("SELL", Decimal(2)),
    ]  # fmt: skip
    assert orders[0].average_price == Decimal("69100.123456789")
    assert {(one.order_type, one.time_in_force) for one in orders} == {("LIMIT", "IOC")}
    assert [one.order_status for one in orders] == ["FILLED"] * 3 + ["NEW"]


def test_an_order_is_known_when_its_second_is_over(lake, bring):
    """The stream sends the latest order of each second."""
    bring(HEADER + LONG)
    order = nautilus_catalog(lake).query(Liquidation)[0].data
    assert (order.ts_event, order.ts_init) == ((START_MS + 5) * 10**6, (START_MS + 1_005) * 10**6)


def test_polars_alone_reads_exact_numbers_and_words(lake, bring):
    """No column is of NautilusTrader's own form."""
    frame = pl.read_parquet(lake.path(bring(HEADER + "".join(ROWS), Listing.parse("cm:BTCUSD_PERP")).file))
    types = dict(frame.schema)
    assert {types[name] for name in ("side", "order_type", "time_in_force", "order_status")} == {pl.String()}
    assert types["average_price"] == pl.Decimal(38, 16)
    assert frame["accumulated_fill_quantity"].to_list() == [Decimal("0.014")] * 3 + [Decimal(0)]


def test_orders_of_one_millisecond_break_no_rule(lake, bring):
    """Their identity is the whole row; hours without a liquidation are no gap."""
    findings = inspect_day(lake, LIQUIDATION_SNAPSHOT, bring(HEADER + "".join(ROWS)))
    assert {finding.rule: finding.passed for finding in findings} == dict.fromkeys(
        ("ordered", "unique", "within_day"), True
    )


def test_a_row_without_a_side_is_dropped_by_name(bring):
    """A blank word is a broken row, as a blank number is."""
    assert bring(HEADER + LONG + SHORT.replace("BUY", "")).counts["dropped_blank_side"] == 1


def test_two_files_are_compared_by_whole_rows(tmp_path):
    """A cell that differs makes another row, on either side."""
    key = key_of_day(LIQUIDATION_SNAPSHOT, UM, DAY)
    files = [put(tmp_path / name, key, HEADER + text) for name, text in (("a", LONG + SHORT), ("b", SHORT + LARGER))]
    ours, theirs = (DayTable(file, key, LIQUIDATION_SNAPSHOT, (DAY, DAY), tmp_path) for file in files)
    found = difference(ours, theirs)
    assert (found.compared, found.only_left, found.only_right, found.changed) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("listing", "day", "why"),
    [
        ("um:BTCUSDT", date(2024, 3, 31), None),
        ("um:BTCUSDT", date(2024, 4, 1), "ended 2024-03-31"),
        ("cm:BTCUSD_PERP", date(2023, 6, 24), "began 2023-06-25"),
        ("cm:BTCUSD_PERP", date(2024, 10, 15), "ended 2024-10-14"),
    ],
)
def test_publication_ended_on_a_day_of_its_own_on_each_market(listing, day, why):
    """So no sensor waits for it today."""
    assert availability_of(LIQUIDATION_SNAPSHOT, Listing.parse(listing)).excludes(day) == why
