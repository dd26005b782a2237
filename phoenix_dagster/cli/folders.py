"""Commands on people's own folders: what one holds, adopting it, and holding it against the archive."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import ranges_text
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.options import Json, chosen_datasets, days_of, listing_of
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from datetime import date

    from phoenix_core.raw.adoption import Adopted
    from phoenix_core.sources.local_tree.inventory import Holding
    from phoenix_core.tables.difference import Difference

    type _Compared = tuple[str, date, Difference | None]

_MIB = 1 << 20

Folder = Annotated[Path, typer.Argument(help="Folder of files of the archive, in any layout.")]
Placed = Annotated[
    list[str] | None,
    typer.Option("--is", metavar="PATTERN=DATASET", help="What ambiguous files are: 'old/*=um:mark_price_klines_1m'."),
]


def print_folder(folder: Path, answers: list[str], *, as_json: bool, html: Path | None) -> None:
    """Print what a folder holds, or write it as a page."""
    from phoenix_core.sources.local_tree.document import document_of  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.sources.local_tree.inventory import take_inventory  # noqa: PLC0415 - as above
    from phoenix_core.sources.local_tree.page import page_of  # noqa: PLC0415 - as above

    document = document_of(take_inventory(folder, answers_of(answers)))
    if html is not None:
        html.write_text(page_of(document), encoding="utf-8")
    if as_json:
        print_document(document)
        return
    _print_holdings(document)
    if html is not None:
        print(f"The same as a page: {html.resolve()}")


def adopt(folder: Folder, placed: Placed = None, *, as_json: Json = False) -> None:
    """Use a folder's files as raw days, where they lie; nothing in it is copied, changed or deleted."""
    from phoenix_core.raw.adoption import adopt as adopted  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.sources.adopted import remember  # noqa: PLC0415 - as above
    from phoenix_core.sources.local_tree.document import document_of  # noqa: PLC0415 - as above
    from phoenix_core.sources.local_tree.inventory import take_inventory  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.history import tell_adoption  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    answers = answers_of(placed or [])
    found = take_inventory(folder, answers)
    wanted = set(settings.symbols)
    lake = Lake.at(settings.data, settings.local)
    tree = remember(lake, found.root, answers)
    ours = tuple(one for one in found.holdings if one.listing in wanted)
    done = list(adopted(lake, tree, ours))
    document = document_of(replace(found, holdings=ours, ambiguous=(), broken=(), unread=(), others=()))
    tell_adoption(settings, [one.entry for one in done if one.entry is not None], document)
    others = sorted({str(one.listing) for one in found.holdings if one.listing not in wanted})
    if as_json:
        rows = [_adopted_document(one) for one in done]
        print_document({"folder": found.root, "adopted": rows, "not_wanted": others})
    else:
        _print_adopted(done)
        for line in _double(ours):
            print(line)
        for unplaced in (*found.ambiguous, *found.broken):
            print(f"not used: {unplaced.path}: {unplaced.reason}")
        if others:
            print(f"Left alone, since PHOENIX_SYMBOLS does not name them: {', '.join(others)}.")
        print(f"{found.root} is remembered: days that it has are taken from it, before the archive is asked.")
    raise typer.Exit(1 if any(one.entry is None for one in done) else 0)


def compare_days(first: str, last: str, symbol: str, datasets: str, *, against_archive: bool, as_json: bool) -> None:
    """Compare days with your other files of them, or with the published ones, row by row; 1 if some differ."""
    from phoenix_core.errors import InputMissing  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.sources.binance.client import Archive  # noqa: PLC0415 - as above
    from phoenix_core.tables.against_archive import against_archive as compared  # noqa: PLC0415 - as above
    from phoenix_core.tables.against_others import against_others  # noqa: PLC0415 - as above
    from phoenix_dagster.resources import sources_of  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    lake = Lake.existing(settings.data, settings.local)
    archive = Archive(settings.archive_url) if against_archive else None
    sources = sources_of(lake, settings.sources, settings.archive_url, settings.monthly)
    rows: list[_Compared] = []
    for dataset in chosen_datasets(listing, settings, datasets):
        for day in days:
            with suppress(InputMissing):  # a day that is not here can't differ
                if archive is not None:
                    rows.append((dataset.name, day, compared(lake, archive, dataset, listing, day)))
                    continue
                for name, found in against_others(lake, sources, dataset, listing, day):
                    rows.append((f"{dataset.name}, {name}", day, found))
    _print_differences(rows, as_json=as_json)
    raise typer.Exit(1 if any(found is not None and not found.is_none for _, _, found in rows) else 0)


def answers_of(placed: list[str]) -> dict[str, str]:
    """Answers by pattern, out of `PATTERN=DATASET`.

    Raises:
        ConfigInvalid: One of them has no `=`.
    """
    for text in placed:
        if "=" not in text:
            raise ConfigInvalid(f"--is {text!r}: expected PATTERN=market:dataset, such as 'old/*=um:trades'.")
    return dict(text.rsplit("=", 1) for text in placed)


