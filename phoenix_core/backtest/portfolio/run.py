"""Run a portfolio: every listing at once, with one account."""

from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.portfolio.result import PortfolioResult, portfolio_result
from phoenix_core.backtest.together import DayDone, quietly, run_together
from phoenix_core.execution.limits import Limits
from phoenix_core.storage.lake import Lake


def run_portfolio(lake: Lake, portfolio: Portfolio, day_done: DayDone = quietly) -> PortfolioResult:
    """Run a portfolio over the days of its range.

    Each listing is replayed on the days that it has. What it holds before a day that it lacks is closed, as in a
    backtest, whatever the others do. Entries need their initial margin besides that of all others.

    Args:
        lake: The data folder.
        portfolio: What to run.
        day_done: Told each day as it ends, with the events so far.

    Raises:
        ConfigInvalid: The strategy can't be imported or made of its config.
        InputMissing: Not one day of the range can be replayed for one of the listings.
        CatalogCorrupt: A file is not what was published.
        StrategyFailed: A strategy raised, or the engine stopped early.
        LedgerUnbalanced: The parts of the PnL are not the account's change.
    """
    chosen = portfolio.limits
    limits = Limits(chosen.max_positions, chosen.max_gross_leverage, holds_margin=len(portfolio.listings) > 1)
    results, balance = run_together(lake, portfolio.experiments, limits, day_done)
    return portfolio_result(portfolio, results, balance, limits.refused)
