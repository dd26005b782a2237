"""Runs a minute with some workers, what a run takes beside its work, and its CPU seconds by process, idling left out.

    python benchmarks/bench_workers.py --postgres postgresql://… --broker amqp://… --workers 1 2 4

Runs are of three assets that find their day done. Database and virtual host must be empty. Hub and workers are
processes of this machine, so its cores bound them: the rate is theirs, and what a run costs where is not.
`--postmaster` is the id of PostgreSQL's first process, if nobody else uses that server: then its part is told as well.
A Ctrl-C, a SIGTERM, or `--minutes` ends it with all that it started.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import psutil
from dagster import DagsterInstance, RunsFilter
from dagster._core.storage.dagster_run import DagsterRunStatsSnapshot
from workload import LISTING, end

from phoenix_core.errors import ConfigInvalid
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.deployment.instance_storage import POOL_LIMITS
from phoenix_dagster.operation.backfill import RunningDagster, State

ROOT = Path(__file__).parents[1]
FIRST = date(2024, 3, 1)
ASSETS = ["agg_trades", "trade_ticks", "volume_buckets"]


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--postgres", required=True)
    options.add_argument("--broker", required=True)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    options.add_argument("--runs", type=int, default=40)
    options.add_argument("--postmaster", type=int)
    options.add_argument("--minutes", type=int, default=30, help="It ends after that, whatever it waits for.")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, _end_in_order)
    signal.signal(signal.SIGALRM, _end_in_order)
    signal.alarm(60 * chosen.minutes)
    days = [FIRST + timedelta(number) for number in range(chosen.runs)]
    figures: dict[str, float] = {}
    measured: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_archive(home / "archive", LISTING, days, size=MarketSize(trades=200, quotes_per_trade=1))
        with hub(home, chosen.postgres, chosen.broker, max(chosen.workers)) as (dagster, processes):
            if chosen.postmaster:
                processes["database"] = [psutil.Process(chosen.postmaster)]
            for count in chosen.workers:
                while len(processes["worker"]) < count:
                    processes["worker"].append(
                        started(home, "worker", str(Path(sys.executable).parent / "phoenix"), "worker")
                    )
                _backfill(dagster, days)  # makes the days in the first round, and wakes new workers in all
                measured.append(_measured(dagster, processes, days))
                figures |= {f"{name}_{count}": figure for name, figure in measured[-1].items()}
                print(f"{count} workers: {measured[-1]['runs_a_minute']:.0f} runs a minute", flush=True)
    _print_table(chosen.workers, measured)
    end(figures)


def _end_in_order(number: int, _: object) -> None:
    raise SystemExit(f"ended by {signal.Signals(number).name}; what it started is ended as well")


def _measured(
    dagster: RunningDagster, processes: dict[str, list[psutil.Process]], days: list[date]
) -> dict[str, float]:
    """Figures of a backfill of days that are done, by name."""
    idle = _idle(processes)
    before = cpu(processes)
    seconds, backfill = _backfill(dagster, days)
    after = cpu(processes)
    spent = {name: (after[name] - before[name] - seconds * idle[name]) / len(days) for name in after}
    return {
        **_of_runs(backfill),
        **{f"{name}_cpu_seconds": one for name, one in spent.items()},
        **{f"{name}_cpu_seconds_a_minute_idle": 60 * one for name, one in idle.items()},
    }


def _of_runs(backfill: str) -> dict[str, float]:
    """Runs a minute, and medians of their seconds: from handed out to begun, in steps, and beside these until ended.

    The rate is that from the first run handed out to the last one ended: when the backfill ends says nothing, since
    the daemon looks at it each half minute.
    """
    begun, ended = [], []
    parts: dict[str, list[float]] = {"handed_over_s": [], "in_steps_s": [], "around_steps_s": []}
    with DagsterInstance.get() as instance:
        for run in instance.get_runs(RunsFilter(tags={"dagster/backfill": backfill})):
            stats = instance.get_run_stats(run.run_id)
            assert isinstance(stats, DagsterRunStatsSnapshot), stats
            assert None not in {stats.launch_time, stats.start_time, stats.end_time}, stats
            begun.append(stats.launch_time)
            ended.append(stats.end_time)
            steps = instance.get_run_step_stats(run.run_id)
            in_steps = sum(one.end_time - one.start_time for one in steps if one.end_time and one.start_time)
            parts["handed_over_s"].append(stats.start_time - stats.launch_time)
            parts["in_steps_s"].append(in_steps)
            parts["around_steps_s"].append(stats.end_time - stats.start_time - in_steps)
    rate = 60 * len(ended) / (max(ended) - min(begun))
    return {"runs_a_minute": rate} | {name: statistics.median(seconds) for name, seconds in parts.items()}


def _print_table(workers: list[int], measured: list[dict[str, float]]) -> None:
    """A column for each number of workers."""
    print(f"{'':<40}" + "".join(f"{count:>10}" for count in workers))
    for name in measured[0]:
        print(f"{name.replace('_', ' '):<40}" + "".join(f"{one[name]:>10.2f}" for one in measured))


@contextmanager
def hub(
    home: Path, postgres: str, broker: str, runs: int
) -> Iterator[tuple[RunningDagster, dict[str, list[psutil.Process]]]]:
    """Start one; its processes by name, of which all are ended."""
    config = (ROOT / "dagster.yaml").read_text().replace("max_concurrent_runs: 3", f"max_concurrent_runs: {runs}")
    (home / "dagster.yaml").write_text(
        config.replace("{key: dagster/backfill, limit: 2}", f"{{key: dagster/backfill, limit: {runs}}}")
    )
    port, code = free_port(), free_port()
    (home / "workspace.yaml").write_text(
        f"load_from: [{{grpc_server: {{host: 127.0.0.1, port: {code}, location_name: phoenix}}}}]\n"
    )
    os.environ.update(  # noqa: TID251 - what a user's shell would give
        DAGSTER_HOME=str(home), PHOENIX_DATA=str(home / "data"), PHOENIX_ARCHIVE_URL=str(home / "archive"),
        PHOENIX_START=FIRST.isoformat(), PHOENIX_POSTGRES_URL=postgres, PHOENIX_CELERY_BROKER=broker,
        PHOENIX_REPORTS_PORT="0",
    )  # fmt: skip
    dagster = [sys.executable, "-m", "dagster"]
    module = ["-m", "phoenix_dagster.definitions", "--location-name", "phoenix"]
    processes = {"code": [started(home, "code", *dagster, "api", "grpc", "-p", str(code), *module)]}
    try:
        # A daemon that finds no code server makes no run.
        _awaited(lambda: socket.create_connection(("127.0.0.1", code), 5).close() or True)
        workspace = ["-w", str(home / "workspace.yaml")]
        processes["webserver"] = [
            started(home, "web", sys.executable, "-m", "dagster_webserver", "-p", str(port), *workspace)
        ]
        processes["daemon"] = [started(home, "daemon", sys.executable, "-m", "dagster._daemon", "run", *workspace)]
        processes["worker"] = []
        for pool in POOL_LIMITS:  # which hold over all hosts: with those of one machine, runs would wait for each other
            command = [*dagster, "instance", "concurrency", "set", pool, str(runs)]
            subprocess.run(command, cwd=home, stdout=subprocess.DEVNULL, check=True)
        yield RunningDagster(f"http://127.0.0.1:{port}"), processes
    finally:
        for one in [one for name, several in processes.items() if name != "database" for one in several]:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)


def started(home: Path, name: str, *command: str) -> psutil.Process:
    """A process in a group of its own, with a log."""
    with (home / f"{name}.log").open("ab") as log:
        return psutil.Popen(command, cwd=home, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def free_port() -> int:
    """One of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu(processes: dict[str, list[psutil.Process]]) -> dict[str, float]:
    """CPU seconds so far, by name, with those of children that live or have ended."""
    return {name: sum(map(_spent, several)) for name, several in processes.items()}


def _spent(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += sum(one.cpu_times()[:4])  # its own and those of children that it has waited for
    return total


def _idle(processes: dict[str, list[psutil.Process]], seconds: float = 20.0) -> dict[str, float]:
    """CPU seconds a second while nothing is to be done: services look around all the time."""
    before = cpu(processes)
    time.sleep(seconds)
    return {name: (after - before[name]) / seconds for name, after in cpu(processes).items()}


def _backfill(dagster: RunningDagster, days: list[date]) -> tuple[float, str]:
    """Seconds that it took, and its id."""
    keys = _awaited(lambda: dagster.keys(LISTING.path, ASSETS))
    begun = time.perf_counter()
    launched = dagster.launch(keys, days)
    state: State = _awaited(lambda: found if (found := dagster.state(launched)).has_ended else None)
    assert state.is_good, state
    return time.perf_counter() - begun, launched


def _awaited(look, patience_seconds: float = 1200):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - whatever it gives
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        with suppress(ConfigInvalid, OSError):
            if found := look():
                return found
        time.sleep(0.5)
    raise TimeoutError("nothing came of it")


if __name__ == "__main__":
    main()
