"""An inventory as one HTML page, for people who keep it beside their data: no script, no network."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_MIB = 1 << 20
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .75rem; text-align: left; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
summary { cursor: pointer; padding: .25rem 0; }
pre { overflow-x: auto; font-size: .85rem; }
.doubt { font-weight: 600; }
"""
_HEAD = (
    ("market", False), ("symbol", False), ("dataset", False), ("files", True), ("days", True), ("first", False),
    ("last", False), ("missing", True), ("double", True), ("MiB", True),
)  # fmt: skip


def page_of(document: Mapping[str, Any]) -> str:
    """The document of an inventory (`document.document_of`) as a page."""
    holdings = document["holdings"]
    count = sum(one["files"] for one in holdings)
    title = f"Inventory of {escape(document['folder'])}"
    return "\n".join(
        [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>',
            f"<h1>{title}</h1>",
            f"<p>{count:,} files of the archive, {document['others']:,} others. Days are UTC.</p>",
            '<div class="wide"><table><thead><tr>',
            *(f"<th{_css(number)}>{name}</th>" for name, number in _HEAD),
            "</tr></thead><tbody>",
            *(_row(one) for one in holdings),
            "</tbody></table></div>",
            *(_details(one) for one in holdings),
            *_unplaced("Ambiguous", document["ambiguous"]),
            *_unplaced("Broken", document["broken"]),
            *_unplaced("Not read", [{"path": one["first"], "reason": unread_line(one)} for one in document["unread"]]),
            "</body></html>\n",
        ]
    )


def _css(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _row(one: Mapping[str, Any]) -> str:
    cells = (
        one["market"], one["symbol"], one["dataset"], f"{one['files']:,}", f"{one['days']:,}", one["first"],
        one["last"], f"{one['missing']['count']:,}", f"{one['double']['count']:,}", f"{one['bytes'] / _MIB:,.2f}",
    )  # fmt: skip
    columns = zip(_HEAD, cells, strict=True)
    return "<tr>" + "".join(f"<td{_css(number)}>{escape(cell)}</td>" for (_, number), cell in columns) + "</tr>"


def _details(one: Mapping[str, Any]) -> str:
    notes = [f"{name}: {one[name]['days']}" for name in ("missing", "double") if one[name]["count"]]
    rows = [",".join(one["columns"]), *one["first_rows"], "…", one["last_row"]]
    doubt = f'<p class="doubt">{escape(one["doubt"])}</p>' if one["doubt"] else ""
    return (
        f"<details><summary>{escape(one['market'])}:{escape(one['symbol'])} {escape(one['dataset'])}</summary>"
        + doubt
        + "".join(f"<p>{escape(note)}</p>" for note in notes)
        + f"<pre>{escape(chr(10).join(rows))}</pre></details>"
    )


def unread_line(one: Mapping[str, Any]) -> str:
    """Why files are not read, and how many there are of them."""
    return f"{one['reason']}; {one['files']:,} {'file' if one['files'] == 1 else 'files'}"


def _unplaced(title: str, files: Iterable[Mapping[str, str]]) -> list[str]:
    rows = [f"<li><code>{escape(one['path'])}</code>: {escape(one['reason'])}</li>" for one in files]
    return [f"<h2>{title}</h2><ul>", *rows, "</ul>"] if rows else []
