"""A year as users run it: raw, catalog, signals and daily backtests from the shell, then one backtest over all.

    python benchmarks/bench_year.py --scale 0.01

A full year is 320 days of 12 M quotes and 1.2 M trades. A scale is its share of ticks: down to 0.1 days are
smaller, below there are fewer of them. All days go in one run (PHOENIX_DAYS_PER_RUN=all); the first few then
again, each in a run of its own. Both are repeated with every file cut down to one row, which is what
orchestration costs with the fixed costs of our stages, and with ticks alone cut down to one row: what is left
out then is in proportion to the day's size, and gives a full-size day. Days are synthetic; --archive takes them
from a folder.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import groupby, product
from multiprocessing import get_context
from pathlib import Path

import dagster as dg
from workload import LISTING, end

from phoenix_core.datasets import AGG_TRADES, BOOK_TICKER, DATASETS, FUNDING_RATE, TRADES, Dataset
from phoenix_core.market import days_between
from phoenix_core.sources.binance.keys import key_of_day
from phoenix_core.synthetic.files import write_archive, write_zip
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.settings import demo_environment, export

FIRST = date(2023, 5, 16)
YEAR = 320
FULL_DAY = MarketSize(1_200_000, 10)
SMALLEST_SHARE = 0.1
TICKS = (AGG_TRADES, TRADES, BOOK_TICKER)
STAGES = ("raw", "catalog", "signals", "backtest")
DAILY = 'key:"um/btcusdt/*" and not key:"um/btcusdt/continuous_backtest" and not key:"um/btcusdt/report"'
CONTINUOUS = "um/btcusdt/continuous_backtest"


@dataclass(frozen=True, slots=True)
class Told:
    """What some days took.

    Attributes:
        daily: Wall seconds of the shell for all assets of all days.
        continuous: Wall seconds of the shell for the backtest over all of them.
        stages: Seconds by stage as the assets said; days that run side by side count each.
    """

    daily: float
    continuous: float
    stages: dict[str, float]


def materialize(selection: str, *arguments: str) -> float:
    """Run the shell's own command and give its wall seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "phoenix_dagster.definitions"]
    command += ["--select", selection, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def seconds_by_stage() -> Counter[str]:
    """What the assets said they took, summed by stage."""
    from phoenix_dagster.code_location import defs  # noqa: PLC0415 - reads the settings

    totals: Counter[str] = Counter()
    with dg.DagsterInstance.get() as instance:
        for spec in defs.resolve_all_asset_specs():
            if (spec.group_name or "") not in STAGES:
                continue
            for record in instance.fetch_materializations(spec.key, limit=10_000).records:
                event = record.asset_materialization
                duration = event.metadata.get("duration_seconds") if event else None
                if duration is not None:
                    name = spec.group_name if record.partition_key else "continuous"
                    totals[name] += float(duration.value)
    return totals


def run(folder: Path, archive: Path, days: Sequence[date], *, per_run: str) -> Told:
    """Materialize all days from the shell, one run each or all in one, then the backtest over them."""
    (folder / "dagster").mkdir(parents=True)
    shutil.copy(Path(__file__).parent.parent / "dagster.yaml", folder / "dagster")
    environment = demo_environment(folder) | {"PHOENIX_ARCHIVE_URL": str(archive)}
    export(environment | {"PHOENIX_START": FIRST.isoformat(), "PHOENIX_DAYS_PER_RUN": per_run})
    os.chdir(folder)
    if per_run == "all":
        daily = materialize(DAILY, "--partition-range", f"{days[0]}...{days[-1]}")
    else:
        daily = sum(materialize(DAILY, "--partition", str(day)) for day in days)
    continuous = materialize(CONTINUOUS)
    stages = json.loads(subprocess.check_output([sys.executable, __file__, "--told"]))
    shutil.rmtree(folder / "data")
    return Told(daily, continuous, stages)


def write_days(root: Path, days: Sequence[date], size: MarketSize) -> None:
    """Write the days, months side by side."""
    months = [tuple(month) for _, month in groupby(days, key=lambda day: (day.year, day.month))]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(write_archive, root, LISTING, size=size), months))


def write_cut(archive: Path, target: Path, days: Sequence[date], cut: Collection[Dataset]) -> None:
    """Write the days once more, some datasets with the first row of each file only."""
    for dataset, day in product(DATASETS, days):
        key = key_of_day(dataset, LISTING, day)
        source, copy = archive / key.path, target / key.path
        if not source.exists() or copy.exists():
            continue
        if dataset in cut:
            with zipfile.ZipFile(source) as zipped, zipped.open(key.member) as text:
                write_zip(target, key, [text.readline(), text.readline()])
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(source)
            Path(f"{copy}.CHECKSUM").symlink_to(f"{source}.CHECKSUM")


def figures_of(whole: Told, without_ticks: Told, one_row: Told, days: int, share: float) -> dict[str, float]:
    """Seconds a day, and what they become at full size."""
    fixed = without_ticks.daily / days
    full = fixed + (whole.daily / days - fixed) / share
    return {
        "seconds_a_day": whole.daily / days,
        "seconds_a_day_without_ticks": fixed,
        "orchestration_seconds_a_day": one_row.daily / days,
        "full_size_seconds_a_day": full,
        "orchestration_share": one_row.daily / days / full,
        "full_size_year_hours": full * YEAR / 3600,
        "continuous_seconds": whole.continuous,
        **{f"{stage}_seconds": seconds for stage, seconds in whole.stages.items()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--alone", type=int, default=3, help="days that run each in a run of its own")
    parser.add_argument("--archive", type=Path, help="a folder with the days, instead of making them")
    parser.add_argument("--told", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.told:
        print(json.dumps(seconds_by_stage()))
        return
    share = max(chosen.scale, SMALLEST_SHARE)
    days = days_between(FIRST, FIRST + timedelta(max(3, round(YEAR * chosen.scale / share)) - 1))
    size = MarketSize(round(FULL_DAY.trades * share), FULL_DAY.quotes_per_trade)
    quotes = size.trades * size.quotes_per_trade
    print(f"synthetic, {len(days)} days of about {quotes:,} quotes and {size.trades:,} trades")
    figures: dict[str, float] = {"days": len(days), "day_share": share}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        whole = (chosen.archive or root / "archive").resolve()
        if not chosen.archive:
            write_days(whole, days, size)
        write_cut(whole, root / "without-ticks", days, TICKS)
        write_cut(whole, root / "one-row", days, [one for one in DATASETS if one is not FUNDING_RATE])
        archives = {"whole": whole, "without-ticks": root / "without-ticks", "one-row": root / "one-row"}
        for per_run, some in (("all", days), ("1", days[: chosen.alone])):
            told = [
                run(root / f"{kind}-per-run-{per_run}", archive, some, per_run=per_run)
                for kind, archive in archives.items()
            ]
            found = figures_of(*told, len(some), share)
            for figure, value in found.items():
                print(f"days per run {per_run:<5}{figure:<32}{value:12.3f}", flush=True)
            figures |= found if per_run == "1" else {f"batched_{figure}": value for figure, value in found.items()}
        os.chdir("/")
    end(figures)


if __name__ == "__main__":
    main()
