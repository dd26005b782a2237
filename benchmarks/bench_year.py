"""A year as users run it: each day a run of its own from the shell, stage by stage, then one backtest.

    python benchmarks/bench_year.py --scale 0.01

A full year is 320 days of 12 M quotes and 1.2 M trades (scale 1); a scale takes as many days as its
share of the year, three at least, and days of a tenth of that size (--day-share), so that the figures
come in minutes. Days are synthetic. Orchestration is what the shell's wall time holds besides the stages.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--day-share", type=float, default=0.1)
    chosen = parser.parse_args()
    count = max(3, round(YEAR * chosen.scale))
    size = MarketSize(int(1_200_000 * chosen.day_share), 10)
    days = days_between(FIRST, FIRST + timedelta(count - 1))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        export(demo_environment(root) | {"PHOENIX_START": FIRST.isoformat()})
        (root / "dagster").mkdir()
        (root / "dagster/dagster.yaml").write_bytes(Path(__file__).parent.parent.joinpath("dagster.yaml").read_bytes())
        os.chdir(root)
        write_archive(root / "archive", LISTING, days, size=size)
        shell = sum(materialize('key:"um/btcusdt/*" and not group:backtest', "--partition", str(day)) for day in days)
        shell += materialize("um/btcusdt/continuous_backtest")
        stages = seconds_by_stage(FIRST)
        written = sum(path.stat().st_size for path in (root / "data").rglob("*") if path.is_file())
    worked = sum(stages.values())
    print(f"synthetic, {count} days of about {size.trades * size.quotes_per_trade:,} quotes and {size.trades:,} trades")
    for stage, seconds in stages.items():
        print(f"{stage:<12}{seconds:9.1f} s{seconds / count:9.2f} s a day")
    print(f"{'shell':<12}{shell:9.1f} s{shell / count:9.2f} s a day")
    end(
        {
            "days": count,
            "day_share": chosen.day_share,
            **{f"{stage}_seconds": seconds for stage, seconds in stages.items()},
            "shell_seconds": shell,
            "orchestration_share": 1 - worked / shell,
            "orchestration_seconds_a_day": (shell - worked) / count,
            "data_bytes": written,
        }
    )


if __name__ == "__main__":
    main()
