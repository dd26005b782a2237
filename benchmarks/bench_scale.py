"""On paper: a backfill of many symbols on 1 to 64 workers; hours, event log, and what bounds it.

    python benchmarks/bench_scale.py --symbols 300 --days 2000

The time of workers is what `phoenix plan` reckons (phoenix_dagster/operation/orchestration.py). Beside it stand three
that all workers share: the daemon, which hands out one run after another; the database; and the bucket. The slowest of
the four bounds the backfill. Requests of a day are counted here, over moto; what a run costs daemon and database is
measured by bench_workers.py; what a bucket takes is published.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import obstore
from bench_bucket import bucket
from workload import DAY, LISTING, TODAY, end

from phoenix_core.alone import made_alone
from phoenix_core.catalog.store import catalog_asset, convert_day
from phoenix_core.datasets import AGG_TRADES
from phoenix_core.manifest import Key
from phoenix_core.products import Partitions, products_on
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.cache import Local
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize
from phoenix_dagster.operation.orchestration import Backfill, Orchestrated

WORKERS = (1, 2, 4, 8, 16, 32, 64)
# A second and prefix: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
_PUTS, _GETS = 3_500, 5_500
_WRITES = {"put", "delete", "list"}
# CPU seconds, by bench_workers.py: of the daemon for a run, which is one Python process; of the database for an event.
_DAEMON_SECONDS = 0.22
_DATABASE_SECONDS = 0.036
_DATABASE_CORES = 4


@dataclass(frozen=True)
class Bounds:
    """Hours that a backfill takes at least, by what it waits for."""

    workers: float
    daemon: float
    database: float
    bucket: float

    @classmethod
    def of(cls, one: Orchestrated, materializations: int, requests: Counter[str]) -> "Bounds":
        """Each as if the others took no time."""
        puts = sum(requests[name] for name in _WRITES)
        gets = requests.total() - puts
        return cls(
            workers=one.hours,
            daemon=one.runs * _DAEMON_SECONDS / 3600,
            database=one.events * _DATABASE_SECONDS / _DATABASE_CORES / 3600,
            bucket=materializations * max(puts / _PUTS, gets / _GETS) / 3600,
        )

    @property
    def slowest(self) -> tuple[float, str]:
        """Hours, and what takes them."""
        return max((hours, name) for name, hours in vars(self).items())


def main() -> None:
    """Reckon, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--symbols", type=int, default=300)
    options.add_argument("--days", type=int, default=2000)
    options.add_argument("--day-seconds", type=float, default=4.8, help="CPU seconds of the work of a symbol's day.")
    chosen = options.parse_args()
    requests = requests_of_a_day()
    print("Requests of an asset's day:", dict(requests))
    daily = [one for one in products_on(LISTING.market) if one.partitions is Partitions.DAILY]
    materializations = len(daily) * chosen.symbols * chosen.days
    print(f"{len(daily)} daily assets, {materializations:,} materializations; hours at least, the bound in brackets")
    slowest: dict[tuple[int, int], float] = {}
    for workers in WORKERS:
        work = chosen.days * chosen.day_seconds
        for one in Backfill(chosen.days, len(daily), work, workers, chosen.symbols).choices():
            bounds = Bounds.of(one, materializations, requests)
            hours, name = bounds.slowest
            slowest[workers, one.days_per_run] = hours
            print(
                f"{workers:3} workers, {one.days_per_run:2} days a run: {hours:9.1f} h ({name}); "
                f"daemon {bounds.daemon:.1f}, database {bounds.database:.1f}, bucket {bounds.bucket:.1f} h; "
                f"{one.event_bytes / 1e9:.0f} GB of events"
            )
    end(
        {
            "requests": requests.total(),
            "hours_1_worker": slowest[1, 30],
            "hours_64_workers": slowest[64, 30],
            "speedup_64_workers": slowest[1, 30] / slowest[64, 30],
        }
    )


def requests_of_a_day() -> Counter[str]:
    """Requests to the bucket for the catalog day of an asset that is made anew, by the client's method."""
    with tempfile.TemporaryDirectory() as folder, bucket("") as url:
        archive, lake = Path(folder) / "archive", Lake.at(url, Local(Path(folder) / "local"))
        write_dataset(archive, LISTING, AGG_TRADES, MarketDay(DAY, 7, MarketSize(2_000, 1)))
        ingest = Ingest(lake, (BinanceArchive(Archive(str(archive))),), TODAY)
        lake.write("warm", b"")  # what is asked once in a process
        with counting() as counted:
            ingest.day(AGG_TRADES, LISTING, DAY)
            key = Key(catalog_asset(AGG_TRADES, LISTING), DAY.isoformat())
            made_alone(lake, key, lambda watched: convert_day(watched, AGG_TRADES, LISTING, DAY))
    return Counter({name: -(-count // 2) for name, count in counted.items()})  # of raw and catalog, an asset each


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count calls of the client, each of which is a request here."""
    counted: Counter[str] = Counter()

    def count(name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the client's
        counted[name] += 1
        return call(*given, **named)

    patches = [
        patch.object(obstore, name, partial(count, name, getattr(obstore, name)))
        for name in ("put", "get", "head", "list", "delete")
    ]
    for one in patches:
        one.start()
    try:
        yield counted
    finally:
        for one in patches:
            one.stop()


if __name__ == "__main__":
    main()
