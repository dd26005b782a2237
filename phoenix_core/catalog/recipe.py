"""What decides the bytes of catalog days besides their sources: code, registry entry, specification.

Fields are taken unless they are left out by name, so a field that is added counts from its first day.
"""

from typing import Any

from phoenix_core.columns import Column
from phoenix_core.datasets import Dataset
from phoenix_core.instruments.table import history
from phoenix_core.market import Listing, Market
from phoenix_core.products import Product, catalog_product
from phoenix_core.recipes import code_digest, plain, reached, recipe, root_in

# Words for people, limits that a row can only fail, and which files there are (what a day is made of is a source).
_NO_BYTES = frozenset({"source", "description", "availability", "has_months", "max_ratio", "max_bytes"})
_SPECIFICATION = "instruments.table:specification"  # its rows are no code
# What orders cost and may be, from which day on; rows of market data are the same whatever it is.
_OF_ORDERS = frozenset(
    {"tick", "step", "min_notional", "margin_init", "margin_maint", "maker_fee", "taker_fee"}
    | {"valid_from", "source", "inferred", "assumed", "largest_position"}
)


def catalog_recipe(dataset: Dataset, listing: Listing) -> str:
    """Recipe of the catalog days of a dataset of a listing."""
    return recipe(
        code_digest(*catalog_product(dataset).code, root_in("catalog.convert:CONVERTERS", dataset.catalog_type.name)),
        dataset=_entry_on(dataset, listing.market),
        specification=plain(history(listing)[0], without=_OF_ORDERS),  # the rest is the same at all times
    )


def derived_recipe(product: Product, listing: Listing) -> str:
    """Recipe of a product without parameters: its code, what it reads, and if it asks all constants of the listing.

    Those of other days count as well.
    """
    constants = history(listing) if _SPECIFICATION in reached(*product.code) else None
    return recipe(code_digest(*product.code), reads=product.reads(listing.market), specifications=constants)


def _entry_on(dataset: Dataset, market: Market) -> dict[str, Any]:
    """A registry entry as far as it concerns a market: what holds elsewhere rebuilds nothing here."""
    by_market = {"columns", "labels"}
    entry: dict[str, Any] = plain(dataset, without=_NO_BYTES | by_market | {"time", "key", "order"})
    return entry | {
        "columns": [plain(column, without={"unit"}) for column in dataset.columns[market]],
        "labels": dataset.labels.get(market, ()),
        "time": dataset.time.name,
        "key": _names(dataset.key),
        "order": _names(dataset.order),
    }


def _names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]
