"""Commands on data: what a range costs, what is there and why something is not, and whether it is whole."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phoenix_core.market import ranges_text
from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.completion import datasets_beginning
from phoenix_dagster.cli.folders import Placed, print_folder
from phoenix_dagster.cli.options import First, Json, Last, Symbol, chosen_datasets, days_of, listing_of
from phoenix_dagster.cli.output import print_document, print_table

if TYPE_CHECKING:
    from phoenix_core.catalog.inventory import Held
    from phoenix_core.raw.plan import Planned
    from phoenix_dagster.operation.orchestration import Backfill

_MIB = 1 << 20


def plan(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    datasets: Annotated[
        str,
        typer.Option(
            help="Datasets, or products for what they are made from, separated by commas. Default: all.",
            autocompletion=datasets_beginning,
        ),
    ] = "",
    workers: Annotated[int, typer.Option(min=1, max=10_000, help="Runs at once, a core each.")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """Print what a range will cost: files, bytes, rows, hours, disk; and Dagster's runs and events."""
    from phoenix_core.products import Partitions, products_on  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.raw.plan import plan as planned  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.orchestration import Backfill  # noqa: PLC0415 - as above
    from phoenix_dagster.resources import sources_of  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic

    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    chosen = chosen_datasets(listing, settings, datasets)
    lake = Lake.at(settings.data, settings.local)
    sources = sources_of(lake, settings.sources, settings.archive_url, settings.monthly)
    found = list(planned(lake, sources, listing, chosen, days))
    names = {dataset.name for dataset in chosen}
    assets = sum(
        product.partitions is Partitions.DAILY
        and names.issuperset(one.name for one in product.datasets(listing.market))
        for product in products_on(listing.market, settings.kline_intervals)
    )
    work = sum(one.cpu_seconds for one in found)
    backfill = Backfill(len(days), assets, work, workers, in_bucket="://" in lake.location)
    if as_json:
        rows = [asdict(one) | {"disk_bytes": one.disk_bytes, "cpu_seconds": one.cpu_seconds} for one in found]
        asked = {"symbol": str(listing), "first": days[0], "last": days[-1], "archive": settings.archive_url}
        print_document(
            asked | {"datasets": rows, "workers": workers, "runs": [one.document for one in backfill.choices()]}
        )
        return
    print(f"{listing}, {days[0]} to {days[-1]}, {len(days)} days, sizes as published by {settings.archive_url}")
    heads = ("dataset", "files", "here", "absent", "MiB", "k rows", "CPU min", "disk MiB")
    print_table(heads, _plan_rows(found))
    print("Bytes are published sizes of what is not here yet; rows, time and disk are estimates from them.")
    _print_runs(f"Runs of {backfill.assets} assets", backfill)
    if (count := len(settings.symbols)) > 1:
        _print_runs(f"The same for {count} symbols, if each has as much", replace(backfill, symbols=count))


def _print_runs(title: str, backfill: "Backfill") -> None:
    from phoenix_dagster.operation.orchestration import DATABASE_CORES, advised  # noqa: PLC0415 - --help need not wait for it

    choices = backfill.choices()
    print(f"\n{title}, {backfill.workers} at once, by PHOENIX_DAYS_PER_RUN:")
    heads = ("days a run", "runs", "k events", "events MiB", "hours", "bound by")
    print_table(
        heads,
        [
            [
                str(one.days_per_run),
                f"{one.runs:,}",
                f"{one.events / 1e3:,.1f}",
                f"{one.event_bytes / _MIB:,.1f}",
                f"{one.hours:,.1f}",
                one.bound,
            ]
            for one in choices
        ],
    )
    print(
        f"Hours are at least, of what is slowest: workers, the daemon, a database on {DATABASE_CORES} cores, a bucket."
    )
    print(f"PHOENIX_DAYS_PER_RUN={advised(choices).days_per_run} keeps the history small enough.")


