"""The page `docs/datasets.md`, from the registry: `python -m phoenix_core.datasets_page > docs/datasets.md`."""

import sys

from phoenix_core.datasets import DATASETS, Dataset


def datasets_page() -> str:
    """Write the page."""
    head = "# Datasets\n\nMade from `phoenix_core/datasets.py`; do not edit. Columns are in file order.\n"
    return head + "".join(_section(dataset) for dataset in DATASETS)


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
