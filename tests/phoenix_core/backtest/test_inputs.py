import re
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes.zips import DAY, START_MS, UM, put_day
from nautilus_trader.core.nautilus_pyo3 import NautilusDataType

from phoenix_core.archive.client import Archive
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.inputs import InputReader, TickFile
from phoenix_core.backtest.run import run
from phoenix_core.catalog.store import catalog_asset, convert_day, verified_file
from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER
from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing
from phoenix_core.manifest import Manifest
from phoenix_core.market import day_start_ns
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.parameters import SignalParameters


def test_ticks_of_one_instant_keep_their_order_across_row_groups(lake, tmp_path):
    """300,000 trades of one millisecond, three row groups: NautilusTrader's reader gives them as published."""
    count = 300_000
    rows = "".join(f"{n},1.5,1,{n},{n},{START_MS},true\n" for n in range(count))
    put_day(tmp_path / "archive", AGG_TRADES, rows)
    Ingest(lake, Archive(str(tmp_path / "archive")), date(2026, 11, 1)).day(AGG_TRADES, UM, DAY)
    file = TickFile.at(lake.path(convert_day(lake, AGG_TRADES, UM, DAY).file), NautilusDataType.TradeTick)
    ids = [int(tick.trade_id.value) for chunk in file.stream() for tick in chunk]
    assert ids == list(range(count))
    start = day_start_ns(DAY)
    assert len(file.between(start, start)) == count
    assert file.between(start + 1, start + 10**9) == []


def test_a_range_without_a_day_names_the_first(lake):
    """And what to materialize."""
    experiment = Experiment.parse(listing="um:BTCUSDT", first=DAY, last=DAY)
    with pytest.raises(InputMissing, match="2024-03-30: um/btcusdt/trade_ticks was never materialized"):
        run(lake, experiment)


def test_a_missing_day_is_named_and_the_rest_runs(market):
    """The account is carried over it."""
    last = market.days[1].replace(day=27)
    result = run(market.lake, Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=last))
    assert result.days == market.days
    assert list(result.missing) == [market.days[1].replace(day=26), last]


def test_a_damaged_file_is_refused_before_the_engine_opens_it(market, tmp_path):
    """Named, with how to rebuild it; NautilusTrader would have read the wrong price, or aborted."""
    import shutil  # noqa: PLC0415 - to damage a copy

    from phoenix_core.storage import Lake  # noqa: PLC0415 - as above

    shutil.copytree(market.lake.root, tmp_path / "copy")
    lake = Lake.at(tmp_path / "copy")
    entry = Manifest(lake).find("um/btcusdt/quote_ticks", market.days[0])
    data = bytearray(lake.path(entry.file).read_bytes())
    data[len(data) // 3] ^= 4
    lake.path(entry.file).write_bytes(data)
    with pytest.raises(CatalogCorrupt, match="Materialize um/btcusdt/quote_ticks of 2024-03-24 again"):
        run(lake, Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=market.days[0]))


def test_other_signal_parameters_are_computed(market):
    """Published signals are used only where they were made with the experiment's parameters."""
    ours = InputReader(market.lake, market.listing, SignalParameters()).day(market.days[0])
    other = InputReader(market.lake, market.listing, SignalParameters(vol_bucket_size=5_000_000)).day(market.days[0])
    assert ours.signals.height > 4 * other.signals.height > 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"listing": "um:btcusdt"}, "is not a Binance symbol"),
        ({"listing": "cm:BTCUSD_PERP"}, "inverse contract"),
        ({"last": "2024-03-01"}, "runs backwards"),
        ({"first": "2024-02-30"}, "first: "),
        ({"replay": "fast"}, "replay: "),
        ({"venue": {"leverage": 1000}}, "venue.leverage: "),
        ({"strategy": {"signals": {"depth_band": 1}}}, "strategy.signals.depth_band: "),
    ],
)
def test_an_experiment_that_means_nothing_is_refused(changes, says):
    """Each problem by its name, on one line."""
    with pytest.raises(ConfigInvalid, match=says) as caught:
        Experiment.parse(**({"listing": "um:BTCUSDT", "first": DAY, "last": DAY} | changes))
    assert "\n" not in str(caught.value)


def test_an_experiments_name_is_its_content():
    """Not its range nor the replay mode, which change no figure; everything else."""
    base = Experiment.parse(listing="um:BTCUSDT", first=DAY, last=DAY)
    assert base.name == Experiment.parse(listing="um:BTCUSDT", first="2024-01-01", last=DAY, replay="full").name
    assert base.name != Experiment.parse(listing="um:BTCUSDT", first=DAY, last=DAY, venue={"seed": 1}).name


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
