"""Do intervals from trades alone hold the true result, and how wide are they? Experiments are drawn at random.

    python benchmarks/bench_intervals.py --archive FOLDER

Each experiment runs on true quotes, and its interval is computed from trades as if there were none. Drawn are the
entry (at the bid, or ticks below the last sale), thresholds, life, size, latency, balance and buckets. Days are
synthetic; with a folder of the archive's layout that holds the real minutes of 8 August 2024 also those. They were
captured without depth, so they are shown twice: as they are, and with the depth of 16 October 2023 at the same time of
day, where the folder has that.

Shares of the balance; widths are medians. `--margins 0 250` compares margins of the hull.
"""

import argparse
import hashlib
import shutil
import statistics
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from bench_replay import prepare
from workload import LISTING, cost, end

from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive

SYNTHETIC, MINUTES, DEPTH = date(2024, 3, 24), date(2024, 8, 8), date(2023, 10, 16)
ENTRIES = ("bid", 0, 20, 100, 300)
GATES_OFF = {"oi_gate": False, "depth_gate": False}


@dataclass(frozen=True, slots=True)
class Measured:
    """One experiment.

    Attributes:
        market: Where it ran.
        entry: "bid", or ticks below the last sale.
        net: True net by the balance.
        low: End of its interval, likewise; None: unbounded.
        high: The other end.
        margin_ms: Of the hull.
    """

    market: str
    entry: str
    net: float
    low: float | None
    high: float | None
    margin_ms: int

    @property
    def is_inside(self) -> bool:
        """Whether the interval holds the true result; one without bounds does."""
        return self.low is None or self.high is None or self.low <= self.net <= self.high


def drawn(seed: int, market: str) -> dict[str, Any]:
    """Strategy and venue of an experiment; entries take turns."""
    rng = np.random.default_rng([seed, 20])
    entry = ENTRIES[seed % len(ENTRIES)]
    below = {"entry_reference": "last_sell", "entry_ticks_below": entry} if entry != "bid" else {}
    is_synthetic = market == "synthetic"
    buckets = (500_000, 1_000_000) if is_synthetic else (100_000, 200_000, 1_000_000)
    strategy = below | ({} if is_synthetic else GATES_OFF)
    strategy |= {
        "lpi_entry_threshold": round(float(rng.uniform(0.4, 0.8)), 2),
        "lpi_exit_threshold": round(float(rng.uniform(0.05, 0.3)), 2),
        "entry_timeout_secs": float(rng.choice([5, 20, 60])),
        "max_leverage": float(rng.choice([0.5, 1, 2])),
        "maker_offset_ticks": int(rng.integers(0, 4)),
        "signals": {"vol_bucket_size": int(rng.choice(buckets))},
    }
    venue = {
        "order_latency_ms": float(rng.choice([5, 30, 100])),
        "starting_balance": str(rng.choice([10_000, 100_000, 1_000_000])),
    }
    return {"strategy": strategy, "venue": venue}


def measured(lake: Lake, market: str, day: date, seeds: Sequence[int], margins: Sequence[int]) -> Iterator[Measured]:
    """Experiments of one market: true results in one pass over its day, then each interval."""
    from phoenix_core.backtest.arrays.batch import run_arrays  # noqa: PLC0415
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415
    from phoenix_core.backtest.interval import BoundsOfRun  # noqa: PLC0415
    from phoenix_core.backtest.plan import plan_of  # noqa: PLC0415
    from phoenix_core.backtest.run import run  # noqa: PLC0415
    from phoenix_core.strategies.phoenix.declaration import CONTRACT  # noqa: PLC0415

    chosen = [drawn(seed, market) for seed in seeds]
    experiments = [Experiment.parse(listing=str(LISTING), first=day, last=day, **one) for one in chosen]
    for experiment, replayed in run_arrays(lake, experiments):
        # An exit that is sent again with each quote may be more orders a second than replay over arrays can follow.
        result = run(lake, experiment) if isinstance(replayed, Exception) else replayed
        plan = plan_of(lake, experiment, frozenset())
        read, balance = plan.priced(plan.reader.day(day)), float(experiment.venue.starting_balance)
        below = experiment.strategy.model_dump(mode="json")
        entry = str(below["entry_ticks_below"]) if below["entry_reference"] == "last_sell" else "bid"
        for margin in margins:
            bounds = BoundsOfRun.of(plan, CONTRACT, margin * 1_000_000)
            bounds.add(read)
            found, _ = bounds.interval()
            ends = (None if one is None else float(one) / balance for one in (found.low, found.high))
            yield Measured(market, entry, float(result.ledger.parts.net) / balance, *ends, margin)


