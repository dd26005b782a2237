"""Replay over arrays of published days gives what NautilusTrader's replay gives."""

from collections import Counter
from datetime import date

import pytest
from fakes.law import assert_arrays_change_nothing

from phoenix_core.backtest.arrays import batch
from phoenix_core.backtest.arrays.batch import run_arrays, why_unsuitable
from phoenix_core.backtest.arrays.orders import Records
from phoenix_core.backtest.arrays.shelf import Shelf
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid, ReplayUnsuitable
from phoenix_core.sweeps.grid import Grid


def experiments(first, last, *grid, **sections):
    base = Experiment.parse(listing="um:BTCUSDT", first=first, last=last, **sections)
    return [point.experiment for point in Grid.parse(grid).points(base)]


@pytest.mark.slow
def test_two_days_of_a_synthetic_market(market):
    """Thresholds, latencies, sizes that the market does not bear, and signals of other parameters, in one batch."""
    chosen = experiments(
        *market.days, "strategy.lpi_entry_threshold=0.45,0.8", "venue.order_latency_ms=0,30",
        "venue.starting_balance=100000,100000000", "strategy.signals.fsi_window=100,40", "strategy.requote=false,true",
    )  # fmt: skip
    found = assert_arrays_change_nothing(market.lake, chosen[::9])
    assert sum(one.fills.height for one in found) > 100


@pytest.mark.slow
def test_real_minutes(real_minutes):
    """66,088 quotes and 10,447 aggregate trades of 2024-08-08, quotes published or implied from trades."""
    day = date(2024, 8, 8)
    chosen = experiments(
        day, day, "venue.queue_depletion=none,bounded,proportional", "venue.imply_quotes=false,true",
        "strategy.signals.vol_bucket_size=1000000,200000",
        strategy={"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5},
    )  # fmt: skip
    found = assert_arrays_change_nothing(real_minutes, chosen[::3])
    assert all(one.fills.height for one in found)


@pytest.mark.parametrize(
    ("what", "sections"),
    [
        ("random latency", {"venue": {"order_latency_spread_ms": 5}}),
        ("seen late", {"venue": {"feed_latency_ms": 5}}),
        ("tick by tick", {"replay": "live"}),
        ("declares no trader", {"strategy": {"path": "nautilus_trader.examples.strategies.ema_cross:EMACross"}}),
    ],
)
def test_what_it_can_not_do_is_refused_by_name(market, what, sections):
    """Before anything is read; another replay does it."""
    chosen = Experiment.parse(listing="um:BTCUSDT", first=market.days[0], last=market.days[0], **sections)
    assert what in why_unsuitable(chosen)
    with pytest.raises(ReplayUnsuitable, match=what):
        list(run_arrays(market.lake, [chosen]))


@pytest.mark.slow
def test_what_waits_on_disk_comes_back_as_it_was(market, monkeypatch):
    """With nothing kept at hand each day's records wait in a file; results are equal, and the files are gone."""
    chosen = experiments(*market.days, "strategy.lpi_entry_threshold=0.45,0.7")
    kept = [result for _, result in run_arrays(market.lake, chosen)]
    put, before_it = Shelf.put, market.lake.leftovers()
    shelved = []

    def watched(shelf, number, records, unfinished):
        shelved.append((number, len(records.decisions)))
        put(shelf, number, records, unfinished)
        assert (records.decisions, records.fills) == ([], [])

    monkeypatch.setattr(Shelf, "put", watched)
    monkeypatch.setattr(batch, "_MOST_AT_HAND", 0)
    for before, (_, result) in zip(kept, run_arrays(market.lake, chosen), strict=True):
        assert (result.decisions, result.sent, result.orders) == (before.decisions, before.sent, before.orders)
        assert result.fills.equals(before.fills)
        assert result.ledger.rows.equals(before.ledger.rows)
    assert [number for number, _ in shelved] == [0, 1, 0, 1]
    assert all(count for _, count in shelved)
    assert market.lake.leftovers() == before_it


def test_requests_that_may_change_stay(tmp_path):
    """Of three orders the second works on: what was sent of it and of the third stays, behind the first in the end."""
    records = Records(["a", "b", "c"], {name: name.upper() for name in "abc"}, ["fill"], Counter(FILLED=1))
    shelf = Shelf(tmp_path)
    shelf.put(7, records, {"b"})
    assert (list(records.sent), records.decisions, records.fills) == (["b", "c"], [], [])
    assert records.next_name(0).endswith("-4")
    records.sent["b"], records.decisions = "cancelled", ["d"]
    found = shelf.whole(7, records)
    assert found.decisions == ["a", "b", "c", "d"]
    assert list(found.sent.items()) == [("a", "A"), ("b", "cancelled"), ("c", "C")]
    assert (found.fills, found.ends) == (["fill"], Counter(FILLED=1))
    assert shelf.whole(8, records).fills == []


def test_one_batch_reads_the_same_days(market):
    """Two ranges are two batches."""
    chosen = [*experiments(*market.days, "venue.seed=1"), *experiments(*market.days[:1] * 2, "venue.seed=2")]
    with pytest.raises(ConfigInvalid, match="one range"):
        list(run_arrays(market.lake, chosen))
