"""How commands print: tables that pipe well, ranges of days for people, and one JSON document for programs.

What is printed is decided by the commands; keys of the documents are those of `docs/cli.md`.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
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


def ranges_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last of each unbroken range of days."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def ranges_text(days: Iterable[date]) -> str:
    """Days as a person writes them.

    >>> ranges_text([date(2024, 3, 28), date(2024, 3, 29), date(2024, 3, 30), date(2024, 4, 2)])
    '2024-03-28…30, 2024-04-02'
    >>> ranges_text([date(2024, 2, 29), date(2024, 3, 1)])
    '2024-02-29…03-01'
    """
    return ", ".join(_range_text(first, last) for first, last in ranges_of(days))


def _range_text(first: date, last: date) -> str:
    if first == last:
        return str(first)
    if first.year != last.year:
        return f"{first}…{last}"
    return f"{first}…{last:%d}" if first.month == last.month else f"{first}…{last:%m-%d}"
