"""A portfolio from its inputs to its entry, for whoever asks: the shell or an asset."""

from datetime import date
from typing import TYPE_CHECKING

from phoenix_core.alone import made_alone
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.manifest import Entry, Key
from phoenix_core.storage.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Callable

    from phoenix_core.backtest.portfolio.result import PortfolioResult


def made_portfolio(
    lake: Lake, portfolio: Portfolio, day_done: "Callable[[date, int], None]"
) -> "tuple[PortfolioResult, Entry]":
    """Run and publish a portfolio; it is a trial on each of its listings, also if it fails.

    Raises:
        PhoenixError: What `run_portfolio` raises.
    """
    from phoenix_core.backtest.portfolio.publish import ASSET, publish_portfolio  # noqa: PLC0415 - NautilusTrader
    from phoenix_core.backtest.portfolio.run import run_portfolio  # noqa: PLC0415 - likewise
    from phoenix_core.backtest.publish import span_of  # noqa: PLC0415 - likewise
    from phoenix_core.sweeps.trials import enter_portfolio  # noqa: PLC0415 - likewise

    def run_alone(lake: Lake) -> "tuple[PortfolioResult, Entry]":
        enter_portfolio(lake, portfolio)
        result = run_portfolio(lake, portfolio, day_done)
        entry = publish_portfolio(lake, result)
        enter_portfolio(lake, portfolio, entry.facts["identity"])
        return result, entry

    return made_alone(lake, Key(ASSET, span_of(portfolio), portfolio.name), run_alone)
