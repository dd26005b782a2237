"""Where a result differs from what NautilusTrader's replay gives of the same experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.errors import PhoenixError, ReplayDiffers
from phoenix_core.storage.lake import Lake

TABLES = ("fills", "ledger", "equity")


@dataclass(frozen=True, slots=True)
class Compared:
    """What two results are compared by.

    Attributes:
        tables: `TABLES`, as they are published.
        figures: The balance at the end, orders by how they ended, and the interval where quotes were implied.
    """

    tables: Mapping[str, pl.DataFrame]
    figures: Mapping[str, Any]

    @classmethod
    def of(cls, result: Result) -> Self:
        """Of a result that is at hand."""
        tables = dict(zip(TABLES, (result.fills, result.ledger.rows, result.equity), strict=True))
        return cls(
            tables,
            {
                "final_balance": str(result.final_balance),
                "orders": result.orders,
                "interval": result.interval,
            },
        )


def confirm(lake: Lake, experiment: Experiment, found: Compared) -> None:
    """Hold a result against the engine's replay of its experiment.

    Raises:
        ReplayDiffers: It gives another, or none; the first fill that differs is named.
    """
    try:
        expected = Compared.of(run(lake, experiment))
    except PhoenixError as error:
        raise ReplayDiffers(
            f"{experiment.name} has a result over arrays, and none by NautilusTrader: {error}"
        ) from error
    if differences := _differences(found, expected):
        raise ReplayDiffers(
            f"Replay over arrays of {experiment.name} differs from NautilusTrader's in its {differences[0]}. "
            "This is a defect of Phoenix: sweep by the engine."
        )


def _differences(found: Compared, expected: Compared) -> list[str]:
    tables = [
        f"{name}: {_first_row(table, expected.tables[name])}"
        for name, table in found.tables.items()
        if not table.equals(expected.tables[name])
    ]
    figures = [
        f"{name}: {figure}, by the engine {expected.figures[name]}"
        for name, figure in found.figures.items()
        if figure != expected.figures[name]
    ]
    return tables + figures


def _first_row(found: pl.DataFrame, expected: pl.DataFrame) -> str:
    both = zip(found.iter_rows(named=True), expected.iter_rows(named=True), strict=False)
    shorter = min(found.height, expected.height)
    number = next((number for number, (one, other) in enumerate(both) if one != other), shorter)
    rows = (table.row(number, named=True) if number < table.height else None for table in (found, expected))
    one, other = (
        "none" if row is None else ", ".join(f"{name} {value}" for name, value in row.items()) for row in rows
    )
    return f"row {number} is [{one}], by the engine [{other}]"
