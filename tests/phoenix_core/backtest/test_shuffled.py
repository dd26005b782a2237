"""Signals dealt anew over the times of their day, and what the strategy makes of them."""

import shutil

import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.run import run
from phoenix_core.backtest.shuffled import FILE, _dealt, publish_shuffled, shuffled_nets, why_dear
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.report.folder import document_in, result_in
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.publish import Sweep, run_sweep
from phoenix_core.sweeps.request import Cut
from phoenix_core.sweeps.trials import recorded

TIMES = ["ts_event", "ts_init", "bucket", "first_trade", "last_trade", "last_price", "entries_blocked"]


@pytest.fixture
def base(market):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[0])


def test_scores_are_dealt_whole_and_times_stay(market, base):
    """What belongs to the bucket stays with it; each row of scores is there once, at another time."""
    days = []
    run(market.lake, base, prepare=lambda day: days.append(day) or day)
    (day,) = days
    dealt = _dealt(42, 0)(day)
    scores = [name for name in day.signals.columns if name not in TIMES]
    assert set(scores) == {"fsi", "z_fsi", "vpin", "ldr", "oi_z", "lpi", "rv", "fsi_ready"}
    assert dealt.signals.select(TIMES).equals(day.signals.select(TIMES))
    assert not dealt.signals.select(scores).equals(day.signals.select(scores))
    assert dealt.signals.select(scores).sort(scores).equals(day.signals.select(scores).sort(scores))
    assert dealt.signals.columns == day.signals.columns
    assert _dealt(42, 0)(day).signals.equals(dealt.signals)
    assert not _dealt(42, 1)(day).signals.equals(dealt.signals)
    assert (dealt.trades, dealt.quotes, dealt.versions) == (day.trades, day.quotes, day.versions)


@pytest.mark.slow
def test_the_best_of_a_sweep_stands_among_its_shuffles(market, base, tmp_path):
    """Replays that are no trials and leave no result; the table says where the best is, and asks for it by its name."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path / "data"))
    grid = ["strategy.lpi_entry_threshold=0.6,0.8"]
    asked = Sweep.of(base, grid, Cut(shuffles=3))
    swept = run_sweep(lake, asked, 1, lambda _: None)
    (best,) = (one.point for one in swept.outcomes if one.point.experiment.name == swept.table.judgement.best)
    nets = shuffled_nets(lake, best.experiment, 3)
    found = swept.table.baselines.shuffled
    (net,) = swept.table.points.filter(experiment=best.experiment.name)["net"]
    assert (found.net, found.draws) == (net, 3)
    assert found.rank == pytest.approx(sum(one < net for one in nets) / 3)
    assert len(list(recorded(lake, market.listing))) == 2
    assert len(list(lake.store.path("backtests").iterdir())) == 2
    assert asked.name != Sweep.of(base, grid, Cut()).name
    assert run_sweep(lake, asked, 1, lambda _: None).table.baselines == swept.table.baselines


def test_both_replays_deal_and_earn_the_same(market, base):
    """In one pass over arrays, or one by one by the engine, also where quotes are implied."""
    for venue in ({}, {"imply_quotes": True}):
        chosen = base.model_copy(update={"venue": base.venue.model_copy(update=venue)})
        expected = [float(run(market.lake, chosen, prepare=_dealt(42, n)).ledger.parts.net) for n in range(2)]
        assert shuffled_nets(market.lake, chosen, 2).tolist() == expected


def test_an_experiment_that_arrays_refuse_is_shuffled_by_the_engine(market, base):
    """And it is said beforehand that each draw costs a replay."""
    chosen = base.model_copy(update={"venue": base.venue.model_copy(update={"order_latency_spread_ms": 1.0})})
    assert why_dear(base) == ""
    assert "random latency" in why_dear(chosen)
    assert shuffled_nets(market.lake, chosen, 1).shape == (1,)


def test_shuffles_lie_beside_the_result_that_they_are_of(lake):
    """The report reads them there; those of another result it does not show, and damaged ones it refuses."""
    folder = write_result(lake, made_up_result(nets=[4]), "ffffffffffff", "2024-03-24_2024-03-25")
    document = document_in(lake, folder)
    at = lake.store.path(f"{folder}/{FILE}")  # results made by hand do not lie under their experiment's name
    at.write_bytes(lake.read(publish_shuffled(lake, document, [1.0, 5.0])))
    assert result_in(lake, folder).shuffled == (1.0, 5.0)
    at.write_text(at.read_text().replace("5.0", "0.5"))
    with pytest.raises(CatalogCorrupt, match=r"shuffled\.json is not what was written"):
        result_in(lake, folder)
    at.write_bytes(lake.read(publish_shuffled(lake, document | {"identity": "0" * 64}, [1.0])))
    assert result_in(lake, folder).shuffled == ()


def test_a_strategy_without_signals_has_nothing_to_shuffle(market):
    """One that is imported and takes none."""
    own = {"path": "tests.nowhere:Nothing", "wants_signals": False}
    base = Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[0], strategy=own)
    assert shuffled_nets(market.lake, base, 3) is None
