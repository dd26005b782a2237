"""An inventory as one document of plain values: what `--json` prints, and what the page and the table show.

    {"folder", "holdings": [{"market", "symbol", "dataset", "interval", "files", "days", "first", "last",
     "missing", "double", "bytes", "checksums", "columns", "first_rows", "last_row", "doubt"}],
     "ambiguous": [{"path", "reason"}], "broken": [...], "unread": [{"reason", "files", "first"}], "others": number}

Days are ISO text, runs of them shortened as `2024-03-01…05`; bytes are those on disk.
"""

from typing import Any

from phoenix_core.errors import ArchiveCorrupt
from phoenix_core.market import ranges_text
from phoenix_core.sources.local_tree.inventory import Holding, Inventory, Preview, Unplaced, preview


def document_of(inventory: Inventory) -> dict[str, Any]:
    """All that an inventory found, with a preview of each holding."""
    return {
        "folder": str(inventory.root),
        "holdings": [_holding(one) for one in inventory.holdings],
        "ambiguous": [_unplaced(one, inventory) for one in inventory.ambiguous],
        "broken": [_unplaced(one, inventory) for one in inventory.broken],
        "unread": _by_reason(inventory),
        "others": len(inventory.others),
    }


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
        "missing": {"count": len(missing), "days": ranges_text(missing)},
        "double": {"count": len(double), "days": ranges_text(double)},
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


def _by_reason(inventory: Inventory) -> list[dict[str, Any]]:
    """Files that are not read by the thousand alike: how many, and the first of them."""
    found: dict[str, list[Unplaced]] = {}
    for one in inventory.unread:
        found.setdefault(one.reason, []).append(one)
    return [
        {"reason": reason, "files": len(files), "first": str(files[0].path.relative_to(inventory.root))}
        for reason, files in sorted(found.items())
    ]


def _unplaced(one: Unplaced, inventory: Inventory) -> dict[str, str]:
    return {"path": str(one.path.relative_to(inventory.root)), "reason": one.reason}
