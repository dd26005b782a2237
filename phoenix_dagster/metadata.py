"""Entries of the manifest as metadata that the UI shows and plots."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.catalog.columns import logical_type, meaning
from phoenix_core.columns import Column, Kind
from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing

if TYPE_CHECKING:
    from phoenix_core.sources.lines import CsvSummary

Metadata = dict[str, Any]
ROWS = "dagster/row_count"  # shown and plotted as such
_LATER = "counted by its conversion, which tells it in an observation"
_RULES = ("dropped_", "repaired_")
# Kinds whose names say how a cell is written, by what it holds.
_TYPES = {Kind.EPOCH: "timestamp", Kind.CLOCK: "timestamp", Kind.FLAG: "boolean"}


def of_entry(entry: Entry, seconds: float, location: str) -> Metadata:
    """Metadata of a published or knowingly absent day: every number under a name of its own."""
    background = {"duration_seconds": round(seconds, 3), "data_version": entry.data_version}
    if not entry.published:
        return {"published": False, "reason": entry.reason, **background}
    metadata: Metadata = {f"rows_{name}": count for name, count in entry.counts.items()}
    for rule in _RULES:
        metadata[f"rows_{rule}in_all"] = sum(n for name, n in entry.counts.items() if name.startswith(rule))
    for bound in ("first_ns", "last_ns"):
        if isinstance(entry.facts.get(bound), int):
            metadata[bound.replace("_ns", "_time")] = dg.MetadataValue.timestamp(entry.facts[bound] / 1e9)
    plain = {key: value for key, value in entry.facts.items() if key not in {"first_ns", "last_ns"}}
    return {
        **metadata,
        **plain,
        "bytes": entry.bytes,
        "path": dg.MetadataValue.path(location),
        "sha256": entry.sha256,
        **background,
        "published": True,
    }


def of_csv(dataset: Dataset, listing: Listing, summary: "CsvSummary") -> Metadata:
    """Metadata of a file as published: rows, first and last of them, and their times as written."""
    is_header = summary.head[0][:1].isalpha() if summary.head else False
    times = _time_range(dataset, listing, summary.head[is_header : is_header + 1], summary.last)
    shown = [*summary.head, "…", summary.last] if summary.last else [*summary.head, "…"]
    return {
        **({"rows": _LATER} if summary.lines is None else {ROWS: summary.lines - is_header}),
        "csv_bytes": summary.bytes,
        **times,
        "preview": dg.MetadataValue.md("```\n" + "\n".join(shown) + "\n```"),
    }


def _time_range(dataset: Dataset, listing: Listing, first: tuple[str, ...], last: str) -> dict[str, str]:
    """Times of the first and the last row, as published: rows need not be in order."""
    at = [column.name for column in dataset.columns[listing.market]].index(dataset.time.name)
    rows = {"first_row_time": first[0] if first else "", "last_row_time": last if first else ""}
    return {name: row.split(",")[at] for name, row in rows.items() if row and row.count(",") >= at}


def column_schema(columns: Sequence[Column]) -> dg.TableSchema:
    """Columns of the registry as the UI's column schema."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=_TYPES.get(column.kind, column.kind.value),
                description=column.unit[:1].upper() + column.unit[1:],
                constraints=dg.TableColumnConstraints(nullable=column.may_be_blank),
            )
            for column in columns
        ]
    )


def arrow_schema(fields: Mapping[str, str]) -> dg.TableSchema:
    """Columns of a file as the UI's column schema: what they hold, not how it is stored."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=name, type=logical_type(name, kind), description=meaning(name))
            for name, kind in fields.items()
        ]
    )


def preview(rows: Sequence[Mapping[str, object]], fields: Mapping[str, str]) -> dg.TableMetadataValue:
    """First rows of a file as people read them: times with a clock, decimals without trailing zeros."""
    return table(
        [{name: _readable(value, logical_type(name, fields[name])) for name, value in row.items()} for row in rows]
    )


def _readable(value: object, logical: str) -> object:
    if isinstance(value, int) and logical.startswith("timestamp"):
        seconds, nanoseconds = divmod(value, 10**9)
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09d}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value


def table(rows: Sequence[Mapping[str, object]]) -> dg.TableMetadataValue:
    """A few rows as a table; every value as text, so that decimals stay exact."""
    records = [dg.TableRecord({name: str(value) for name, value in row.items()}) for row in rows]
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in rows[0]]) if rows else dg.TableSchema([])
    return dg.MetadataValue.table(records, schema=schema)
