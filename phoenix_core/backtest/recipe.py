"""What decides a result besides the data: code, specification, strategy and venue. Its range is its partition."""

from typing import TYPE_CHECKING

from phoenix_core.instruments.table import history
from phoenix_core.market import Listing
from phoenix_core.recipes import code_digest, recipe

if TYPE_CHECKING:
    from phoenix_core.backtest.experiment import Experiment


def backtest_code(listing: Listing) -> str:
    """Digest of code and specification, which every experiment on a listing shares."""
    return recipe(code_digest("backtest.run:run", "backtest.publish:publish"), specifications=history(listing))


def backtest_recipe(experiment: "Experiment") -> str:
    """Recipe of an experiment, the same for all its ranges."""
    chosen = experiment.model_dump(mode="json", exclude={"first", "last"})
    return recipe(backtest_code(Listing.parse(experiment.listing)), experiment=chosen)
