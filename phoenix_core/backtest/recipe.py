"""What decides a result besides the data: code, specification, strategy and venue. Its range is its partition.

A strategy's code is followed from its declaration where it has a folder here; of an imported one it is the
source of its modules (`strategies.source`).
"""

from typing import TYPE_CHECKING

from phoenix_core.instruments.brackets import brackets_of
from phoenix_core.instruments.table import history
from phoenix_core.market import Listing
from phoenix_core.products import BACKTEST, SIGNALS
from phoenix_core.recipes import code_digest, recipe
from phoenix_core.strategies.contract import ImportedStrategy, default_strategy
from phoenix_core.strategies.source import source_digest

if TYPE_CHECKING:
    from phoenix_core.backtest.experiment import Experiment


def backtest_code(listing: Listing) -> str:
    """Digest of code and specification, which every experiment of the default strategy on a listing shares."""
    return _code(listing, *default_strategy().roots)


def _code(listing: Listing, *roots: str) -> str:
    # With parameters of its own a run computes its signals, from what they are always computed from.
    reads = [product.reads(listing.market) for product in (BACKTEST, SIGNALS)]
    constants = {"specifications": history(listing), "brackets": brackets_of(listing)}
    return recipe(code_digest(*BACKTEST.code, *roots), reads=reads, **constants)


def backtest_recipe(experiment: "Experiment") -> str:
    """Recipe of an experiment, the same for all its ranges.

    Raises:
        ConfigInvalid: The source of an imported strategy is not found.
    """
    chosen = experiment.model_dump(mode="json", exclude={"first", "last"})
    listing, strategy = Listing.parse(experiment.listing), experiment.strategy
    if isinstance(strategy, ImportedStrategy):
        source = source_digest(strategy.path, *([strategy.config_path] if strategy.config_path else []))
        return recipe(_code(listing), experiment=chosen, source=source)
    return recipe(backtest_code(listing), experiment=chosen)
