"""A year as users run it: each day a run of its own from the shell, stage by stage, then one backtest.

    python benchmarks/bench_year.py --scale 0.01

The same days are then taken once more, all in one run (PHOENIX_DAYS_PER_RUN=all).

A full year is 320 days of 12 M quotes and 1.2 M trades (scale 1); a scale takes as many days as its
share of the year, three at least, and days of a tenth of that size (--day-share), so that the figures
come in minutes. Days are synthetic. Orchestration is what the shell's wall time holds besides the stages.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
from workload import LISTING, end

from phoenix_core.market import days_between
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.settings import demo_environment, export

FIRST = date(2023, 5, 16)
YEAR = 320
STAGES = ("raw", "catalog", "signals", "backtest")


def materialize(selection: str, *arguments: str) -> float:
    """Run the shell's own command and give its wall seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "phoenix_dagster.definitions"]
    command += ["--select", selection, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def seconds_by_stage(first: date) -> Counter[str]:
    """What the assets said they took, summed by stage."""
    from phoenix_dagster.definitions import defs  # noqa: PLC0415 - reads the settings

    totals: Counter[str] = Counter()
    with dg.DagsterInstance.get() as instance:
        for spec in defs.resolve_all_asset_specs():
            if (spec.group_name or "") not in STAGES:
                continue
            for record in instance.fetch_materializations(spec.key, limit=10_000).records:
                event = record.asset_materialization
                duration = event.metadata.get("duration_seconds") if event else None
                is_early = bool(record.partition_key) and record.partition_key < first.isoformat()
                if duration is not None and not is_early:
                    name = spec.group_name if record.partition_key else "continuous"
                    totals[name] += float(duration.value)
    return totals


def run(root: Path, days: Sequence[date], *, per_run: str) -> dict[str, float]:
    """Materialize all days from the shell, one run each or all in one, then the backtest over them."""
    folder = root / f"per-run-{per_run}"
    (folder / "dagster").mkdir(parents=True)
    shutil.copy(Path(__file__).parent.parent / "dagster.yaml", folder / "dagster")
    environment = demo_environment(folder) | {"PHOENIX_ARCHIVE_URL": str(root / "archive")}
    export(environment | {"PHOENIX_START": FIRST.isoformat(), "PHOENIX_DAYS_PER_RUN": per_run})
    os.chdir(folder)
    daily = 'key:"um/btcusdt/*" and not group:backtest'
    if per_run == "all":
        shell = materialize(daily, "--partition-range", f"{days[0]}...{days[-1]}")
    else:
        shell = sum(materialize(daily, "--partition", str(day)) for day in days)
    shell += materialize("um/btcusdt/continuous_backtest")
    stages = json.loads(subprocess.check_output([sys.executable, __file__, "--told"]))
    worked = sum(stages.values())
    orchestration = max(0.0, shell - worked) / len(days)
    return {
        **{f"{stage}_seconds": seconds for stage, seconds in stages.items()},
        "shell_seconds": shell,
        "orchestration_share": 1 - worked / shell,
        "orchestration_seconds_a_day": orchestration,
        "worked_seconds_a_day": worked / len(days),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--day-share", type=float, default=0.1)
    parser.add_argument("--per-run", nargs="+", choices=("1", "all"), default=("1", "all"))
    parser.add_argument("--told", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.told:
        print(json.dumps(seconds_by_stage(FIRST)))
        return
    count = max(3, round(YEAR * chosen.scale))
    size = MarketSize(int(1_200_000 * chosen.day_share), 10)
    days = days_between(FIRST, FIRST + timedelta(count - 1))
    print(f"synthetic, {count} days of about {size.trades * size.quotes_per_trade:,} quotes and {size.trades:,} trades")
    figures: dict[str, float] = {"days": count, "day_share": chosen.day_share}
    with tempfile.TemporaryDirectory() as folder:
        write_archive(Path(folder) / "archive", LISTING, days, size=size)
        for per_run in chosen.per_run:
            found = run(Path(folder), days, per_run=per_run)
            for name, value in found.items():
                print(f"days per run {per_run:<5}{name:<36}{value:10.3f}")
            figures |= found if per_run == "1" else {f"batched_{name}": value for name, value in found.items()}
        os.chdir("/")
    end(figures)


if __name__ == "__main__":
    main()
