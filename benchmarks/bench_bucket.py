"""A day converted into a bucket and into a folder, and the same day asked for again.

    uv run python benchmarks/bench_bucket.py --rows 1000000

The day is synthetic. The bucket is moto's, in a process of its own on this machine, whose work is not counted; a server
elsewhere: AWS_ENDPOINT_URL and --bucket. Both stores alternate within one process, and medians are printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from workload import DAY, LISTING, alternating, cost, end, forget, raw_day

from phoenix_core.alone import made_alone
from phoenix_core.catalog.store import catalog_asset, convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Key, Manifest
from phoenix_core.migration import migrate
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_dagster.settings import export

KEY = Key(catalog_asset(AGG_TRADES, LISTING), DAY.isoformat())
_PORT = 5999


@contextmanager
def bucket(given: str) -> Iterator[str]:
    """URL of an empty prefix: of the bucket that was named, or of one of a server of our own."""
    if given:
        yield f"s3://{given}/bench-{os.getpid()}"
        return
    url = f"http://127.0.0.1:{_PORT}"
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    export({"AWS_ENDPOINT_URL": url} | keys)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(_PORT)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with suppress(OSError):
                made = HTTPConnection("127.0.0.1", _PORT, timeout=5)
                made.request("PUT", "/bench")
                made.getresponse().read()
                break
            time.sleep(0.1)
        yield "s3://bench/data"
    finally:
        server.kill()
        server.wait()


def convert(lake: Lake) -> None:
    """As the asset does."""
    made_alone(lake, KEY, lambda watched: convert_day(watched, AGG_TRADES, LISTING, DAY))


def anew(lake: Lake) -> None:
    """With all to do."""
    forget(lake, AGG_TRADES)
    convert(lake)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bucket", default="")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as root, bucket(chosen.bucket) as url:
        folder = raw_day(Path(root), AGG_TRADES, chosen.rows)
        there = Lake.at(url, Local(Path(root) / "local"))
        list(migrate(folder, there))
        lakes = {"folder": folder, "bucket": there}
        for lake in lakes.values():
            anew(lake)  # what is imported and opened at the first call
        made = alternating({name: lambda lake=lake: anew(lake) for name, lake in lakes.items()}, chosen.rounds)
        again = {name: [cost(lambda lake=lake: convert(lake)).wall for _ in range(30)] for name, lake in lakes.items()}
        found = [Manifest(lake).find(*KEY) for lake in lakes.values()]
        assert found[0] == found[1]
        end(
            {
                "rows": chosen.rows,
                "bytes": found[0].bytes,
                **{f"{name}_cpu_seconds": one.cpu for name, one in made.items()},
                **{f"{name}_wall_seconds": one.wall for name, one in made.items()},
                "cpu_ratio": made["bucket"].cpu / made["folder"].cpu,
                **{f"{name}_current_ms": 1000 * statistics.median(times) for name, times in again.items()},
            }
        )


if __name__ == "__main__":
    main()
