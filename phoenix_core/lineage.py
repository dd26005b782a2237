"""What a day of a product is made from, by the registry of products and the manifest.

Nothing is made here, and nothing here is heavy to import: sensors ask whether days are up to date.
"""

from datetime import date, timedelta

from phoenix_core.manifest import Entry, Key, Manifest, Remembered
from phoenix_core.market import Listing
from phoenix_core.products import Product


def input_entries(manifest: Manifest, product: Product, listing: Listing, day: date) -> dict[str, Entry | None]:
    """Entries of all that a day of a product reads: today's by asset, earlier ones by `asset@day`."""
    keys = {}
    for one in product.inputs_on(listing.market):
        asset = one.product.asset(listing)
        for back in range(one.days_back + 1):
            at = day - timedelta(back)
            keys[f"{asset}@{at}" if back else asset] = Key(asset, at.isoformat())
    keys |= {asset: Key(asset, day.isoformat()) for asset in product.spot_assets(listing)}
    found = manifest.find_many(keys.values())
    return {name: found.get(key) for name, key in keys.items()}


def sources_of(manifest: Manifest, product: Product, listing: Listing, day: date) -> dict[str, str]:
    """Data versions that a day of a product is made from.

    Where a required input of the day itself is knowingly absent so is the product, whatever came before.
    """
    inputs = input_entries(manifest, product, listing, day)
    required = (inputs[one.product.asset(listing)] for one in product.inputs_on(listing.market) if one.is_required)
    is_absent = any(entry is not None and not entry.published for entry in required)
    return {
        name: entry.data_version
        for name, entry in inputs.items()
        if entry is not None and not (is_absent and "@" in name)
    }


def out_of_date(manifest: Manifest, product: Product, listing: Listing, first: date) -> list[date]:
    """Days from the first on, as far as its look-back reaches, that were made from other bytes than are here."""
    remembered = Remembered(manifest.lake)  # as many days look back on mostly the same ones
    reach = max(one.days_back for one in product.inputs_on(listing.market))
    days = [first + timedelta(ahead) for ahead in range(reach + 1)]
    entries = manifest.find_days(product.asset(listing), days)
    return [
        day for day, entry in entries.items() if dict(entry.sources) != sources_of(remembered, product, listing, day)
    ]
