"""Asset keys, a contract: `[market, symbol, name]`, all in lower case; and what else of an asset its product says."""

from collections.abc import Collection

import dagster as dg

from phoenix_core.market import Listing
from phoenix_core.products import Product, Stage, asset_name

OWNERS = ["team:phoenix"]


def key_of(listing: Listing, name: str) -> dg.AssetKey:
    """Key of an asset of a listing.

    >>> key_of(Listing.parse("um:BTCUSDT"), "agg_trades").to_user_string()
    'um/btcusdt/agg_trades'
    """
    return dg.AssetKey(asset_name(listing, name).split("/"))


def sweep_key_of(listing: Listing, name: str) -> dg.AssetKey:
    """Key of what a listing's sweeps are made of: outside of its own, whose partitions are days.

    >>> sweep_key_of(Listing.parse("um:BTCUSDT"), "variant").to_user_string()
    'sweeps/um/btcusdt/variant'
    """
    return dg.AssetKey(["sweeps", *asset_name(listing, name).split("/")])


def variants_of(listing: Listing) -> str:
    """Name of the partitions of a listing's variants.

    >>> variants_of(Listing.parse("um:BTCUSDT"))
    'um_btcusdt_variants'
    """
    return f"{listing.path.replace('/', '_')}_variants"


def group_of(listing: Listing, stage: Stage) -> str:
    """Group of a stage of a listing.

    >>> group_of(Listing.parse("um:BTCUSDT"), Stage.RAW)
    'um_btcusdt_raw'
    """
    return f"{listing.market.value}_{listing.symbol.lower()}_{stage.value}"


def deps_of(product: Product, listing: Listing, listings: Collection[Listing] = ()) -> list[dg.AssetKey]:
    """Keys of what a product is made from. All are of the same day: the look-back is the stage's own business.

    Args:
        product: What is made.
        listing: Of which market and symbol.
        listings: All that have assets; what is read of spot is a dependency where it is one.
    """
    ours = [key_of(listing, one.product.name) for one in product.inputs_on(listing.market)]
    on_spot = product.spot_assets(listing) if listing.on_spot in listings else ()
    return [*ours, *(dg.AssetKey(name.split("/")) for name in on_spot)]


def check_specs_of(product: Product, listing: Listing) -> list[dg.AssetCheckSpec]:
    """Checks of a product; those that block hold up what follows."""
    key = key_of(listing, product.name)
    return [
        dg.AssetCheckSpec(rule.name, asset=key, description=rule.description, blocking=rule.blocks)
        for rule in product.checks
    ]
