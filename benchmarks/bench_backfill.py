"""A backfill of days with one row a file, through the daemon: what a run costs apart from its work.

    python benchmarks/bench_backfill.py --days 100

Webserver, daemon and code server run as in `dagster dev`, and `phoenix backfill` asks for all daily assets, a run a
day. CPU seconds are those of all their processes while the backfill lasts, and of the runs. Bytecode is kept, as
an installation does: where PYTHONDONTWRITEBYTECODE is set, each run would compile our sources anew.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
from bench_year import FIRST, write_cut
from workload import LISTING, end

from phoenix_core.datasets import DATASETS, FUNDING_RATE
from phoenix_core.market import days_between
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize
from phoenix_dagster.settings import demo_environment, export

SMALL = MarketSize(500, 2)
PATIENCE = 1800
A_RUN = 120  # seconds at most, beyond PATIENCE: a machine that does less is not measured


def cpu_of(root: psutil.Process) -> float:
    """CPU seconds of a process, of those below it, and of all that ended there."""
    seconds = 0.0
    for one in (root, *root.children(recursive=True)):
        try:
            seconds += sum(one.cpu_times()[:4])  # user, system, and the same of children that were waited for
        except psutil.NoSuchProcess:
            continue
    return seconds


@contextmanager
def dagster(folder: Path, port: int) -> Iterator[psutil.Process]:
    """`dagster dev`, once its webserver answers."""
    command = [sys.executable, "-m", "dagster", "dev", "-m", "phoenix_dagster.definitions", "-p", str(port)]
    log = (folder / "dev.log").open("wb")
    started = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5).close()
                break
            except OSError:
                if started.poll() is not None:
                    raise SystemExit((folder / "dev.log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.5)
        else:
            raise SystemExit(f"no webserver within {PATIENCE} s")
        yield psutil.Process(started.pid)
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--select", default="all", help="assets, as `phoenix backfill` takes them")
    chosen = parser.parse_args()
    days = days_between(FIRST, FIRST + timedelta(chosen.days - 1))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_archive(root / "whole", LISTING, days, size=SMALL)
        write_cut(root / "whole", root / "archive", days, [one for one in DATASETS if one is not FUNDING_RATE])
        (root / "dagster").mkdir()
        shutil.copy(Path(__file__).parent.parent / "dagster.yaml", root / "dagster")
        export({"PYTHONDONTWRITEBYTECODE": ""})
        export(demo_environment(root) | {"PHOENIX_START": str(days[0]), "PHOENIX_END": str(days[-1])})
        port = free_port()
        with dagster(root, port) as running:
            before, started = cpu_of(running), time.monotonic()
            command = [sys.executable, "-m", "phoenix_dagster.cli", "backfill", "--first", str(days[0])]
            command += ["--last", str(days[-1]), "--select", chosen.select, "--url", f"http://127.0.0.1:{port}"]
            patience = PATIENCE + A_RUN * len(days)
            done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True, timeout=patience)
            wall, cpu = time.monotonic() - started, cpu_of(running) - before
    print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
    print(f"{len(days)} runs in {wall:.0f} s: {len(days) * 60 / wall:.1f} a minute, {cpu / len(days):.2f} CPU s each")
    end(
        {
            "runs": len(days),
            "ended": done.returncode,
            "cpu_seconds_a_run": cpu / len(days),
            "runs_per_minute": len(days) * 60 / wall,
            "runs_per_cpu_minute": len(days) * 60 / cpu,
        }
    )


if __name__ == "__main__":
    main()
