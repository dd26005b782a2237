"""How commands print: tables that pipe well, and one JSON document for programs.

What is printed is decided by the commands; keys of the documents are those of `docs/cli.md`.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any


def print_document(value: Any) -> None:  # noqa: ANN401 - any value that JSON can say
    """Print one JSON document; a decimal or a date is text, a number that is none is null."""
    print(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, (date, Decimal, Path)) else value


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print text in columns, as wide as they must be: the first to the left, others, being figures, to the right."""
    for line in table_lines(heads, rows):
        print(line)


def table_lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, without colour or rules.

    >>> table_lines(("day", "rows"), [("2024-03-28", "7")])
    ['day         rows', '2024-03-28     7']
    """
    cells = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(heads))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]


def duration(seconds: float) -> str:
    """A time for people.

    >>> duration(5), duration(200), duration(9000)
    ('5 s', '3 min 20 s', '2 h 30 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
