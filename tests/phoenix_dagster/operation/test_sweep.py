"""A sweep that is launched in a running Dagster: what is asked of it, by its own schema."""

from datetime import date

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.choices import choices
from phoenix_core.sweeps.publish import Sweep
from phoenix_core.sweeps.request import Cut
from phoenix_core.sweeps.variants import variant
from phoenix_dagster.operation.backfill import RunningDagster
from phoenix_dagster.operation.sweep import launch_sweep, launch_variants

DAY = date(2024, 3, 24)
GRID = ["strategy.lpi_entry_threshold=0.6:0.8:0.1", "venue.order_latency_ms=10,30"]


class Asked(RunningDagster):
    """One whose questions go to the schema without a server."""

    def __init__(self, ask):
        super().__init__("http://nowhere")
        self.ask = ask


def wanted(symbol="um:BTCUSDT"):
    return Sweep.of(Experiment.parse(listing=symbol, first=DAY, last=DAY), GRID, Cut())


# Dagster's resolver calls a function that Dagster deprecates.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Function .AssetSelection.sources:DeprecationWarning")
def test_each_point_is_a_partition_and_the_table_comes_after_them(ask, tmp_path):
    """Six variants that a worker can read, the table with the sweep's config, and again the same."""
    lake, dagster = Lake.at(tmp_path / "data"), Asked(ask)
    asked = wanted()
    launched = [launch_sweep(dagster, lake, asked, GRID, Cut()) for _ in range(2)]
    keys = ask.instance.get_dynamic_partitions("um_btcusdt_variants")
    points = asked.grid.points(asked.base)
    assert [variant(lake, Listing.parse("um:BTCUSDT"), key) for key in keys] == [one.experiment for one in points]
    assert len(choices(lake, Listing.parse("um:BTCUSDT"))) == 1
    for one in launched:
        backfill = ask.instance.get_backfill(one)
        subset = backfill.asset_backfill_data.target_subset
        assert {
            key.path[-1]: set(some.get_partition_keys()) for key, some in subset.partitions_subsets_by_asset_key.items()
        } == {"variant": set(keys)}
        assert {key.path[-1] for key in subset.non_partitioned_asset_keys} == {"sweep"}
        config = backfill.run_config["ops"]["sweeps__um__btcusdt__sweep"]["config"]
        assert (config["grid"], config["first"], config["embargo"]) == (GRID, "2024-03-24", -1)
    some = [one.experiment for one in points[:2]]
    subset = ask.instance.get_backfill(
        launch_variants(dagster, lake, Listing.parse("um:BTCUSDT"), some)
    ).asset_backfill_data.target_subset
    (targeted,) = subset.partitions_subsets_by_asset_key.values()
    assert (set(targeted.get_partition_keys()), subset.non_partitioned_asset_keys) == (set(keys[:2]), set())
    with pytest.raises(ConfigInvalid, match="has no asset sweeps/um/ethusdt/variant"):
        launch_sweep(dagster, lake, wanted("um:ETHUSDT"), GRID, Cut())
