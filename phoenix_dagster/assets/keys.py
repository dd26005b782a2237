"""Asset keys, a contract: `[market, symbol, name]`, all in lower case; and groups, one a symbol and stage."""

import dagster as dg

from phoenix_core.market import Listing

OWNERS = ["team:phoenix"]


def key_of(listing: Listing, name: str) -> dg.AssetKey:
    """Key of an asset of a listing.

    >>> key_of(Listing.parse("um:BTCUSDT"), "agg_trades").to_user_string()
    'um/btcusdt/agg_trades'
    """
    return dg.AssetKey([listing.market.value, listing.symbol.lower(), name])


def group_of(listing: Listing, stage: str) -> str:
    """Group of a stage of a listing.

    >>> group_of(Listing.parse("um:BTCUSDT"), "raw")
    'um_btcusdt_raw'
    """
    return f"{listing.market.value}_{listing.symbol.lower()}_{stage}"
