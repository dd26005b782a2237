"""A sweep's points over arrays, against the same points replayed by NautilusTrader on their signals.

    python benchmarks/bench_sweep.py
    python benchmarks/bench_sweep.py --days 10 --trades 1200000 --points 1000 --cores 2 --engine-points 0

Days are synthetic; --data takes a folder in which they were published before, or keeps those that are made if it is
not there. Points are drawn evenly from a grid of thresholds, latencies and timeouts, cut into a batch a core, each
in a process of its own. CPU seconds are those of all of them; of the engine only some points are run, spread over the
grid, in this process. What is read once for a batch is counted apart. The year is by proportion: 365 such days, a
thousand points in batches as `sweeps.batches` cuts them for two processes, two cores busy throughout; publishing,
judging and the engine's confirmation come on top.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench_replay import FIRST, prepare
from workload import LISTING, end, on_one_core, peak_mb

from phoenix_core.market import days_between
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

GRID = (
    "strategy.lpi_entry_threshold=0.5:0.95:0.05",
    "venue.order_latency_ms=10,30,50,100",
    "strategy.lpi_exit_threshold=0.1:0.4:0.1",
    "strategy.entry_timeout_secs=30,60",
)
FINER = "strategy.entry_timeout_secs=30:60:5"  # instead of the last, where more points are asked for
YEAR, POINTS, CORES, LARGEST = 365, 1000, 2, 250


def chosen_points(days: Sequence[date], count: int):  # noqa: ANN201 - imported where it is used
    """Experiments spread over the grid."""
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415
    from phoenix_core.sweeps.grid import Grid  # noqa: PLC0415

    base = Experiment.parse(listing=str(LISTING), first=days[0], last=days[-1])
    grid = Grid.parse(GRID)
    grid = grid if count <= grid.count else Grid.parse([*GRID[:-1], FINER])
    points = [point.experiment for point in grid.points(base)]
    return [points[number * len(points) // count] for number in range(count)]


@dataclass(frozen=True, slots=True)
class Share:
    """What a process made of its points: their orders, seconds, and fills and balance of those that are compared."""

    orders: int
    seconds: float
    reading: float
    peak_mb: int
    compared: dict[str, tuple[Any, Any]]


def over_arrays(root: Path, experiments: Sequence[Any], core: int, compared: frozenset[str]) -> Share:
    """Replay a batch on one core; results are let go of one by one, as a sweep does that publishes them."""
    on_one_core(core)
    from phoenix_core.backtest.arrays import batch  # noqa: PLC0415

    reading = 0.0
    read = batch.Inputs.read

    def measured(inputs: batch.Inputs, day: date) -> None:
        nonlocal reading
        started = time.process_time()
        read(inputs, day)
        reading += time.process_time() - started

    batch.Inputs.read = measured  # type: ignore[method-assign]
    orders, found = 0, {}
    started = time.process_time()
    for one, result in batch.run_arrays(Lake.at(root), experiments):
        orders += sum(result.orders.values())
        if one.name in compared:
            found[one.name] = (result.fills, result.final_balance)
    batch.Inputs.read = read  # type: ignore[method-assign]
    return Share(orders, time.process_time() - started, reading, peak_mb(), found)


def in_batches(root: Path, experiments: Sequence[Any], cores: int, compared: frozenset[str]) -> list[Share]:
    """Replay a batch a core, all at once; one core's is replayed here."""
    if cores == 1:
        return [over_arrays(root, experiments, 0, compared)]
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        shares = [pool.submit(over_arrays, root, experiments[core::cores], core, compared) for core in range(cores)]
        return [one.result() for one in shares]


def by_engine(lake: Lake, experiments: Sequence[object]):  # noqa: ANN201 - imported where it is used
    """Results in their order, and CPU seconds."""
    from phoenix_core.backtest.run import run  # noqa: PLC0415

    started = time.process_time()
    results = [run(lake, one) for one in experiments]  # type: ignore[arg-type]
    return results, time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--trades", type=int, default=60_000, help="aggregate trades a day")
    parser.add_argument("--quotes-per-trade", type=int, default=10)
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--engine-points", type=int, default=4, help="of these, how many NautilusTrader replays, too")
    parser.add_argument("--cores", type=int, default=1, help="batches, each in a process on a core of its own")
    parser.add_argument("--data", type=Path, help="a data folder with these days, or where to keep them")
    chosen = parser.parse_args()
    if chosen.cores == 1:
        on_one_core()
    days = days_between(FIRST, FIRST + timedelta(chosen.days - 1))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data = chosen.data or root / "data"
        if not data.exists():
            write_archive(root / "archive", LISTING, days, size=MarketSize(chosen.trades, chosen.quotes_per_trade))
            prepare(data.parent, days, root / "archive", name=data.name)
        experiments = chosen_points(days, chosen.points)
        every = -(-chosen.points // chosen.engine_points) if chosen.engine_points else len(experiments)
        by_both = experiments[::every] if chosen.engine_points else []
        began = time.perf_counter()
        shares = in_batches(data, experiments, chosen.cores, frozenset(one.name for one in by_both))
        wall = time.perf_counter() - began
        engine, engine_seconds = by_engine(Lake.at(data), by_both)
    found = {name: result for share in shares for name, result in share.compared.items()}
    orders, seconds, reading = (sum(getattr(one, name) for one in shares) for name in ("orders", "seconds", "reading"))
    point_days, a_reading = chosen.points * chosen.days, reading / len(shares) / chosen.days
    point_day = (seconds - reading) / point_days
    year = YEAR * (POINTS * point_day + -(-POINTS // LARGEST) * a_reading) / CORES
    engine_rate = len(engine) * chosen.days / engine_seconds if engine else None
    end(
        {
            "days": chosen.days,
            "points": chosen.points,
            "cores": chosen.cores,
            "minutes_by_the_clock": wall / 60,
            "orders": orders,
            "orders_a_point_day": orders / point_days,
            "point_days_a_cpu_second": 1 / point_day,
            "milliseconds_an_order": 1000 * (seconds - reading) / max(1, orders),
            "orders_a_cpu_second": orders / (seconds - reading),
            "reading_seconds_a_day": a_reading,
            "point_days_a_cpu_second_reading_included": point_days / seconds,
            "engine_point_days_a_cpu_second": engine_rate,
            "times_faster": point_days / seconds / engine_rate if engine_rate else None,
            "equal": all(
                found[one.name][0].equals(result.fills) and found[one.name][1] == result.final_balance
                for one, result in zip(by_both, engine, strict=True)
            )
            if engine
            else None,
            "hours_of_a_year_of_1000_points_on_2_cores": year / 3600,
            "peak_mb_of_a_process": max(one.peak_mb for one in shares),
        }
    )


if __name__ == "__main__":
    main()
