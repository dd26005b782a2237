"""A day that the publisher replaced: which results change, and by how much."""

import shutil
from decimal import Decimal

import pytest
from conftest import LATER, materialize_day

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.revision import revisions
from phoenix_core.backtest.run import run
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.products import BACKTEST
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.revise import behind, outdated, revise
from phoenix_core.sweeps.sweep import asset_of
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize


@pytest.fixture
def lake(market, tmp_path):
    """Both days on their own, and both as a range."""
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path / "data"))
    for day in market.days:
        publish(lake, run(lake, experiment(market, day)), asset=BACKTEST.asset(market.listing))
    publish(lake, run(lake, of_both(market)), asset=asset_of(of_both(market)))
    return lake


def of_both(market):
    first, last = market.days
    return Experiment.parse(listing=str(market.listing), first=first, last=last)


def experiment(market, day):
    return Experiment.parse(listing=str(market.listing), first=day, last=day)


def nets(lake, market):
    """What the day and the range come to now."""
    day = market.days[0]
    return {
        str(day): run(lake, experiment(market, day)).ledger.parts.net,
        "_".join(map(str, market.days)): run(lake, of_both(market)).ledger.parts.net,
    }


@pytest.mark.slow
def test_a_replaced_day_changes_its_results_and_no_other(lake, market, tmp_path):
    """First its inputs must be made anew; then the day's result and the range's are, each with both figures."""
    day, listing = market.days[0], market.listing
    before = nets(lake, market)
    assert (outdated(lake, listing), behind(lake, listing)) == ([], [])
    other = tmp_path / "other"
    write_archive(other, listing, (day,), size=MarketSize(trades=23_000, quotes_per_trade=3))
    ingest = Ingest(lake, (BinanceArchive(Archive(str(other))),), LATER)
    ingest.day(AGG_TRADES, listing, day)
    assert f"{listing.path}/trade_ticks@{day}" in behind(lake, listing)
    materialize_day(lake, other, listing, day)
    assert all(name.endswith(str(market.days[1])) for name in behind(lake, listing))
    wanted = [one for one in outdated(lake, listing) if one.entry.day != str(market.days[1])]
    assert {one.entry.asset.rpartition("/")[2] for one in wanted} == {"backtest", "continuous_backtest"}
    assert all(f"{listing.path}/trade_ticks@{day}" in one.inputs for one in wanted)
    ended = []
    found = revise(lake, listing, wanted, 1, ended.append)
    after = nets(lake, market)
    assert before.keys() == after.keys() == {(one.span) for one in found.revisions}
    assert {one.span: Decimal(one.before.net) for one in found.revisions} == before
    assert {one.span: Decimal(one.after.net) for one in found.revisions} == after
    assert all(before[span] != after[span] for span in before)
    assert (len(found.revisions), len(ended), found.failed) == (2, 2, {})
    assert not any(one.is_of_other_code for one in found.revisions)
    assert not {one.entry.day for one in outdated(lake, listing)} & before.keys()
    assert sorted(revisions(lake, listing), key=repr) == sorted(found.revisions, key=repr)
