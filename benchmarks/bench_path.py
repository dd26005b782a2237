"""A day's whole path, zips to daily backtest, against its floor: what each asset costs, in CPU seconds.

    python benchmarks/bench_path.py --trades 1200000
    python benchmarks/bench_path.py --archive FOLDER --days 10 --rounds 1
    python benchmarks/bench_path.py --trades 120000 --days 30 --memory

All daily assets with their checks, in one run of Dagster's in one process; days that share a run go through an asset
together, as in a backfill with PHOENIX_DAYS_PER_RUN=all. The floor is inflating, parsing and writing the day's ticks,
each alone, on the same core in the same round. Days are synthetic; --archive takes them from a folder.
With --memory days follow one another, a run each in one process, and what it holds after each is printed instead.
"""

import argparse
import ctypes
import gc
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
from workload import LISTING, child, end, peak_mb

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, TRADES
from phoenix_core.market import Market, days_between
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.settings import demo_environment, export

FIRST = date(2023, 5, 16)
QUOTES_PER_TRADE = 10
TICKS = (BOOK_TICKER, AGG_TRADES, TRADES)
PARTS = ("inflate", "parse", "write")
SETTLED = 5  # days after which what a process holds should not grow
NOT_DAILY = ("continuous_backtest", "report")


def environment_of(folder: Path, archive: Path, days: Sequence[date]) -> dict[str, str]:
    """A Phoenix of its own over an archive that is a folder."""
    (folder / "dagster").mkdir(parents=True)
    shutil.copy(Path(__file__).parent.parent / "dagster.yaml", folder / "dagster")
    days_in_it = {"PHOENIX_START": days[0].isoformat(), "PHOENIX_DAYS_PER_RUN": "all"}
    return demo_environment(folder) | {"PHOENIX_ARCHIVE_URL": str(archive)} | days_in_it


