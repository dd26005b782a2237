"""An inventory as one document of plain values: what `--json` prints and the page and the table show.

    {"folder", "holdings": [{"market", "symbol", "dataset", "interval", "files", "days", "first", "last",
     "missing", "double", "bytes", "checksums", "columns", "first_rows", "last_row", "doubt"}],
     "ambiguous": [{"path", "reason"}], "broken": [...], "others": number}

Days are ISO text, runs of them shortened as `2024-03-01…2024-03-05`; bytes are those on disk.
"""

from collections.abc import Iterator
from typing import Any

from phoenix_core.errors import ArchiveCorrupt
from phoenix_core.sources.local_tree.inventory import Holding, Inventory, Preview, Unplaced, preview, spans

_MIB = 1 << 20


def document_of(inventory: Inventory) -> dict[str, Any]:
    """All that an inventory found, with a preview of each holding."""
    return {
        "folder": str(inventory.root),
        "holdings": [_holding(one) for one in inventory.holdings],
        "ambiguous": [_unplaced(one, inventory) for one in inventory.ambiguous],
        "broken": [_unplaced(one, inventory) for one in inventory.broken],
        "others": len(inventory.others),
    }


def lines_of(document: dict[str, Any]) -> Iterator[str]:
    """The document as a table, with what is missing, double or in doubt below each row, and a preview."""
    yield (
        f"{'market':<7}{'symbol':<20}{'dataset':<28}{'files':>7}{'days':>7}  {'first':<12}{'last':<12}"
        f"{'missing':>8}{'double':>8}{'MiB':>12}"
    )
    for one in document["holdings"]:
        yield (
            f"{one['market']:<7}{one['symbol']:<20}{one['dataset']:<28}{one['files']:>7,}{one['days']:>7,}  "
            f"{one['first']:<12}{one['last']:<12}{one['missing']['count']:>8,}{one['double']['count']:>8,}"
            f"{one['bytes'] / _MIB:>12,.2f}"
        )
    for one in document["holdings"]:
        yield ""
        yield f"{one['market']}:{one['symbol']} {one['dataset']}"
        for name in ("missing", "double"):
            if one[name]["count"]:
                yield f"  {name:<8} {one[name]['days']}"
        if one["doubt"]:
            yield f"  doubt    {one['doubt']}"
        yield from (
            f"  {line}" for line in (",".join(one["columns"]), *one["first_rows"], "…", one["last_row"]) if line
        )
    for kind in ("ambiguous", "broken"):
        if document[kind]:
            yield ""
            yield f"{len(document[kind])} {kind}"
            yield from (f"  {one['path']}: {one['reason']}" for one in document[kind])
    yield ""
    yield f"{sum(one['files'] for one in document['holdings']):,} files of the archive, {document['others']:,} others"


def _holding(holding: Holding) -> dict[str, Any]:
    by_day = holding.by_day
    double = [day for day, files in by_day.items() if len(files) > 1]
    missing = holding.missing
    rows = _preview(holding)
    return {
        "market": holding.listing.market.value,
        "symbol": holding.listing.symbol,
        "dataset": holding.dataset.name,
        "interval": holding.dataset.interval.value if holding.dataset.interval else None,
        "files": len(holding.files),
        "days": len(by_day),
        "first": min(by_day).isoformat(),
        "last": max(by_day).isoformat(),
        "missing": {"count": len(missing), "days": spans(missing)},
        "double": {"count": len(double), "days": spans(double)},
        "bytes": holding.bytes,
        "checksums": sum(file.has_checksum for file in holding.files),
        "columns": list(rows.columns),
        "first_rows": list(rows.first),
        "last_row": rows.last,
        "doubt": rows.doubt,
    }


def _preview(holding: Holding) -> Preview:
    try:
        return preview(holding)
    except ArchiveCorrupt as error:
        return Preview((), (), "", str(error))


def _unplaced(one: Unplaced, inventory: Inventory) -> dict[str, str]:
    return {"path": str(one.path.relative_to(inventory.root)), "reason": one.reason}
