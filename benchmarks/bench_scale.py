"""On paper: a backfill of many symbols on 1 to 64 workers; hours, event log, and what bounds it.

    python benchmarks/bench_scale.py --symbols 300 --days 2000

It is what `phoenix plan --workers` reckons (phoenix_dagster/operation/orchestration.py), with data in a bucket.
Requests of a day are counted here, over moto, beside those that it reckons with.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from phoenix_dagster.operation.orchestration import GETS, PUTS, Backfill

WORKERS = (1, 2, 4, 8, 16, 32, 64)
_WRITES = {"put", "delete", "list"}


def main() -> None:
    """Reckon, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--symbols", type=int, default=300)
    options.add_argument("--days", type=int, default=2000)
    options.add_argument("--day-seconds", type=float, default=4.8, help="CPU seconds of the work of a symbol's day.")
    chosen = options.parse_args()
    requests = requests_of_a_day()
    puts = sum(requests[name] for name in _WRITES)
    print("Requests of an asset's day:", dict(requests))
    print(f"{puts} puts and {requests.total() - puts} gets; reckoned with {PUTS} and {GETS}")
    daily = [one for one in products_on(LISTING.market) if one.partitions is Partitions.DAILY]
    materializations = len(daily) * chosen.symbols * chosen.days
    print(f"{len(daily)} daily assets, {materializations:,} materializations; hours at least, the bound in brackets")
    slowest: dict[tuple[int, int], float] = {}
    for workers in WORKERS:
        work = chosen.days * chosen.day_seconds
        for one in Backfill(chosen.days, len(daily), work, workers, chosen.symbols, in_bucket=True).choices():
            slowest[workers, one.days_per_run] = one.hours
            others = ", ".join(f"{name} {hours:.1f}" for name, hours in one.hours_by.items() if name != "workers")
            print(
                f"{workers:3} workers, {one.days_per_run:2} days a run: {one.hours:9.1f} h ({one.bound}); "
                f"{others} h; {one.event_bytes / 1e9:.0f} GB of events"
            )
    end(
        {
            "requests": requests.total(),
            "requests_vs_reckoned": max(puts / PUTS, (requests.total() - puts) / GETS),
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
