"""What was tried is counted, whatever became of its result."""

import shutil
from datetime import date

import numpy as np
import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.sweeps.trials import begin, recorded, remember, trials

HOUR_NS = 3600 * 10**9
UM = Listing.parse("um:BTCUSDT")
DAYS = (date(2024, 3, 24), date(2024, 3, 25))
GOOD, BAD, FLAT = [100, 102, 101, 103], [100, 99, 99.5, 98], [100] * 4


def experiment(threshold, first=DAYS[0], last=DAYS[1]):
    return Experiment.parse(listing=str(UM), first=first, last=last, strategy={"lpi_entry_threshold": threshold})


def put(lake, chosen, equity, asset="continuous_backtest", identity="a"):
    """A published result with its entry."""
    days = {"first": chosen.first, "last": chosen.last}
    result = made_up_result(equity=equity, every_ns=HOUR_NS, strategy=chosen.strategy, **days)
    result.document["identity"] = identity
    span = f"{chosen.first}_{chosen.last}" if chosen.first < chosen.last else str(chosen.first)
    folder = write_result(lake, result, chosen.name, span)
    facts = {"identity": identity, "experiment": chosen.model_dump(mode="json"), "folder": folder}
    return Manifest(lake).record(
        Entry(
            f"{UM.path}/{asset}",
            span,
            published=True,
            variant=chosen.name,
            file=f"{folder}/experiment.json",
            facts=facts,
        )
    )


def test_results_of_the_manifest_are_trials(lake):
    """Of both kinds, flat ones too; ratios by hand."""
    put(lake, experiment(0.5), GOOD)
    put(lake, experiment(0.6), FLAT, "backtest")
    put(lake, experiment(0.7), BAD)
    found = trials(lake, UM, *DAYS)
    returns = [np.diff(one) / np.array(one[:-1]) for one in (GOOD, BAD)]
    ratios = [np.r_[0, one].mean() / np.r_[0, one].std(ddof=1) for one in returns]
    assert (found.count, found.flat) == (3, 1)
    assert found.variance == pytest.approx(np.var([*ratios, 0.0], ddof=1))


def test_a_deleted_result_was_tried_all_the_same(lake):
    """Results, and the manifest's entries of them, are gone; count and spread are not."""
    put(lake, experiment(0.5), GOOD)
    put(lake, experiment(0.7), BAD)
    before = trials(lake, UM, *DAYS)
    shutil.rmtree(lake.store.path("backtests"))
    shutil.rmtree(lake.store.path("manifest"))
    assert trials(lake, UM, *DAYS) == before


def test_one_that_began_counts_before_it_has_a_result(lake):
    """Once, and still once when it has one; a killed or failed one stays without a ratio."""
    chosen = experiment(0.5)
    begin(lake, chosen)
    begin(lake, experiment(0.6))
    assert trials(lake, UM, *DAYS).count == 2
    remember(lake, put(lake, chosen, GOOD))
    begin(lake, chosen)
    assert {one.experiment: one.ratio is None for one in recorded(lake, UM)} == {
        chosen.name: False, experiment(0.6).name: True,
    }  # fmt: skip
    assert trials(lake, UM, *DAYS).count == 2


def test_what_overlaps_counts_once_an_experiment(lake):
    """Two ranges of one experiment are one trial; one day in common is enough, none is not; each is told by its nearest."""
    put(lake, experiment(0.5), GOOD)
    put(lake, experiment(0.5, DAYS[1], date(2024, 3, 30)), BAD)
    put(lake, experiment(0.6, DAYS[1], DAYS[1]), BAD, "backtest")
    put(lake, experiment(0.7, date(2024, 3, 26), date(2024, 3, 30)), BAD)
    found = trials(lake, UM, *DAYS)
    ratios = {one.experiment: one.ratio for one in recorded(lake, UM) if one.first <= DAYS[1] and one.days <= 2}
    good, other = ratios[experiment(0.5).name], ratios[experiment(0.6).name] / 2**0.5
    assert (found.count, found.over_other_ranges) == (2, 1)
    assert found.variance == pytest.approx(np.var([good, other], ddof=1))
    assert trials(lake, Listing.parse("um:ETHUSDT"), *DAYS).count == 0


def test_another_result_of_the_same_experiment_replaces_what_it_earned(lake):
    """The data were replaced: still one trial."""
    put(lake, experiment(0.5), GOOD)
    trials(lake, UM, *DAYS)
    put(lake, experiment(0.5), BAD, identity="b")
    assert trials(lake, UM, *DAYS).count == 1
    (one,) = recorded(lake, UM)
    assert one.identity == "b"
    assert one.ratio < 0


def test_a_damaged_result_is_a_trial_without_a_ratio(lake):
    """It counts, and says nothing of luck."""
    entry = put(lake, experiment(0.5), GOOD)
    lake.store.path(entry.facts["folder"] + "/equity.parquet").write_bytes(b"")
    assert trials(lake, UM, *DAYS).count == 1
    assert [one.ratio for one in recorded(lake, UM)] == [None]


def test_a_damaged_ledger_is_no_lower_count(lake):
    """It is refused, with the file's name."""
    begin(lake, experiment(0.5))
    (path,) = lake.store.path("trials").rglob("*.json")
    path.write_text("{")
    with pytest.raises(CatalogCorrupt, match=path.name):
        trials(lake, UM, *DAYS)
