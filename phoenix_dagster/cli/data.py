"""Commands on data: what a range costs, a backfill, what is there, and whether it is whole."""

from collections import Counter, defaultdict
from typing import Annotated

import typer

from phoenix_core.errors import ConfigInvalid
from phoenix_core.storage import Lake
from phoenix_dagster.cli.options import First, Last, Select, Symbol, days_of, listing_of, names_of
from phoenix_dagster.settings import read_settings

_MIB = 1 << 20


def plan(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    datasets: Annotated[str, typer.Option(help="Raw assets, separated by commas. Default: all.")] = "",
) -> None:
    """Print what a range will cost: files, bytes, rows, hours, disk."""
    from phoenix_core.archive.client import Archive  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.datasets import datasets_on  # noqa: PLC0415 - as above
    from phoenix_core.raw.plan import plan as planned  # noqa: PLC0415 - as above

    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    chosen = datasets_on(listing.market, settings.kline_intervals)
    if datasets:
        names = names_of(datasets)
        known = {dataset.name: dataset for dataset in chosen}
        if unknown := [name for name in names if name not in known]:
            raise ConfigInvalid(f"No dataset {', '.join(unknown)}: expected some of {', '.join(known)}.")
        chosen = tuple(known[name] for name in names)
    print(f"{listing}, {days[0]} to {days[-1]}, {len(days)} days, sizes as published by {settings.archive_url}")
    print(f"{'dataset':<28}{'files':>7}{'here':>7}{'absent':>8}{'MiB':>12}{'k rows':>12}{'CPU min':>9}{'disk MiB':>12}")
    total: Counter[str] = Counter()
    rows: list[tuple[str, Counter[str]]] = []
    for one in planned(Lake.at(settings.data), Archive(settings.archive_url), listing, chosen, days):
        figures = Counter(files=one.files, here=one.here, absent=one.absent, bytes=one.bytes, rows=one.rows)
        figures["disk"], figures["seconds"] = one.disk_bytes, int(one.cpu_seconds)
        rows.append((one.dataset, figures))
        total.update(figures)
    for name, figures in [*rows, ("together", total)]:
        print(
            f"{name:<28}{figures['files']:>7}{figures['here']:>7}{figures['absent']:>8}"
            f"{figures['bytes'] / _MIB:>12,.3f}"
            f"{figures['rows'] / 1e3:>12,.1f}{figures['seconds'] / 60:>9,.1f}{figures['disk'] / _MIB:>12,.3f}"
        )
    print("Bytes are published sizes of what is not here yet; rows, time and disk are estimates from them.")


def backfill(
    first: First,
    last: Last = "",
    symbol: Symbol = "",
    select: Select = "all",
    *,
    newest_first: Annotated[
        bool, typer.Option("--newest-first", help="The last day at once, others after it.")
    ] = False,
    url: Annotated[str, typer.Option(help="The Dagster webserver.")] = "http://127.0.0.1:3000",
) -> None:
    """Launch a backfill in the running Dagster and follow it; 1 if a day failed."""
    from phoenix_dagster.operation.backfill import RunningDagster, follow, in_order  # noqa: PLC0415 - brings a GraphQL client

    settings = read_settings()
    listing, days = listing_of(symbol, settings), days_of(first, last, settings)
    dagster = RunningDagster(url.rstrip("/"))
    keys = dagster.keys(listing.path, names_of(select))
    batches = in_order(days, newest_first=newest_first)
    launched = [dagster.launch(keys, batch, priority=-number) for number, batch in enumerate(batches)]
    print(f"{len(keys)} assets of {listing}, {len(days)} days: backfill {', '.join(launched)}", flush=True)
    raise typer.Exit(0 if follow(dagster, launched, print) else 1)


def inventory() -> None:
    """Print what is in the data folder, by asset: days, rows and bytes."""
    from phoenix_core.manifest import Manifest  # noqa: PLC0415 - --help need not wait for it

    settings = read_settings()
    lake = Lake.at(settings.data)
    figures: dict[str, Counter[str]] = defaultdict(Counter)
    spans: dict[str, list[str]] = defaultdict(list)
    manifest = Manifest(lake)
    for key in manifest.recorded():
        asset, day, _ = key
        entry = manifest.find(*key)
        if entry is None:
            continue
        spans[asset].append(day)
        kind = "published" if entry.published else str(entry.facts.get("absence") or entry.reason.partition(":")[0])
        figures[asset].update({kind: 1, "rows": entry.rows, "bytes": entry.bytes})
    print(
        f"{'asset':<44}{'days':>6}{'never':>7}{'missing':>9}{'not yet':>9}  "
        f"{'first':<12}{'last':<12}{'rows':>15}{'MiB':>11}"
    )
    for asset, found in sorted(figures.items()):
        print(
            f"{asset:<44}{found['published']:>6}{found['never']:>7}{found['missing']:>9}{found['not yet']:>9}  "
            f"{min(spans[asset])[:10]:<12}{max(spans[asset])[:10]:<12}"
            f"{found['rows']:>15,}{found['bytes'] / _MIB:>11,.1f}"
        )
    print(f"{len(figures)} assets in {lake.root}")


def doctor(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended; without it nothing is changed.")
    ] = False,
) -> None:
    """Verify all that lies on the disk, and Dagster's history against it; 1 if problems remain."""
    import dagster as dg  # noqa: PLC0415 - --help need not wait for it

    from phoenix_dagster.definitions import definitions  # noqa: PLC0415 - as above
    from phoenix_dagster.operation.doctor import doctor as examine  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import dagster_home, export  # noqa: PLC0415 - as above

    settings = read_settings()
    export({"DAGSTER_HOME": str(dagster_home())})
    with dg.DagsterInstance.get() as instance:
        remaining = examine(Lake.at(settings.data), definitions(settings), instance, repair=repair, say=print)
    raise typer.Exit(1 if remaining else 0)