def counted(costs: Counter[str], work_through: Callable[..., Any]) -> Callable[..., Any]:
    """The function that works through an asset's days, with its CPU seconds noted under the asset's name."""

    def work(context: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes
        before = time.process_time()
        try:
            return work_through(context, *arguments, **options)
        finally:
            costs[context.asset_key.path[-1]] += time.process_time() - before

    return work


def walk(wanted: Sequence[date]) -> None:
    """Materialize all daily assets of all days in this process, and print what each cost: a child's work."""
    import dagster as dg  # noqa: PLC0415 - counted as what a process costs

    from phoenix_dagster.assets import backtest, days  # noqa: PLC0415 - likewise

    costs: Counter[str] = Counter()
    for module in (backtest, days):
        module.work_through = counted(costs, module.work_through)
    from phoenix_dagster.definitions import defs  # noqa: PLC0415 - reads the settings

    keys = [
        spec.key
        for spec in defs.resolve_all_asset_specs()
        if spec.key.path[:-1] == [*LISTING.path.split("/")] and spec.key.path[-1] not in NOT_DAILY
    ]
    job = defs.resolve_implicit_global_asset_job_def()
    tags = {
        "dagster/asset_partition_range_start": wanted[0].isoformat(),
        "dagster/asset_partition_range_end": wanted[-1].isoformat(),
    }
    started = time.process_time()
    with dg.DagsterInstance.get() as instance:
        done = job.execute_in_process(asset_selection=keys, tags=tags, instance=instance)
    whole = time.process_time() - started
    figures = {"run": whole, "process": time.process_time(), "peak_mb": peak_mb(), "success": done.success}
    print(json.dumps(figures | {"assets": dict(costs)}))


def follow(wanted: Sequence[date]) -> None:
    """Materialize day after day in this process, and print what it holds after each: a child's work."""
    import dagster as dg  # noqa: PLC0415 - counted as what a process holds

    from phoenix_dagster.definitions import defs  # noqa: PLC0415 - reads the settings

    specs = [spec.key for spec in defs.resolve_all_asset_specs() if spec.key.path[:-1] == [*LISTING.path.split("/")]]
    keys = [key for key in specs if key.path[-1] not in NOT_DAILY]
    job = defs.resolve_implicit_global_asset_job_def()
    held = []
    with dg.DagsterInstance.get() as instance:
        for day in wanted:
            job.execute_in_process(asset_selection=keys, partition_key=str(day), instance=instance)
            gc.collect()
            ctypes.CDLL(None).malloc_trim(0)  # what is free already would hide what grows
            held.append(psutil.Process().memory_info().rss / 1e6)
            print(f"{day}: {held[-1]:.1f} MB", file=sys.stderr, flush=True)
    print(json.dumps({"held_mb": held, "peak_mb": peak_mb()}))


def tell_memory(held: Sequence[float], peak: float) -> None:
    """Print the slope after the fifth day, and the line by which others read it."""
    later = held[SETTLED:]
    slope = statistics.linear_regression(range(len(later)), later).slope
    print(f"after day {SETTLED + 1}: {slope:+.2f} MB a day over {len(later)} days, peak {peak} MB")
    end({"days": len(held), "slope_mb_a_day": slope, "peak_mb": peak})


def floor(data: Path, day: date) -> None:
    """Inflate, parse and write a day's ticks, each alone, and print what that costs: a child's work."""
    import bench_ingest  # noqa: PLC0415 - brings what its baselines need
    import pyarrow.parquet as pq  # noqa: PLC0415 - not wanted in the parent
    from workload import cost  # noqa: PLC0415 - with the others

    from phoenix_core.catalog.store import catalog_asset, encoding  # noqa: PLC0415 - likewise
    from phoenix_core.manifest import Manifest  # noqa: PLC0415 - likewise
    from phoenix_core.storage.lake import Lake  # noqa: PLC0415 - likewise
    from phoenix_core.tables.read import csv_schema  # noqa: PLC0415 - likewise

    lake = Lake.at(data)
    costs: Counter[str] = Counter()
    target = data / "floor.bin"
    for dataset in TICKS:
        zipped = lake.store.path(f"archive/{key_of_day(dataset, LISTING, day).path}")
        costs["inflate"] += cost(lambda path=zipped: bench_ingest.inflate(path)).cpu
        blocks, schema = bench_ingest.blocks_of(zipped), csv_schema(dataset.columns[Market.UM])
        costs["parse"] += cost(lambda text=blocks, types=schema: bench_ingest.parse(text, types)).cpu
        del blocks
        table = pq.read_table(lake.store.path(Manifest(lake).find(catalog_asset(dataset, LISTING), day).file))
        batches, options = table.to_batches(max_chunksize=131_072), encoding(table.schema)
        costs["write"] += cost(lambda rows=batches, how=options: bench_ingest.write(rows, target, how)).cpu
        target.unlink()
        del table, batches
        gc.collect()
    print(json.dumps(costs))


def one_round(root: Path, archive: Path, days: Sequence[date], cores: int) -> dict[str, Any]:
    """Walk the days in a new folder, then measure the floor of the first of them, each in a process of its own."""
    folder = Path(tempfile.mkdtemp(dir=root))
    export(environment_of(folder, archive, days))
    walked = child(__file__, ["--walk", *map(str, days)], cores)
    below = child(__file__, ["--floor", str(folder / "data"), str(days[0])], 1)
    shutil.rmtree(folder)
    return walked | {"floor": below}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=1_200_000, help="aggregate trades a day")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--archive", type=Path, help="a folder with the days, instead of making them")
    parser.add_argument("--memory", action="store_true", help="what the process holds after each day")
    parser.add_argument("--follow", nargs="+", type=date.fromisoformat, help=argparse.SUPPRESS)
    parser.add_argument("--walk", nargs="+", type=date.fromisoformat, help=argparse.SUPPRESS)
    parser.add_argument("--floor", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.walk:
        return walk(chosen.walk)
    if chosen.follow:
        return follow(chosen.follow)
    if chosen.floor:
        return floor(Path(chosen.floor[0]), date.fromisoformat(chosen.floor[1]))
    if chosen.memory and chosen.days < SETTLED + 2:
        parser.error(f"--memory needs {SETTLED + 2} days or more")
    days = days_between(FIRST, FIRST + timedelta(chosen.days - 1))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        archive = (chosen.archive or root / "archive").resolve()
        if not chosen.archive:
            write_archive(archive, LISTING, days, size=MarketSize(chosen.trades, QUOTES_PER_TRADE))
        if chosen.memory:
            folder = root / "followed"
            export(environment_of(folder, archive, days))
            followed = child(__file__, ["--follow", *map(str, days)], chosen.cores)
            return tell_memory(followed["held_mb"], followed["peak_mb"])
        rounds = [one_round(root, archive, days, chosen.cores) for _ in range(chosen.rounds)]
    return tell(rounds, len(days))


def tell(rounds: Sequence[dict[str, Any]], days: int) -> None:
    """Print medians a day, and the line by which others read them."""

    def middle(of: Callable[[dict[str, Any]], float]) -> float:
        return statistics.median(of(one) for one in rounds)

    names = sorted(rounds[0]["assets"], key=lambda name: -rounds[0]["assets"][name])
    for name in names:
        print(f"{name:<32}{middle(lambda one, name=name: one['assets'][name] / days):8.3f} CPU s a day")
    bodies = middle(lambda one: sum(one["assets"].values()) / days)
    around = middle(lambda one: (one["run"] - sum(one["assets"].values())) / days)
    loaded = middle(lambda one: one["process"] - one["run"])
    print(f"{'around them':<32}{around:8.3f} CPU s a day, and {loaded:.2f} for the process")
    for part in PARTS:
        print(f"floor: {part:<25}{middle(lambda one, part=part: one['floor'][part]):8.3f} CPU s a day")
    lowest = middle(lambda one: sum(one["floor"].values()))
    ratio = middle(lambda one: one["run"] / days / sum(one["floor"].values()))
    print(f"{bodies:.2f} in assets, {bodies + around:.2f} in the run, floor {lowest:.2f}: {ratio:.2f} times")
    end(
        {
            "days": days,
            "cpu_seconds_a_day": bodies + around,
            "floor_seconds": lowest,
            "path_vs_floor": ratio,
            "assets_vs_floor": middle(lambda one: sum(one["assets"].values()) / days / sum(one["floor"].values())),
            "around_seconds_a_day": around,
            "process_seconds": loaded,
            "peak_mb": max(one["peak_mb"] for one in rounds),
        }
    )


if __name__ == "__main__":
    main()
