"""What a strategy that computes its own signals remembers when its first day begins.

As far back as a day of signals looks (`signals.lookback`): yesterday's trades and depth, and thirty days of open
interest. What was never published is not remembered, which is what the arrays do as well.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from heapq import merge

from nautilus_trader.core.data import Data
from nautilus_trader.core.nautilus_pyo3 import NautilusDataType

from phoenix_core.backtest.feeds import FeedReader
from phoenix_core.backtest.ticks import TickFile
from phoenix_core.catalog.store import catalog_asset, verified_file
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.signals.parameters import OI_DAYS
from phoenix_core.storage import Lake
from phoenix_core.strategies.contract import Feed


def history(lake: Lake, listing: Listing, first: date) -> Iterator[Data]:
    """Yield what is remembered at 00:00 UTC of a day, in the engine's order of ties: trades before other data.

    Raises:
        CatalogCorrupt: A file is not what was published.
    """
    before = [first - timedelta(back) for back in range(OI_DAYS, 0, -1)]
    interest = FeedReader(lake, listing, frozenset({Feed.OPEN_INTEREST}))
    depth = FeedReader(lake, listing, frozenset({Feed.DEPTH}))
    others = [event for day in before for event in interest.events(day)]
    sources = (_trades(lake, listing, before[-1]), iter(depth.events(before[-1])), iter(others))
    yield from merge(*sources, key=lambda event: event.ts_init)


def _trades(lake: Lake, listing: Listing, day: date) -> Iterator[Data]:
    asset = catalog_asset(AGG_TRADES, listing)
    entry = Manifest(lake).find(asset, day)
    if entry is not None and entry.published:
        for chunk in TickFile.at(verified_file(lake, asset, day), NautilusDataType.TradeTick).stream():
            yield from chunk
