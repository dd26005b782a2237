"""What decides a result besides the data: code, specification, strategy and venue. Its range is its partition."""

from typing import TYPE_CHECKING

from phoenix_core.instruments.table import history
from phoenix_core.market import Listing
from phoenix_core.products import BACKTEST, SIGNALS
from phoenix_core.recipes import code_digest, recipe

if TYPE_CHECKING:
    from phoenix_core.backtest.experiment import Experiment


def backtest_code(listing: Listing) -> str:
    """Digest of code and specification, which every experiment on a listing shares."""
    # With parameters of its own a run computes its signals, from what they are always computed from.
    reads = [product.reads(listing.market) for product in (BACKTEST, SIGNALS)]
    return recipe(code_digest(*BACKTEST.code), reads=reads, specifications=history(listing))


def backtest_recipe(experiment: "Experiment") -> str:
    """Recipe of an experiment, the same for all its ranges."""
    chosen = experiment.model_dump(mode="json", exclude={"first", "last"})
    return recipe(backtest_code(Listing.parse(experiment.listing)), experiment=chosen)
