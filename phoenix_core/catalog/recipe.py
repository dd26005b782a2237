"""What decides the bytes of catalog days besides their sources: code, registry entry, specification.

Fields are taken unless they are left out by name, so a field that is added counts from its first day.
"""

from typing import Any

from phoenix_core.columns import Column
from phoenix_core.datasets import Dataset
from phoenix_core.instruments.table import history
from phoenix_core.market import Listing, Market
from phoenix_core.recipes import code_digest, plain, recipe, root_in

# Words for people, limits that a row can only fail, and days without files (whose reason is a source).
_NO_BYTES = frozenset({"source", "description", "availability", "max_ratio", "max_bytes"})
# What orders cost and may be, from which day on; rows of market data are the same whatever it is.
_OF_ORDERS = frozenset(
    {"tick", "step", "min_notional", "margin_init", "margin_maint", "maker_fee", "taker_fee"}
    | {"valid_from", "source", "inferred", "assumed"}
)


def catalog_recipe(dataset: Dataset, listing: Listing) -> str:
    """Recipe of the catalog days of a dataset of a listing."""
    return recipe(
        code_digest("catalog.store:convert_day", root_in("catalog.convert:CONVERTERS", dataset.catalog_type.name)),
        dataset=_entry_on(dataset, listing.market),
        specification=plain(history(listing)[0], without=_OF_ORDERS),  # the rest is the same at all times
    )


def instrument_recipe(listing: Listing) -> str:
    """Recipe of a listing's instrument: all its constants, those of other days as well."""
    return recipe(code_digest("catalog.store:record_instrument"), specifications=history(listing))


def consistency_recipe() -> str:
    """Recipe of the comparisons of a day's datasets: their code, tolerances included."""
    return recipe(code_digest("catalog.consistency:compare_day"))


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
