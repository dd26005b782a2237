"""Points of a grid as published results: each run once, whatever ends the sweep."""

import json
import shutil

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.manifest import Manifest
from phoenix_core.storage.folder import FolderStore
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.grid import Grid
from phoenix_core.sweeps.publish import Sweep, run_sweep
from phoenix_core.sweeps.sweep import Standing, asset_of, run_points
from phoenix_core.sweeps.trials import recorded

GRID = Grid.parse(["strategy.lpi_entry_threshold=0.6,0.8", "venue.order_latency_ms=10,30"])


class Ended(Exception):
    """As an interrupt would."""


@pytest.fixture
def lake(market, tmp_path):
    return Lake.at(shutil.copytree(market.lake.store.root, tmp_path / "data"))


@pytest.fixture
def base(market):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[0])


def files(lake):
    """Bytes of all that a sweep publishes."""
    paths = (
        path for room in ("backtests", "sweeps", "trials", "manifest") for path in lake.store.path(room).rglob("*")
    )
    return {path.relative_to(lake.store.root).as_posix(): path.read_bytes() for path in paths if path.is_file()}


@pytest.mark.parametrize("after", [1, 3])
def test_a_sweep_that_was_ended_goes_on_where_it_stopped(lake, base, tmp_path, after):
    """Nothing is run twice, and what lies there at the end is what an unbroken sweep leaves, byte for byte."""
    other = Lake.at(shutil.copytree(lake.store.root, tmp_path / "other"))
    unbroken = run_sweep(other, Sweep(base, GRID), 1, lambda _: None)
    seen = []

    def end(outcome):
        seen.append(outcome)
        if len(seen) == after:
            raise Ended

    with pytest.raises(Ended):
        run_sweep(lake, Sweep(base, GRID), 1, end)
    assert not lake.store.path("sweeps").exists()
    again = []
    swept = run_sweep(lake, Sweep(base, GRID), 1, again.append)
    assert [one.is_kept for one in again] == [True] * after + [False] * (4 - after)
    assert swept.table.judgement == unbroken.table.judgement
    assert files(lake) == files(other)


def test_net_is_an_interval_where_quotes_were_implied(lake, base, tmp_path):
    """It holds the net that stands beside it, and is the same by either replay; with published quotes there is none."""
    other = Lake.at(shutil.copytree(lake.store.root, tmp_path / "other"))
    sweep = Sweep(base, Grid.parse(["venue.imply_quotes=false,true"]))
    published, implied = run_sweep(lake, sweep, 1, lambda _: None).table.points.to_dicts()
    assert published["interval"] is None
    low, high = map(float, implied["interval"].strip("[]").replace(",", "").split(" "))
    assert low <= implied["net"] <= high
    run_sweep(other, sweep, 1, lambda _: None, over_arrays=True)
    assert files(other) == files(lake)


def test_each_point_is_an_ordinary_result(lake, base, market):
    """Of the continuous backtest, in the points' order, and its trial is in the ledger with what it earned."""
    points = GRID.points(base)[:2]
    outcomes = run_points(lake, points, 1, lambda _: None)
    assert [one.point for one in outcomes] == points
    for one in outcomes:
        assert Manifest(lake).find(asset_of(base), str(base.first), one.point.experiment.name) == one.entry
    ledger = {one.experiment: one.identity for one in recorded(lake, market.listing)}
    assert ledger == {one.point.experiment.name: one.entry.facts["identity"] for one in outcomes}