def _plan_rows(found: Sequence["Planned"]) -> list[list[str]]:
    total: Counter[str] = Counter()
    rows: list[tuple[str, Counter[str]]] = []
    for one in found:
        figures = Counter(files=one.files, here=one.here, absent=one.absent, bytes=one.bytes, rows=one.rows)
        figures["disk"], figures["seconds"] = one.disk_bytes, int(one.cpu_seconds)
        rows.append((one.dataset, figures))
        total.update(figures)
    return [
        [
            name,
            *(str(figures[key]) for key in ("files", "here", "absent")),
            f"{figures['bytes'] / _MIB:,.3f}",
            f"{figures['rows'] / 1e3:,.1f}",
            f"{figures['seconds'] / 60:,.1f}",
            f"{figures['disk'] / _MIB:,.3f}",
        ]
        for name, figures in [*rows, ("together", total)]
    ]


def inventory(
    folder: Annotated[Path | None, typer.Argument(help="A folder of your own; without it: the data folder.")] = None,
    placed: Placed = None,
    *,
    html: Annotated[Path | None, typer.Option(help="Write the inventory of a folder as a page, too.")] = None,
    as_json: Json = False,
) -> None:
    """Print what a folder of your own holds, or the data folder: days, what is missing and why, sizes and rows."""
    if folder is not None:
        print_folder(folder, placed or [], as_json=as_json, html=html)
        return
    from phoenix_core.catalog.inventory import KINDS  # noqa: PLC0415 - brings pyarrow
    from phoenix_core.catalog.inventory import inventory as taken  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - brings pydantic

    settings = read_settings()
    lake = Lake.existing(settings.data, settings.local)
    held = list(taken(lake))
    if as_json:
        print_document({"data": lake.location, "assets": [_held_document(one) for one in held]})
        return
    heads = ("asset", "days", *KINDS, "no record", "first", "last", "rows", "MiB")
    print_table(heads, [_held_row(one) for one in held])
    for one in held:
        for line in _gaps(one):
            print(line)
    print(f"{len(held)} assets in {lake.location}")


def _held_row(held: "Held") -> list[str]:
    known = held.recorded
    ends = [str(known[0]), str(known[-1])] if known else ["", ""]
    counts = [held.published, *held.absent.values(), held.unrecorded]
    return [held.asset, *(str(len(days)) for days in counts), *ends, f"{held.rows:,}", f"{held.bytes / _MIB:,.1f}"]


def _gaps(held: "Held") -> Iterator[str]:
    """A line for each reason: kind, asset, days, and the reason itself, as the first of the days has it."""
    for kind, days in held.absent.items():
        same: dict[str, list[date]] = defaultdict(list)
        for day, reason in sorted(days.items()):
            same[reason.replace(str(day), "")].append(day)
        for found in same.values():
            yield f"  {kind}: {held.asset} {ranges_text(found)}: {days[found[0]].removeprefix(f'{kind}: ')}"
    if held.unrecorded:
        yield f"  no record: {held.asset} {ranges_text(held.unrecorded)}: never asked for, or failed"


def _held_document(held: "Held") -> dict[str, object]:
    absent = {
        kind.replace(" ", "_"): [{"day": day, "reason": reason} for day, reason in sorted(days.items())]
        for kind, days in held.absent.items()
    }
    return {
        "asset": held.asset,
        "published": held.published,
        **absent,
        "no_record": held.unrecorded,
        "ranges": held.ranges,
        "rows": held.rows,
        "bytes": held.bytes,
    }


def doctor(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended; without it nothing is changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Verify all that lies on the disk, and Dagster's history against it; 1 if problems remain."""
    import dagster as dg  # noqa: PLC0415 - --help need not wait for it

    from phoenix_dagster.code_location import definitions  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.doctor import Diagnosis  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.doctor import doctor as examine  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import dagster_home, export, read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    lake = Lake.existing(settings.data, settings.local)
    export({"DAGSTER_HOME": str(dagster_home())})
    diagnosis = Diagnosis()
    with dg.DagsterInstance.get() as instance:
        say = partial(print, file=sys.stderr) if as_json else print
        remaining = examine(lake, definitions(settings), instance, repair=repair, say=say, diagnosis=diagnosis)
    if as_json:
        print_document(diagnosis.document())
    raise typer.Exit(1 if remaining else 0)
