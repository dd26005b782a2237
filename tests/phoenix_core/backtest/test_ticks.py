import re
from bisect import bisect_left, bisect_right
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes.zips import DAY, START_MS, UM, put_day
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.core.nautilus_pyo3 import NautilusDataType

from phoenix_core.backtest.ticks import TickFile
from phoenix_core.catalog.store import catalog_asset, convert_day, verified_file
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER
from phoenix_core.market import day_start_ns
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive

KINDS = {"quotes": (BOOK_TICKER, NautilusDataType.QuoteTick), "trades": (AGG_TRADES, NautilusDataType.TradeTick)}


class ReadTwice:
    """A file, and its ticks as NautilusTrader's reader gives them."""

    def __init__(self, file):
        self.file = file
        self.ticks = [tick for chunk in file.stream() for tick in chunk]
        self.known = [tick.ts_init for tick in self.ticks]


@pytest.fixture(scope="module", params=KINDS)
def read_twice(request, market, tmp_path_factory):
    """A day's file in small row groups."""
    dataset, kind = KINDS[request.param]
    source = verified_file(market.lake, catalog_asset(dataset, market.listing), market.days[0])
    path = tmp_path_factory.mktemp("ticks") / "ticks.parquet"
    pq.write_table(pq.read_table(source), path, row_group_size=1_000)
    return ReadTwice(TickFile.at(path, kind))


def as_dicts(ticks):
    """Ticks of 1.231 that two of its libraries made must not be compared: `==` ends the process."""
    return [type(tick).to_dict(tick) for tick in ticks]


def test_all_of_a_file_is_what_nautilus_reads(read_twice):
    """Every field of every tick, over all row groups."""
    file, ticks = read_twice.file, read_twice.ticks
    assert len(file.groups) > 3
    read = file.between(ticks[0].ts_init, ticks[-1].ts_init)
    assert as_dicts(read) == as_dicts(ticks)
    assert [tick.ts_event for tick in read] == [tick.ts_event for tick in ticks]


OFF_A_TICK = st.integers(-2, 2)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10**6), ticks_long=st.integers(0, 2_500), off_first=OFF_A_TICK, off_last=OFF_A_TICK)
def test_a_window_holds_the_ticks_of_its_time(read_twice, at, ticks_long, off_first, off_last):
    """Both ends belong to it, and the last tick known at its end is the last of it or one before it."""
    file, ticks, known = read_twice.file, read_twice.ticks, read_twice.known
    begin = at % len(ticks)
    first = known[begin] + off_first
    last = max(first, known[min(begin + ticks_long, len(ticks) - 1)] + off_last)
    within = ticks[bisect_left(known, first) : bisect_right(known, last)]
    assert as_dicts(file.between(first, last)) == as_dicts(within)
    before = bisect_right(known, last)
    assert file.last_known(last) == (known[before - 1] if before else None)


def test_ticks_of_one_instant_keep_their_order_across_row_groups(lake, tmp_path):
    """300,000 trades of one millisecond, three row groups: NautilusTrader's reader gives them as published."""
    count = 300_000
    rows = "".join(f"{n},1.5,1,{n},{n},{START_MS},true\n" for n in range(count))
    put_day(tmp_path / "archive", AGG_TRADES, rows)
    Ingest(lake, (BinanceArchive(Archive(str(tmp_path / "archive"))),), date(2026, 11, 1)).day(AGG_TRADES, UM, DAY)
    file = TickFile.at(lake.path(convert_day(lake, AGG_TRADES, UM, DAY).file), NautilusDataType.TradeTick)
    ids = [int(tick.trade_id.value) for chunk in file.stream() for tick in chunk]
    assert ids == list(range(count))
    start = day_start_ns(DAY)
    assert len(file.between(start, start)) == count
    assert file.between(start + 1, start + 10**9) == []


def test_ticks_that_were_read_are_freed(market):
    """NautilusTrader keeps a copy behind each list until it is told to drop it: 230 bytes a tick, every time."""
    path = verified_file(market.lake, catalog_asset(BOOK_TICKER, market.listing), market.days[0])
    file = TickFile.at(path, NautilusDataType.QuoteTick)

    def resident_mb():
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def read():
        return sum(len(chunk) for chunk in file.stream())

    ticks = read()
    read()
    before = resident_mb()
    for _ in range(8):
        read()
    assert resident_mb() - before < 8 * ticks * 230 / 1e6 / 3


def test_only_row_groups_of_a_window_are_read(market, tmp_path):
    """What lies outside the window may be garbage: a damaged first row group is noticed only by whom it concerns."""
    source = verified_file(market.lake, catalog_asset(BOOK_TICKER, market.listing), market.days[0])
    path = tmp_path / "ticks.parquet"
    pq.write_table(pq.read_table(source), path, row_group_size=10_000, write_page_checksum=True)
    file = TickFile.at(path, NautilusDataType.QuoteTick)
    assert len(file.groups) > 3
    start = pq.read_metadata(path).row_group(0).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + 64] = bytes(64)
    path.write_bytes(content)
    low, high = file.groups[2]
    assert len(file.between(low, high)) >= 10_000
    assert file.last_known(high) == high
    assert file.between(file.groups[-1][1] + 1, file.groups[-1][1] + 2) == []
