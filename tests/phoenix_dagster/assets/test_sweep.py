"""Sweeps in Dagster: variants as partitions, several in a run, and the table from the launchpad."""

import shutil

import dagster as dg
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.manifest import Manifest
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.choices import choices
from phoenix_core.sweeps.grid import Grid
from phoenix_core.sweeps.publish import Sweep, run_sweep
from phoenix_core.sweeps.request import Cut
from phoenix_core.sweeps.variants import describe_variants

VARIANT = dg.AssetKey(["sweeps", "um", "btcusdt", "variant"])
SWEEP = dg.AssetKey(["sweeps", "um", "btcusdt", "sweep"])
SET = "um_btcusdt_variants"
GRID = ["strategy.lpi_entry_threshold=0.6,0.8"]


@pytest.fixture
def lake(market, tmp_path):
    return Lake.at(shutil.copytree(market.lake.store.root, tmp_path / "data"))


@pytest.fixture
def defs(lake, make_defs, market):
    return make_defs(lake.store.root, market.archive)


@pytest.fixture
def base(market):
    return Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[0])


def config_of(**fields):
    return {"ops": {SWEEP.to_python_identifier(): {"config": fields}}}


def range_of(keys):
    return {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}


def said(instance, key, partition=None):
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(key, asset_partitions=[partition] if partition else None), limit=1
    ).records[0]
    return {name: value.value for name, value in found.asset_materialization.metadata.items()}


def test_several_variants_share_a_run(lake, defs, base, instance, materialize):
    """Each is a partition with its figures and the way to its report, and an ordinary published result."""
    points = Grid.parse(GRID).points(base)
    keys = describe_variants(lake, [one.experiment for one in points])
    instance.add_dynamic_partitions(SET, keys)
    assert materialize(defs, "variant", tags=range_of(keys)).success
    assert instance.get_materialized_partitions(VARIANT) == set(keys)
    for key, point in zip(keys, points, strict=True):
        entry = Manifest(lake).find("um/btcusdt/continuous_backtest", str(base.first), point.experiment.name)
        figures = said(instance, VARIANT, key)
        assert figures["identity"] == entry.facts["identity"]
        assert figures["report"] == f"http://127.0.0.1:3001/{entry.facts['folder']}/report.html"
        assert figures["experiment"] == entry.facts["experiment"]


def test_a_variant_that_fails_is_named_and_the_others_are_kept(lake, defs, base, instance, materialize):
    """One of two has no day to run on; the run fails, the other is done."""
    other = base.model_copy(update={"first": base.first.replace(day=1), "last": base.first.replace(day=1)})
    keys = describe_variants(lake, [base, other])
    instance.add_dynamic_partitions(SET, keys)
    done = materialize(defs, "variant", tags=range_of(keys), raise_on_error=False)
    assert not done.success
    why = done.failure_data_for_node(VARIANT.to_python_identifier()).user_failure_data.description
    assert why.startswith("1 of 2 variants failed, the others are kept.")
    assert f"{keys[1]}: InputMissing" in why
    assert instance.get_materialized_partitions(VARIANT) == {keys[0]}


def test_a_partition_that_nobody_described_says_what_to_do(defs, instance, materialize):
    """It was added by hand in the UI, perhaps."""
    instance.add_dynamic_partitions(SET, ["674f2cc080d8@2024-03-24_2024-03-24"])
    done = materialize(defs, "variant", partition_key="674f2cc080d8@2024-03-24_2024-03-24", raise_on_error=False)
    why = done.failure_data_for_node(VARIANT.to_python_identifier()).user_failure_data.description
    assert why.startswith("No variant '674f2cc080d8@2024-03-24_2024-03-24' of um:BTCUSDT is described")


def test_the_launchpad_sweeps_as_the_command_does(lake, defs, base, market, instance, materialize, tmp_path):
    """The same table, byte for byte; its points stand among the variants, and the page is linked."""
    other = Lake.at(shutil.copytree(lake.store.root, tmp_path / "other"))
    swept = run_sweep(other, Sweep.of(base, GRID, Cut()), 1, lambda _: None)
    config = config_of(grid=GRID, first=str(base.first))
    assert materialize(defs, "sweep", config=config).success
    folder = swept.entry.facts["folder"]
    assert lake.read(f"{folder}/sweep.json") == other.read(f"{folder}/sweep.json")
    found = said(instance, SWEEP)
    assert found["page"] == f"http://127.0.0.1:3001/{folder}/sweep.html"
    assert (found["points"], found["trials"], found["best"]) == (2, 2, swept.table.judgement.best)
    assert instance.get_materialized_partitions(VARIANT) == set(instance.get_dynamic_partitions(SET))
    assert len(instance.get_dynamic_partitions(SET)) == 2
    assert len(choices(lake, market.listing)) == 1
    # Without a grid nothing is asked, as when all of a graph is materialized: the last table stays in sight.
    assert materialize(defs, "sweep").success
    assert said(instance, SWEEP) == found


def test_without_a_grid_there_is_no_sweep(defs, instance, materialize):
    """A green asset that says so: nothing was run, and nothing failed."""
    assert materialize(defs, "sweep").success
    assert said(instance, SWEEP) == {
        "published": False,
        "reason": "No grid was given: give one in the launchpad, or use `phoenix sweep`.",
    }
