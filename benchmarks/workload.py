"""What benchmarks share: synthetic days of a given size, alternating measurements, medians, the machine.

Synthetic means made by `phoenix_core.synthetic`: a random market in the archive's own format.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from phoenix_core.catalog.store import catalog_asset
from phoenix_core.datasets import Dataset
from phoenix_core.manifest import Manifest
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize

LISTING = Listing.parse("um:BTCUSDT")
DAY = date(2024, 3, 24)
QUOTES_PER_TRADE = 10
TODAY = date(2026, 1, 1)


def raw_day(root: Path, dataset: Dataset, rows: int) -> Lake:
    """Give a data folder that holds one published raw day of about so many quotes or trades."""
    lake = Lake.at(root / f"{dataset.name}-{rows}")
    trades = rows // QUOTES_PER_TRADE if dataset.name == "book_ticker" else rows
    archive = root / f"archive-{dataset.name}-{rows}"
    write_dataset(archive, LISTING, dataset, MarketDay(DAY, 7, MarketSize(trades, QUOTES_PER_TRADE)))
    Ingest(lake, (BinanceArchive(Archive(str(archive))),), TODAY).day(dataset, LISTING, DAY)
    return lake


def forget(lake: Lake, dataset: Dataset) -> None:
    """Make the catalog day absent, so that the next conversion has all to do."""
    lake.remove(Manifest.path(catalog_asset(dataset, LISTING), DAY))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost: CPU seconds of the process, and wall seconds."""

    cpu: float
    wall: float


def cost(call: Callable[[], object]) -> Cost:
    """Measure one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def alternating(cases: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Cost]:
    """Medians of some calls, measured in turns so that what disturbs the machine disturbs all."""
    found: dict[str, list[Cost]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, call in cases.items():
            found[name].append(cost(call))
    return {
        name: Cost(statistics.median(c.cpu for c in costs), statistics.median(c.wall for c in costs))
        for name, costs in found.items()
    }


def peak_mb() -> int:
    """Largest resident memory of this process so far; `getrusage` would count its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024


CORES = sorted(os.sched_getaffinity(0))


def on_one_core(number: int = 0) -> None:
    """Keep this process on one core: two hardware threads of one core inflate each other's CPU seconds.

    To be called before anything starts threads, which inherit it; a number takes another core than the first.
    """
    os.sched_setaffinity(0, {CORES[number % len(CORES)]})


def child(script: str, arguments: Sequence[str], cores: int) -> dict[str, Any]:
    """Run a benchmark's own child mode on some cores and read the JSON that it ends with."""
    allowed = set(CORES[:cores])
    done = subprocess.run(
        [sys.executable, script, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def machine() -> str:
    """Say on what the figures were measured."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def end(figures: Mapping[str, Any]) -> None:
    """Print the line by which others read the figures."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    print(json.dumps({"machine": machine(), **rounded}))
