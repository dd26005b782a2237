"""What the commands of `phoenix` on data print; each finds its inputs and calls one function."""

import argparse
from collections import Counter, defaultdict
from datetime import date, timedelta

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, day_from_text, days_between, utc_today
from phoenix_core.storage import Lake
from phoenix_dagster.settings import Settings, read_settings

_MIB = 1 << 20


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the command line."""
    plan = commands.add_parser("plan", help="what a range will cost: files, bytes, rows, hours, disk")
    add_range(plan)
    plan.add_argument("--datasets", help="raw assets, separated by commas (default: all)")
    plan.set_defaults(run=print_plan)

    backfill = commands.add_parser("backfill", help="launch a backfill in the running Dagster and follow it")
    add_range(backfill)
    backfill.add_argument("--select", default="all", help="assets or groups, separated by commas (default: all daily)")
    backfill.add_argument("--newest-first", action="store_true", help="the last day at once, the others after it")
    backfill.add_argument("--url", default="http://127.0.0.1:3000", help="the Dagster webserver")
    backfill.set_defaults(run=run_backfill)

    inventory = commands.add_parser("inventory", help="what is in the data folder, by asset")
    inventory.set_defaults(run=print_inventory)

    doctor = commands.add_parser("doctor", help="verify all that lies on the disk, and Dagster's history against it")
    doctor.add_argument("--repair", action="store_true", help="mend what can be mended; without it nothing is changed")
    doctor.set_defaults(run=run_doctor)


def add_range(parser: argparse.ArgumentParser) -> None:
    """Add the days and the symbol that a command is about."""
    parser.add_argument("--first", required=True, help="first day, YYYY-MM-DD")
    parser.add_argument("--last", help="last day, inclusive (default: the first)")
    parser.add_argument("--symbol", help="market:SYMBOL (default: the first of PHOENIX_SYMBOLS)")


def _days(chosen: argparse.Namespace, settings: Settings) -> list[date]:
    first = day_from_text(chosen.first)
    last = day_from_text(chosen.last) if chosen.last else first
    yesterday = utc_today() - timedelta(1)
    if last < first or first < settings.start or last > yesterday:
        raise ConfigInvalid(
            f"The range {first}...{last} can't be taken: expected days from {settings.start} (PHOENIX_START) to "
            f"{yesterday}, the earlier first."
        )
    return list(days_between(first, last))


def chosen_listing(chosen: argparse.Namespace, settings: Settings) -> Listing:
    """The symbol that was asked for, or the first of the settings."""
    return Listing.parse(chosen.symbol) if chosen.symbol else settings.symbols[0]


def print_plan(chosen: argparse.Namespace) -> int:
    """Ask the archive for sizes and print what they mean."""
    from phoenix_core.archive.client import Archive  # noqa: PLC0415 - --help need not wait for it
    from phoenix_core.datasets import datasets_on  # noqa: PLC0415 - as above
    from phoenix_core.raw.plan import plan  # noqa: PLC0415 - as above

    settings = read_settings()
    listing, days = chosen_listing(chosen, settings), _days(chosen, settings)
    datasets = datasets_on(listing.market, settings.kline_intervals)
    if chosen.datasets:
        names = [name.strip() for name in chosen.datasets.split(",")]
        known = {dataset.name: dataset for dataset in datasets}
        if unknown := [name for name in names if name not in known]:
            raise ConfigInvalid(f"No dataset {', '.join(unknown)}: expected some of {', '.join(known)}.")
        datasets = tuple(known[name] for name in names)
    print(f"{listing}, {days[0]} to {days[-1]}, {len(days)} days, sizes as published by {settings.archive_url}")
    print(f"{'dataset':<28}{'files':>7}{'here':>7}{'absent':>8}{'MiB':>12}{'k rows':>12}{'CPU min':>9}{'disk MiB':>12}")
    total: Counter[str] = Counter()
    rows: list[tuple[str, Counter[str]]] = []
    for one in plan(Lake.at(settings.data), Archive(settings.archive_url), listing, datasets, days):
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
    return 0


def run_backfill(chosen: argparse.Namespace) -> int:
    """Launch, follow, and end with 1 if a day failed."""
    from phoenix_dagster.backfill import RunningDagster, follow, in_order  # noqa: PLC0415 - brings a GraphQL client

    settings = read_settings()
    listing, days = chosen_listing(chosen, settings), _days(chosen, settings)
    dagster = RunningDagster(chosen.url.rstrip("/"))
    keys = dagster.keys(listing.path, [name.strip() for name in chosen.select.split(",")])
    batches = in_order(days, newest_first=chosen.newest_first)
    launched = [dagster.launch(keys, batch, priority=-number) for number, batch in enumerate(batches)]
    print(f"{len(keys)} assets of {listing}, {len(days)} days: backfill {', '.join(launched)}", flush=True)
    return 0 if follow(dagster, launched, print) else 1


def print_inventory(chosen: argparse.Namespace) -> int:
    """Count days of each asset: published, never, missing; first, last, rows and bytes."""
    del chosen
    from phoenix_core.catalog.verification import recorded  # noqa: PLC0415 - brings pyarrow
    from phoenix_core.manifest import Manifest  # noqa: PLC0415 - as above

    settings = read_settings()
    lake = Lake.at(settings.data)
    figures: dict[str, Counter[str]] = defaultdict(Counter)
    spans: dict[str, list[str]] = defaultdict(list)
    for asset, day in recorded(lake):
        entry = Manifest(lake).find(asset, day)
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
    return 0


def run_doctor(chosen: argparse.Namespace) -> int:
    """Examine, and repair if asked; 1 if problems remain."""
    import dagster as dg  # noqa: PLC0415 - --help need not wait for it

    from phoenix_dagster.definitions import definitions  # noqa: PLC0415 - as above
    from phoenix_dagster.doctor import doctor  # noqa: PLC0415 - as above
    from phoenix_dagster.settings import dagster_home, export  # noqa: PLC0415 - as above

    settings = read_settings()
    export({"DAGSTER_HOME": str(dagster_home())})
    with dg.DagsterInstance.get() as instance:
        remaining = doctor(Lake.at(settings.data), definitions(settings), instance, repair=chosen.repair, say=print)
    return 1 if remaining else 0