def test_a_result_stands_as_long_as_code_inputs_and_bytes_do(lake, base, market, monkeypatch):
    """Another recipe, another input, an input more, another byte: each is run anew; otherwise nothing is."""
    entry = publish(lake, run(lake, base), asset=asset_of(base))
    assert Standing(lake).find(base) == entry
    with monkeypatch.context() as patched:
        patched.setattr("phoenix_core.sweeps.sweep.backtest_recipe", lambda _: "other code")
        assert Standing(lake).find(base) is None
    signals = lake.store.path(f"manifest/{market.listing.path}/signals/{base.first}.json")
    whole = signals.read_bytes()
    document = json.loads(whole)
    found = Manifest(lake).find(f"{market.listing.path}/signals", base.first)
    Manifest(lake).record(type(found)(**(document_of(document) | {"sha256": "0" * 64})))
    assert Standing(lake).find(base) is None
    signals.write_bytes(whole)
    assert Standing(lake).find(base) == entry
    fills = lake.store.path(f"{entry.facts['folder']}/fills.parquet")
    fills.write_bytes(fills.read_bytes() + b"x")
    assert Standing(lake).find(base) is None


def document_of(document):
    return {name: value for name, value in document.items() if name != "entry_sha256"}


def test_a_range_that_grew_by_a_day_is_another_result(lake, base, market):
    """A day that was missing when the result was made is an input more when it is there."""
    longer = base.model_copy(update={"last": market.days[1]})
    names = ("signals", "trade_ticks", "quote_ticks", "mark_prices", "funding_updates", "depth", "instrument")
    moved = [lake.store.path(f"manifest/{market.listing.path}/{name}/{market.days[1]}.json") for name in names]
    kept = {path: path.read_bytes() for path in moved if path.exists()}
    assert len(kept) > 4
    for path in kept:
        path.unlink()
    entry = publish(lake, run(lake, longer), asset=asset_of(base))
    assert Standing(lake).find(longer) == entry
    for path, content in kept.items():
        path.write_bytes(content)
    assert Standing(lake).find(longer) is None


def test_an_input_that_nobody_had_is_noticed_when_it_comes(lake, base, market):
    """No depth on any day of the range; the result names none, and is run anew when there is some."""
    depth = lake.store.path(f"manifest/{market.listing.path}/depth/{base.first}.json")
    content = depth.read_bytes()
    depth.unlink()
    entry = publish(lake, run(lake, base), asset=asset_of(base))
    assert not [name for name in entry.sources if "/depth@" in name]
    assert Standing(lake).find(base) == entry
    depth.write_bytes(content)
    assert Standing(lake).find(base) is None


def test_a_point_that_fails_holds_up_no_other(lake, base, market):
    """It is named with its reason, counts as a trial, and is run again the next time; the others are kept."""
    ticks, withheld = (
        lake.store.path(f"manifest/{market.listing.path}/trade_ticks/{base.first}.json"),
        lake.store.root / "withheld",
    )
    ticks.rename(withheld)
    failed = run_points(lake, GRID.points(base)[:2], 1, lambda _: None)
    assert [one.entry for one in failed] == [None, None]
    assert all(one.reason.startswith("InputMissing: No day of 2024-03-24") for one in failed)
    assert len(list(recorded(lake, market.listing))) == 2
    swept = run_sweep(lake, Sweep(base, GRID), 1, lambda _: None)
    assert (swept.table.judgement.trials, swept.table.judgement.best) == (4, "")
    assert swept.table.points["failed"].null_count() == 0
    withheld.rename(ticks)
    assert all(one.entry for one in run_points(lake, GRID.points(base)[:2], 1, lambda _: None))


def test_inputs_are_hashed_once_for_all_points(lake, base, monkeypatch):
    """Four points read the same files of one day; each of them is hashed once, before the first is run."""
    # The data folder was copied a moment ago, and files that new are hashed again.
    monkeypatch.setattr("phoenix_core.storage.verified_once._TICKS_NS", 0)
    hashed = []
    whole = FolderStore.sha256
    monkeypatch.setattr(FolderStore, "sha256", lambda store, name: hashed.append(name) or whole(store, name))
    run_points(lake, GRID.points(base), 1, lambda _: None)
    inputs = [name for name in hashed if name.startswith(("catalog/", "signals/"))]
    assert len(inputs) >= 5
    assert len(inputs) == len(set(inputs))
