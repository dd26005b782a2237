"""A sweep in a Dagster that runs elsewhere: its points as partitions, spread over whatever does the runs there."""

from collections.abc import Sequence

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.publish import Sweep, choose
from phoenix_core.sweeps.request import Cut
from phoenix_core.sweeps.variants import describe_variants
from phoenix_dagster.assets.config_schema import config_of
from phoenix_dagster.assets.keys import sweep_key_of, variants_of
from phoenix_dagster.operation.backfill import RunningDagster


def launch_sweep(dagster: RunningDagster, lake: Lake, wanted: Sweep, grid: Sequence[str], cut: Cut) -> str:
    """Launch a backfill of a sweep's points and, when all are there, of its table; give its id.

    Args:
        dagster: Where it runs; its runs use this data folder.
        lake: The data folder.
        wanted: The sweep.
        grid: Its axes, as they were asked for.
        cut: How its range is cut, likewise.

    Raises:
        ConfigInvalid: A search, a point that the experiment refuses, or a Dagster without this symbol.
        FinalError: Dagster refuses the backfill.
    """
    if wanted.search is not None:
        raise ConfigInvalid(
            "A search draws its points from what others gave, so they can't be launched all together: launch those of "
            "each round (`launch_variants`)."
        )
    base, listing = wanted.base, Listing.parse(wanted.base.listing)
    table = sweep_key_of(listing, "sweep")
    choose(lake, wanted)
    keys = describe_variants(lake, [point.experiment for point in wanted.grid.points(base)])
    asked = config_of(base, without=frozenset({"listing", "first", "last"})) | config_of(cut)
    days = {"first": base.first.isoformat(), "last": base.last.isoformat()}
    config = {"ops": {table.to_python_identifier(): {"config": asked | days | {"grid": list(grid)}}}}
    return dagster.launch_named(
        sweep_key_of(listing, "variant").path, keys, table.path, set_name=variants_of(listing), config=config
    )


def launch_variants(dagster: RunningDagster, lake: Lake, listing: Listing, experiments: Sequence[Experiment]) -> str:
    """Launch a backfill of some experiments alone, such as a search has drawn together; give its id.

    Raises:
        ConfigInvalid: A Dagster without this symbol.
        FinalError: Dagster refuses the backfill.
    """
    keys = describe_variants(lake, experiments)
    return dagster.launch_named(
        sweep_key_of(listing, "variant").path, keys, (), set_name=variants_of(listing), config={}
    )
