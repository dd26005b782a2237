"""What decides a portfolio's result besides the data: code, specifications of its listings, strategy, venue, limits."""

from typing import TYPE_CHECKING

from phoenix_core.instruments.brackets import brackets_of
from phoenix_core.instruments.table import history
from phoenix_core.market import Listing
from phoenix_core.products import BACKTEST, SIGNALS
from phoenix_core.recipes import code_digest, recipe
from phoenix_core.strategies.contract import ImportedStrategy, default_strategy
from phoenix_core.strategies.source import source_digest

if TYPE_CHECKING:
    from phoenix_core.backtest.portfolio.portfolio import Portfolio

# No product has them: a portfolio is of several listings, and a product of each.
ROOTS = ("backtest.portfolio.run:run_portfolio", "backtest.portfolio.publish:publish_portfolio")


def portfolio_code() -> str:
    """Digest of the code that all portfolios of the default strategy share."""
    return code_digest(*ROOTS, *default_strategy().roots)


def portfolio_recipe(portfolio: "Portfolio") -> str:
    """Recipe of a portfolio, the same for all its ranges.

    Raises:
        ConfigInvalid: The source of an imported strategy is not found.
    """
    listings = [Listing.parse(name) for name in portfolio.listings]
    told = {
        "portfolio": portfolio.model_dump(mode="json", exclude={"first", "last"}),
        "reads": [product.reads(listings[0].market) for product in (BACKTEST, SIGNALS)],
        "specifications": [history(one) for one in listings],
        "brackets": [brackets_of(one) for one in listings],
    }
    strategy = portfolio.strategy
    if isinstance(strategy, ImportedStrategy):
        source = source_digest(strategy.path, *([strategy.config_path] if strategy.config_path else []))
        return recipe(code_digest(*ROOTS), source=source, **told)
    return recipe(portfolio_code(), **told)