def with_depth(archive: Path, root: Path) -> Path | None:
    """A copy of the real minutes' archive with the depth of another day at the same time; None: it has no such day."""
    name = "BTCUSDT-bookDepth-{}"
    folder = Path("data/futures/um/daily/bookDepth/BTCUSDT")
    if not (archive / folder / f"{name.format(DEPTH)}.zip").is_file():
        return None
    shutil.copytree(archive, root, copy_function=shutil.copyfile)
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with zipfile.ZipFile(root / folder / f"{name.format(DEPTH)}.zip") as zipped:
        rows = zipped.read(zipped.namelist()[0]).decode().replace(str(DEPTH), str(MINUTES))
    made = root / folder / f"{name.format(MINUTES)}.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(f"{made.stem}.csv", rows)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    made.with_name(f"{made.name}.CHECKSUM").write_text(f"{digest}  {made.name}\n", encoding="ascii")
    return root


def markets(root: Path, archive: Path | None, days: int) -> Iterator[tuple[str, Lake, date]]:
    """Name, data folder and day of each market."""
    for seed in range(7, 7 + days):
        folder = root / f"seed-{seed}"
        write_archive(folder / "archive", LISTING, (SYNTHETIC,), seed=seed)
        yield "synthetic", prepare(folder, (SYNTHETIC,), folder / "archive"), SYNTHETIC
    if archive is not None:
        if deep := with_depth(archive, root / "deep" / "archive"):
            yield "minutes", prepare(root / "deep", (MINUTES,), deep), MINUTES
        yield "minutes without depth", prepare(root / "bare", (MINUTES,), archive), MINUTES


def table(found: Sequence[Measured]) -> Iterator[Mapping[str, Any]]:
    """A row for each market, margin and entry."""
    for key in dict.fromkeys((one.market, one.margin_ms, one.entry) for one in sorted(found, key=_order)):
        of = [one for one in found if (one.market, one.margin_ms, one.entry) == key]
        widths = [one.high - one.low for one in of if one.low is not None and one.high is not None]
        bounded = [one for one in of if one.low is not None and one.high is not None]
        yield {
            "market": key[0],
            "margin_ms": key[1],
            "entry": key[2],
            "experiments": len(of),
            "inside": sum(one.is_inside for one in of),
            "unbounded": len(of) - len(bounded),
            "excludes_zero": sum(one.low > 0 or one.high < 0 for one in bounded),
            "width": statistics.median(widths) if widths else None,
            "net": statistics.median(abs(one.net) for one in of),
        }


def _order(one: Measured) -> tuple[str, int, int]:
    return one.market, one.margin_ms, [str(entry) for entry in ENTRIES].index(one.entry)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=60, help="of each market")
    parser.add_argument("--days", type=int, default=3, help="synthetic days, each of a seed of its own")
    parser.add_argument("--archive", type=Path, help="a folder with real minutes")
    parser.add_argument("--margins", type=int, nargs="*", default=(250,), help="of the hull, in milliseconds")
    parser.add_argument("--seed", type=int, default=0, help="of the first experiment")
    chosen = parser.parse_args()
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, lake, day) in enumerate(markets(Path(folder), chosen.archive, chosen.days)):
            first = chosen.seed + number * chosen.experiments
            seeds = range(first, first + chosen.experiments)
            spent = cost(lambda: found.extend(measured(lake, name, day, seeds, chosen.margins)))  # noqa: B023
            print(f"{name}: {chosen.experiments} experiments in {spent.wall:.0f} s", flush=True)
    for row in table(found):
        width = "unbounded" if row["width"] is None else f"{row['width']:.3%}"
        print(
            "{market:<22} margin {margin_ms:>4} ms  entry {entry:>4}  inside {inside:>3} of {experiments:<3}  "
            "unbounded {unbounded:>3}  excludes zero {excludes_zero:>3}  ".format(**row)
            + f"median width {width}, |net| {row['net']:.3%}"
        )
    outside = sum(not one.is_inside for one in found)
    end({"experiments": len(found), "outside": outside, "rows": list(table(found))})


if __name__ == "__main__":
    main()
