"""A sweep's points over arrays, against the same points replayed by NautilusTrader on their signals.

    python benchmarks/bench_sweep.py
    python benchmarks/bench_sweep.py --days 10 --trades 1200000 --points 100

Days are synthetic; --data takes a folder in which they were published before. Points are drawn evenly from a grid of
thresholds, latencies and timeouts. Both replays run on one core in this process, in CPU seconds; of the engine's only
some points are run, spread over the grid. What is read once for a batch is counted apart. The year is by proportion:
365 such days, a thousand points in batches as `sweeps.batches` cuts them for two processes, two cores busy throughout;
publishing, judging and the engine's confirmation come on top.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

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
YEAR, POINTS, CORES, LARGEST = 365, 1000, 2, 250


def chosen_points(days: Sequence[date], count: int):  # noqa: ANN201 - imported where it is used
    """Experiments spread over the grid."""
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415
    from phoenix_core.sweeps.grid import Grid  # noqa: PLC0415

    base = Experiment.parse(listing=str(LISTING), first=days[0], last=days[-1])
    points = [point.experiment for point in Grid.parse(GRID).points(base)]
    return [points[number * len(points) // count] for number in range(count)]


def over_arrays(lake: Lake, experiments: Sequence[object]):  # noqa: ANN201 - imported where it is used
    """Results in their order, and CPU seconds: of all, and of those of reading."""
    from phoenix_core.backtest.arrays import batch  # noqa: PLC0415

    reading = 0.0
    read = batch.Inputs.read

    def measured(inputs: batch.Inputs, day: date) -> None:
        nonlocal reading
        started = time.process_time()
        read(inputs, day)
        reading += time.process_time() - started

    batch.Inputs.read = measured  # type: ignore[method-assign]
    started = time.process_time()
    results = [result for _, result in batch.run_arrays(lake, experiments)]  # type: ignore[arg-type]
    return results, time.process_time() - started, reading


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
    parser.add_argument("--data", type=Path, help="a data folder with these days, instead of making them")
    chosen = parser.parse_args()
    on_one_core()
    days = days_between(FIRST, FIRST + timedelta(chosen.days - 1))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if not chosen.data:
            write_archive(root / "archive", LISTING, days, size=MarketSize(chosen.trades, chosen.quotes_per_trade))
        lake = Lake.at(chosen.data) if chosen.data else prepare(root, days, root / "archive")
        experiments = chosen_points(days, chosen.points)
        results, seconds, reading = over_arrays(lake, experiments)
        every = max(1, chosen.points // chosen.engine_points)
        engine, engine_seconds = by_engine(lake, experiments[::every])
    orders, point_days = sum(sum(one.orders.values()) for one in results), chosen.points * chosen.days
    engine_point_days = len(engine) * chosen.days
    point_day = (seconds - reading) / point_days
    passes = -(-POINTS // LARGEST)
    year = YEAR * (POINTS * point_day + passes * reading / chosen.days) / CORES
    end(
        {
            "days": chosen.days,
            "points": chosen.points,
            "orders_a_point_day": orders / point_days,
            "point_days_a_cpu_second": 1 / point_day,
            "milliseconds_an_order": 1000 * (seconds - reading) / max(1, orders),
            "reading_seconds_a_day": reading / chosen.days,
            "point_days_a_cpu_second_reading_included": point_days / seconds,
            "engine_point_days_a_cpu_second": engine_point_days / engine_seconds,
            "times_faster": point_days / seconds / (engine_point_days / engine_seconds),
            "equal": all(
                one.fills.equals(other.fills) and one.final_balance == other.final_balance
                for one, other in zip(results[::every], engine, strict=True)
            ),
            "hours_of_a_year_of_1000_points_on_2_cores": year / 3600,
            "peak_mb": peak_mb(),
        }
    )


if __name__ == "__main__":
    main()
