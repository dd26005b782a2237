"""Decisions do not change when the future is taken away; deliberate leaks are caught."""

import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.lookahead import described, guard
from phoenix_core.backtest.run import run
from phoenix_core.manifest import Manifest
from phoenix_core.signals import volatility
from phoenix_core.signals.days import SignalDays
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake


def experiment(market, **strategy):
    return Experiment.parse(listing=str(market.listing), first=market.days[1], last=market.days[1], strategy=strategy)


@pytest.mark.slow
def test_no_decision_knows_the_future(market):
    """At random instants of a day with entries and exits, everything later is removed: nothing changes."""
    found = guard(market.lake, experiment(market), instants=4, seed=5)
    assert found.decisions > 4
    assert found.is_sound, described(found)
    assert described(found) == [f"4 instants, {found.decisions} decisions compared, 0 leaks"]


@pytest.fixture
def leaky(market, tmp_path):
    """The market again, with one input known earlier than it was."""
    root = tmp_path / "leaky"
    shutil.copytree(market.lake.store.root, root)
    lake = Lake.at(root)

    def leak(asset, shift_ns, columns=("ts_init",)):
        for day in market.days:
            entry = Manifest(lake).find(f"um/btcusdt/{asset}", day)
            path = lake.store.path(entry.file)
            table = pq.read_table(path)
            for column in columns:
                early = pc.subtract(table[column].cast(pa.int64()), shift_ns).cast(pa.uint64())
                table = table.set_column(table.schema.get_field_index(column), column, early)
            if asset == "mark_prices":  # each minute dips deep enough to liquidate
                low = pc.round(pc.multiply(table["low"].cast(pa.float64()), 0.97), 2).cast(
                    table.schema.field("low").type
                )
                table = table.set_column(table.schema.get_field_index("low"), "low", low)
            pq.write_table(table, path)
            changed = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            Manifest(lake).record(replace(entry, **changed))
        for day in market.days:
            SignalDays(lake, market.listing).publish_signals(day)
        return lake

    return leak


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asset", "shift_ns"),
    [("open_interest", 300 * 10**9), ("depth", 31 * 10**9)],
    ids=["a metrics row at its label", "depth before its snapshot"],
)
def test_a_row_that_is_known_too_early_is_caught(market, leaky, asset, shift_ns):
    """One period early: with the future gone, some decision or signal comes out otherwise; two instants are enough."""
    lake = leaky(asset, shift_ns)
    found = guard(lake, experiment(market, oi_z_threshold=1.0), instants=2, seed=3)
    assert found.decisions
    assert found.leaks, described(found)


@pytest.mark.slow
def test_a_kline_stamped_at_its_open_is_caught(market, leaky):
    """Marks known a minute early liquidate before the fall: with a thin account three instants are enough to see it."""
    chosen = Experiment.parse(
        listing=str(market.listing), first=market.days[1], last=market.days[1],
        strategy={"max_leverage": 100.0, "expected_alpha": 1.0},
        venue={"leverage": 125, "starting_balance": 400},  # of more no position at 100 times is allowed
    )  # fmt: skip
    sound = guard(leaky("mark_prices", 0), chosen, instants=2, seed=3)
    assert sound.decisions
    assert sound.leaks == (), described(sound)
    lake = leaky("mark_prices", 59_999 * 10**6)
    assert any(one.reason == "liquidation" for one in run(lake, chosen).decisions)
    found = guard(lake, chosen, instants=3, seed=1)
    assert found.leaks, described(found)


def test_the_next_hours_volatility_is_caught(market, monkeypatch):
    """Sizing that knows how wild the next hour will be: in signals one instant is enough to see it, in sizes three."""
    honest = volatility.realized_volatility

    def clairvoyant(times, prices, at, window_ns):
        later = np.minimum(np.searchsorted(times, times[at] + window_ns), times.size - 1)
        return honest(times, prices, later, window_ns)

    monkeypatch.setattr(volatility, "realized_volatility", clairvoyant)
    found = guard(market.lake, experiment(market, max_leverage=9.0), instants=3, seed=3)
    assert any("rv" in what for leak in found.leaks for what in leak.signals)
    changed = [
        (one, other)
        for leak in found.leaks
        for one, other in zip(leak.before, leak.after, strict=False)
        if one != other
    ]
    assert any(one.quantity != other.quantity and one.ts == other.ts for one, other in changed)


def test_depth_that_is_early_is_caught(market, leaky):
    """By two seconds, which few signals notice: its rows are known a second before they happened."""
    found = guard(leaky("depth", 2 * 10**9), experiment(market), instants=1, seed=3)
    assert not found.is_sound
    assert [what.partition(" of ")[0] for what in found.early] == ["um/btcusdt/depth"] * 2
    assert any("um/btcusdt/depth of 2024-03-25" in line for line in described(found))


def test_a_label_that_the_converter_misread_is_caught(market, leaky):
    """Metrics labelled by the start of their period, taken for labels of its end: the guard reads the labels itself."""
    lake = leaky("open_interest", 300 * 10**9, ("ts_event", "ts_init"))
    found = guard(lake, experiment(market), instants=1, seed=3)
    assert [what.partition(" of ")[0] for what in found.early] == ["um/btcusdt/open_interest"] * 2
    assert all("288 rows known before they happened" in what for what in found.early)


def test_published_signals_that_are_not_their_inputs_are_caught(market, tmp_path):
    """Moved by twenty seconds, as if each bucket had closed earlier: no instant is needed to see it."""
    root = tmp_path / "shifted"
    shutil.copytree(market.lake.store.root, root)
    lake, asset, day = Lake.at(root), "um/btcusdt/signals", market.days[1]
    entry = Manifest(lake).find(asset, day)
    frame = pl.read_parquet(lake.store.path(entry.file)).with_columns(pl.col("ts_init", "ts_event") - 20 * 10**9)
    frame.write_parquet(lake.store.path(entry.file))
    digest, size = sha256_of(lake.store.path(entry.file)), lake.store.path(entry.file).stat().st_size
    Manifest(lake).record(replace(entry, sha256=digest, bytes=size))
    found = guard(lake, experiment(market), instants=1, seed=3)
    assert not found.is_sound
    assert [what.split()[3] for what in found.published] == ["ts_event", "ts_init"]