def _print_holdings(document: dict[str, Any]) -> None:
    heads = ("dataset", "symbol", "files", "days", "first", "last", "missing", "double", "MiB")
    rows = [
        [
            one["dataset"],
            f"{one['market']}:{one['symbol']}",
            f"{one['files']:,}",
            f"{one['days']:,}",
            one["first"],
            one["last"],
            f"{one['missing']['count']:,}",
            f"{one['double']['count']:,}",
            f"{one['bytes'] / _MIB:,.2f}",
        ]
        for one in document["holdings"]
    ]
    print_table(heads, rows)
    for one in document["holdings"]:
        print("\n".join(("", *_preview_lines(one))))
    for kind in ("ambiguous", "broken"):
        for one in document[kind]:
            print(f"{kind}: {one['path']}: {one['reason']}")
    _print_unread(document)
    files = sum(one["files"] for one in document["holdings"])
    print(f"\n{files:,} files of the archive in {document['folder']}, {document['others']:,} others")
    if document["ambiguous"]:
        print("Say what ambiguous files are with --is 'PATTERN=DATASET', the pattern being of their paths as above.")


def _print_unread(document: dict[str, Any]) -> None:
    from phoenix_core.sources.local_tree.page import unread_line  # noqa: PLC0415 - --help need not wait for it

    for one in document["unread"]:
        print(f"not read: {one['first']}: {unread_line(one)}")


def _preview_lines(one: dict[str, Any]) -> Iterator[str]:
    yield f"{one['market']}:{one['symbol']} {one['dataset']}"
    for name in ("missing", "double"):
        if one[name]["count"]:
            yield f"  {name:<8}{one[name]['days']}"
    if one["doubt"]:
        yield f"  doubt   {one['doubt']}"
    yield from (f"  {line}" for line in (",".join(one["columns"]), *one["first_rows"], "…", one["last_row"]) if line)


def _print_adopted(done: list["Adopted"]) -> None:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in done:
        count = counts.setdefault((one.holding.dataset.name, str(one.holding.listing)), Counter())
        count["failed" if one.entry is None else "adopted" if one.entry.published else "without rows"] += 1
    rows = [[name, listing, *(f"{count[kind]:,}" for kind in _KINDS)] for (name, listing), count in counts.items()]
    print_table(("dataset", "symbol", *_KINDS), rows)
    for one in done:
        if one.entry is None:
            print(f"failed: {one.holding.listing} {one.holding.dataset.name} of {one.day}: {one.reason}")


def _double(holdings: "Iterable[Holding]") -> Iterator[str]:
    """Days that lie in several files, and what says whether these agree."""
    for one in holdings:
        if days := sorted(one.double):
            asked = f"--symbol {one.listing} --datasets {one.dataset.name} --first {days[0]} --last {days[-1]}"
            named = f"{one.listing} {one.dataset.name}"
            yield f"{named} of {ranges_text(days)} lies in several files. Do they agree? phoenix verify {asked}"


_KINDS = ("adopted", "without rows", "failed")


def _adopted_document(one: "Adopted") -> dict[str, Any]:
    entry = one.entry
    return {
        "symbol": str(one.holding.listing),
        "dataset": one.holding.dataset.name,
        "day": one.day,
        "file": entry.file if entry is not None else None,
        "sha256": entry.sha256 if entry is not None else None,
        "verified": bool(entry is not None and entry.facts.get("verified")),
        "reason": one.reason,
    }


def _print_differences(rows: "list[_Compared]", *, as_json: bool) -> None:
    if as_json:
        print_document([{"dataset": name, "day": day, "difference": _document(found)} for name, day, found in rows])
        return
    heads = ("dataset", "day", "compared", "only here", "only there", "changed")
    print_table(heads, [[name, str(day), *_counts(found)] for name, day, found in rows])
    for name, day, found in rows:
        for example in found.examples if found is not None else ():
            cells = ", ".join(f"{column} {_shown(value)}" for column, value in example.items() if column != "what")
            print(f"{name} of {day}: {_WORDS[example['what']]}: {cells}")


_WORDS = {"only_left": "only here", "only_right": "only there", "changed": "changed"}


def _counts(found: "Difference | None") -> list[str]:
    if found is None:
        return ["not published", "", "", ""]
    return [f"{number:,}" for number in (found.compared, found.only_left, found.only_right, found.changed)]


def _document(found: "Difference | None") -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "compared": found.compared,
        "only_here": found.only_left,
        "only_there": found.only_right,
        "changed": found.changed,
        "examples": [{name: _shown(value) for name, value in one.items()} for one in found.examples],
    }


def _shown(value: object) -> str:
    """A value, or both of a changed cell: what is here and what is there."""
    return " → ".join(map(str, value)) if isinstance(value, tuple) else str(value)
