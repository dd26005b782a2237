"""A sweep over arrays leaves what one through the engine leaves, or fails."""

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from phoenix_core.backtest.arrays import desk
from phoenix_core.backtest.arrays.account import Account
from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.errors import ConfigInvalid, ReplayDiffers
from phoenix_core.execution.arrival import arrival_ns
from phoenix_core.manifest import Manifest
from phoenix_core.report.folder import document_in
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps import batches, sweep
from phoenix_core.sweeps.batches import Batches
from phoenix_core.sweeps.grid import Grid
from phoenix_core.sweeps.publish import Sweep, run_sweep
from phoenix_core.sweeps.request import Search
from phoenix_core.sweeps.sweep import asset_of, by_engine, key_of, run_points

GRID = Grid.parse(["strategy.lpi_entry_threshold=0.6,0.8", "venue.order_latency_ms=10,30"])


class Ended(Exception):
    """As an interrupt would."""


@pytest.fixture
def copied(market, tmp_path):
    """Gives data folders of their own."""
    return lambda name: Lake.at(shutil.copytree(market.lake.store.root, tmp_path / name))


@pytest.fixture
def base(market):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[0])


def files(lake):
    """Bytes of all that a sweep publishes."""
    paths = (
        path for room in ("backtests", "sweeps", "trials", "manifest") for path in lake.store.path(room).rglob("*")
    )
    return {path.relative_to(lake.store.root).as_posix(): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture
def engine_runs(monkeypatch):
    """Names of the experiments that the engine replays to confirm others."""
    seen, run = [], batches.confirm
    monkeypatch.setattr(batches, "confirm", lambda lake, one, found: seen.append(one.name) or run(lake, one, found))
    return seen


@pytest.mark.slow
def test_it_leaves_the_same_bytes(copied, base, engine_runs, monkeypatch):
    """Results, trials, table and page; also where it was ended, and the rest was left to the other replay.

    The engine is asked for two points that the sweep's name draws, and for the best where it is none of them.
    """
    by_the_engine, over_arrays, mixed = copied("engine"), copied("arrays"), copied("mixed")
    run_sweep(by_the_engine, Sweep(base, GRID), 1, lambda _: None)
    swept = run_sweep(over_arrays, Sweep(base, GRID), 1, lambda _: None, over_arrays=True)
    drawn = Batches.of(GRID.points(base), Sweep(base, GRID).name).sample
    assert set(engine_runs) == drawn | {swept.table.judgement.best}
    assert len(drawn) == 2
    assert files(over_arrays) == files(by_the_engine)

    def end(outcome):
        raise Ended

    monkeypatch.setattr(batches, "_LARGEST", 2)
    with pytest.raises(Ended):
        run_sweep(mixed, Sweep(base, GRID), 1, end, over_arrays=True)
    ended = []
    run_sweep(mixed, Sweep(base, GRID), 1, ended.append)
    assert [one.is_kept for one in ended] == [True, True, False, False]
    assert files(mixed) == files(by_the_engine)


def money_from_nowhere(monkeypatch):
    """So little that the ledger does not mind."""
    fill = Account.fill

    def off(account, *given):
        fill(account, *given)
        account.charge(Decimal("1E-8"))

    monkeypatch.setattr(Account, "fill", off)


def late_arrivals(monkeypatch):
    """By a fifth of a second."""
    monkeypatch.setattr(desk, "arrival_ns", lambda sent, latency: arrival_ns(sent, latency + 200_000_000))


@pytest.mark.parametrize(
    ("defect", "sample", "what"),
    [(money_from_nowhere, 0, "final_balance: 9"), (late_arrivals, 1, r"fills: row 0 is \[ts 17112")],
)
def test_a_difference_fails_the_sweep(copied, base, monkeypatch, defect, sample, what):
    """The experiment and what differs first are named, of the best and of the sample, and no table is published."""
    lake = copied("data")
    monkeypatch.setattr(batches, "_SAMPLE", sample)
    defect(monkeypatch)
    grid = Grid.parse(["strategy.lpi_entry_threshold=0.6", "venue.leverage=5"])
    with pytest.raises(ReplayDiffers, match=rf"[0-9a-f]{{12}} differs from NautilusTrader's in its {what}"):
        run_sweep(lake, Sweep(base, grid), 1, lambda _: None, over_arrays=True)
    assert not lake.store.path("sweeps").exists()


def test_what_arrays_can_not_do_is_left_to_the_engine(copied, base):
    """Random latency is a job of its own; the others are one batch, and every point has its result."""
    lake = copied("data")
    points = Grid.parse(["venue.order_latency_spread_ms=0,5", "venue.seed=1"]).points(base)
    jobs = Batches()(lake, points, 1)
    assert [type(job.func).__name__ for job in jobs] == ["_BatchRunner", "function"]
    assert [len(part(lake, points[:1], 1)) for part in (Batches(), by_engine)] == [1, 1]
    outcomes = run_points(lake, points, 1, lambda _: None, Batches())
    assert [one.point for one in outcomes if one.entry] == points


def test_a_day_that_is_missing_fails_every_point(copied, base, market):
    """With the reason that the engine gives."""
    lake = copied("data")
    lake.store.path(f"manifest/{market.listing.path}/trade_ticks/{base.first}.json").unlink()
    points = GRID.points(base)[:2]
    found = run_points(lake, points, 1, lambda _: None, Batches())
    assert [one.reason for one in found] == [one.reason for one in run_points(lake, points, 1, lambda _: None)]
    assert all(one.reason.startswith("InputMissing: No day of") for one in found)


def test_a_search_is_not_batched(copied, base):
    """It runs few points at a time; it is refused before anything runs."""
    lake = copied("data")
    with pytest.raises(ConfigInvalid, match="search by the engine"):
        run_sweep(lake, Sweep(base, GRID, search=Search(search="random")), 1, lambda _: None, over_arrays=True)
    assert not list(lake.names("choices"))


@pytest.mark.slow
@pytest.mark.parametrize("jobs_of", [by_engine, Batches()], ids=["engine", "arrays"])
def test_a_point_that_another_made_meanwhile_is_left(copied, base, monkeypatch, jobs_of):
    """Two workers have one grid: who comes second, however long it slept, keeps what the first one published."""
    lake, (first, *rest) = copied("late"), GRID.points(base)
    plain, arrays = sweep.run, batches.run_arrays

    def overtaken(result):
        """The worker of this result sleeps here, while another publishes."""
        if result.experiment == first.experiment and not Manifest(lake).find(*key_of(first.experiment)):
            publish(lake, replace(result, assumptions=(*result.assumptions, "of another")), asset=asset_of(base))
        return result

    monkeypatch.setattr(sweep, "run", lambda *given: overtaken(plain(*given)))
    monkeypatch.setattr(batches, "run_arrays", lambda *given: [(a, overtaken(b)) for a, b in arrays(*given)])
    outcomes = run_points(lake, [first, *rest], 1, lambda _: None, jobs_of)
    assert [one.is_kept for one in outcomes] == [True] + [False] * len(rest)
    assert all(one.entry == Manifest(lake).find(*key_of(one.point.experiment)) for one in outcomes)
    assert "of another" in document_in(lake, outcomes[0].entry.facts["folder"])["assumptions"]


def test_points_are_dealt_out_to_batches():
    """Neighbours in a grid, which send about as many orders, to different ones; each point to one."""
    first = date(2024, 3, 24)
    grid = Grid.parse(["strategy.lpi_entry_threshold=0.1,0.2,0.3,0.4,0.5"])
    points = grid.points(Experiment(listing="um:BTCUSDT", first=first, last=first))
    jobs = Batches()(None, points, 2)
    dealt = [[point.values["strategy.lpi_entry_threshold"] for point in job.args[0]] for job in jobs]
    assert dealt == [["0.1", "0.3", "0.5"], ["0.2", "0.4"]]
