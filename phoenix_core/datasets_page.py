"""The page `docs/datasets.md`, from the registries: `python -m phoenix_core.datasets_page > docs/datasets.md`."""

import sys

from phoenix_core.datasets import DATASETS, Dataset
from phoenix_core.products import DERIVED, Input, Partitions, Product, catalog_product, raw_product

_HEAD = """# Datasets and products

Made from `phoenix_core/datasets.py` and `phoenix_core/products.py`; do not edit. Each product is an asset of every
symbol on its markets, in the group of its stage. Columns of a dataset are in file order. Klines come at further
intervals, too.

| product | stage | made from | covers | markets |
|---|---|---|---|---|
"""


def datasets_page() -> str:
    """Write the page."""
    catalog = tuple(map(catalog_product, DATASETS))
    overview = "".join(_row(product) for product in (*map(raw_product, DATASETS), *catalog, *DERIVED))
    products = "".join(_product_section(product) for product in (*catalog, *DERIVED))
    return _HEAD + overview + "".join(_section(dataset) for dataset in DATASETS) + products


def _row(product: Product) -> str:
    inputs = (
        ", ".join([*(f"`{one.product.name}`" for one in product.inputs), *_read_of_spot(product)])
        or "the archive, people's own files"
    )
    covers = "a day" if product.partitions is Partitions.DAILY else "a range"
    return f"| `{product.name}` | {product.stage.value} | {inputs} | {covers} | {', '.join(product.markets)} |\n"


def _product_section(product: Product) -> str:
    facts = [f"made from {', '.join([*map(_read, product.inputs), *_read_of_spot(product)])}"]
    facts += [f"check `{rule.name}`{' (blocks)' if rule.blocks else ''}: {rule.description}" for rule in product.checks]
    facts += [f"columns: `phoenix_core.{product.columns}`"] if product.columns else []
    facts += ["a partition has one result for each experiment"] if product.has_variants else []
    bullets = "\n".join(f"* {fact}" for fact in facts)
    return f"\n## {product.name}\n\n{product.description}\n\n{bullets}\n"


def _read(one: Input) -> str:
    back = f" (and {one.days_back} {'day' if one.days_back == 1 else 'days'} before)" if one.days_back else ""
    return f"`{one.product.name}`{back}"


def _read_of_spot(product: Product) -> list[str]:
    return [f"`{one.name}` of spot" for one in product.spot_inputs]


def _section(dataset: Dataset) -> str:
    available = "; ".join(
        f"{where} {days.first or '…'} to {days.last or 'today'}" for where, days in dataset.availability.items()
    )
    columns = next(iter(sorted(dataset.columns.values(), key=len, reverse=True)))
    facts = [
        f"archive folder `{dataset.folder}`, {dataset.published.value}, on {', '.join(dataset.markets)}",
        f"catalog type `{dataset.catalog_type.value}`, in the asset `{dataset.catalog_name}`",
        f"availability: {available or 'not known; the archive is asked'}",
        f"source: {dataset.source}",
    ]
    rows = [
        f"| `{column.name}` | {column.kind.value} | {column.unit}{_only_on(dataset, column.name)} |"
        for column in columns
    ]
    others = [
        f"| `{column.name}` | {column.kind.value} | {column.unit}{_only_on(dataset, column.name)} |"
        for market in dataset.columns.values()
        for column in market
        if column not in columns
    ]
    table = "\n".join(["| column | kind | unit |", "|---|---|---|", *rows, *others])
    bullets = "\n".join(f"* {fact}" for fact in facts)
    return f"\n## {dataset.name}\n\n{dataset.description}\n\n{bullets}\n\n{table}\n"


def _only_on(dataset: Dataset, name: str) -> str:
    on = [market.value for market, columns in dataset.columns.items() if name in {c.name for c in columns}]
    return "" if len(on) == len(dataset.columns) else f" (only {', '.join(on)})"


if __name__ == "__main__":
    sys.stdout.write(datasets_page())
