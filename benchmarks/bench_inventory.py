"""A year of 30 symbols inventoried: folders and names that say it all, and a heap in which only rows tell.

    python benchmarks/bench_inventory.py
    python benchmarks/bench_inventory.py --symbols 30 --days 365

Files are made by this script: two rows each, zipped, gzipped and plain in turn, one a symbol and day (10,950). In a
layout as people keep it, `future_data/daily_data/aggTrades`, folders and symbol leave nothing open. In the
heap they lie in one folder and are called `BTCUSDT-2024-03-30.csv`: each is opened. The whole is what
`phoenix inventory` does, the preview of first and last rows included.
"""

import argparse
import gzip
import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from workload import alternating, end

from phoenix_core.market import day_start_ns
from phoenix_core.sources.local_tree.document import document_of
from phoenix_core.sources.local_tree.inventory import take_inventory

FIRST = date(2023, 1, 1)
PLACES = {"layout": "future_data/daily_data/aggTrades/{}-aggTrades-{}", "heap": "um/{}-{}"}
HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make both folders, inventory each, and print seconds of processor and clock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=30)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    symbols = [f"COIN{number:02}USDT" for number in range(options.symbols)]
    days = [FIRST + timedelta(number) for number in range(options.days)]
    figures: dict[str, float] = {"files": len(symbols) * len(days)}
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in PLACES}
        for name, folder in folders.items():
            _write(folder, PLACES[name], symbols, days)
        found = {name: _days_found(folder) for name, folder in folders.items()}
        calls = {name: partial(_days_found, folder) for name, folder in folders.items()}
        for name, spent in alternating(calls, options.rounds).items():
            figures[f"{name}_cpu_s"], figures[f"{name}_s"] = spent.cpu, spent.wall
            print(f"{name:<8}{found[name]:,} days found, {spent.cpu:.2f} CPU seconds, {spent.wall:.2f} by the clock")
    end(figures | {"all_found": int(set(found.values()) == {figures["files"]})})


def _write(folder: Path, place: str, symbols: Sequence[str], days: Sequence[date]) -> None:
    (folder / place).parent.mkdir(parents=True)
    for number, day in enumerate(days):
        start = day_start_ns(day) // 1_000_000
        rows = "".join(f"{one},30000.5,0.014,{one},{one},{start + one},true\n" for one in (1, 2))
        text = (HEADER + rows).encode()
        for symbol in symbols:
            path = folder / place.format(symbol, day)
            suffix, content = _wrapped(number % 3, path.name, text)
            path.with_name(path.name + suffix).write_bytes(content)


def _wrapped(way: int, name: str, text: bytes) -> tuple[str, bytes]:
    if way == 0:
        return ".csv", text
    if way == 1:
        return ".csv.gz", gzip.compress(text)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.csv", text)
    return ".zip", packed.getvalue()


def _days_found(folder: Path) -> int:
    return sum(one["days"] for one in document_of(take_inventory(folder))["holdings"])


if __name__ == "__main__":
    main()
