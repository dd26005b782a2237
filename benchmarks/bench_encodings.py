"""How a day of quotes is best written: size, writing and NautilusTrader's reading, for some encodings.

    uv run python benchmarks/bench_encodings.py --trades 500000

The day is synthetic (four quotes a trade). The baseline is the library's defaults with the same
compression; encodings alternate within one process, and medians and ratios are printed.
"""

import argparse
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from nautilus_trader.core.nautilus_pyo3 import DataBackendSession, NautilusDataType
from workload import end

from phoenix_core.catalog.store import convert_day
from phoenix_core.datasets import BOOK_TICKER
from phoenix_core.market import NS_PER_SECOND, Listing, day_start_ns
from phoenix_core.raw.store import Ingest
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

LISTING = Listing.parse("um:BTCUSDT")
DAY = date(2024, 3, 24)
TIMES = ("ts_event", "ts_init", "update_id", "event_time")
PRICES = ("bid_price", "ask_price")
SIZES = ("bid_size", "ask_size")
DELTAS = dict.fromkeys(TIMES, "DELTA_BINARY_PACKED")

ZSTD = {"compression": "zstd", "compression_level": 1}
LZ4 = {"compression": "lz4"}
OURS = {
    "use_dictionary": [*PRICES, *SIZES],
    "column_encoding": DELTAS,
    "write_statistics": ["ts_event", "ts_init"],
    "row_group_size": 131_072,
}
ENCODINGS = {
    "defaults, zstd": {**ZSTD, "row_group_size": 131_072},
    "differences, dictionaries, zstd": {**OURS, **ZSTD},
    "differences, dictionaries, lz4 (ours)": {**OURS, **LZ4},
    "the same, groups of 16,384": {**OURS, **LZ4, "row_group_size": 16_384},
    "the same, groups of 1,048,576": {**OURS, **LZ4, "row_group_size": 1_048_576},
    "the same, uncompressed": {**OURS, "compression": "none"},
}


def read_seconds(path: Path) -> float:
    """CPU seconds of NautilusTrader's reader over a file."""
    started = time.process_time()
    session = DataBackendSession(chunk_size=100_000)
    session.add_file(NautilusDataType.QuoteTick, "ticks", str(path), "SELECT * FROM ticks")
    for _ in session.to_query_result():
        pass
    return time.process_time() - started


def hour_seconds(path: Path) -> float:
    """CPU seconds of a Polars scan of the hour from noon."""
    noon = day_start_ns(DAY) + 12 * 3600 * NS_PER_SECOND
    started = time.process_time()
    hour = pl.col("ts_init").is_between(noon, noon + 3600 * NS_PER_SECOND)
    assert pl.scan_parquet(path).filter(hour).collect().height
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_archive(root / "archive", LISTING, [DAY], size=MarketSize(trades=chosen.trades))
        lake = Lake.at(root / "data")
        raw = Ingest(lake, (BinanceArchive(Archive(str(root / "archive"))),), date(2026, 1, 1)).day(
            BOOK_TICKER, LISTING, DAY
        )
        table = pq.read_table(lake.store.path(convert_day(lake, BOOK_TICKER, LISTING, DAY).file))
        found: dict[str, dict[str, list[float]]] = {
            name: {"write": [], "read": [], "hour": [], "bytes": []} for name in ENCODINGS
        }
        for _ in range(chosen.rounds):
            for name, options in ENCODINGS.items():
                path = root / "x.parquet"
                started = time.process_time()
                pq.write_table(table, path, write_page_checksum=True, **options)
                found[name]["write"].append(time.process_time() - started)
                found[name]["read"].append(read_seconds(path))
                found[name]["hour"].append(hour_seconds(path))
                found[name]["bytes"].append(path.stat().st_size)
    medians = {name: {what: statistics.median(v) for what, v in row.items()} for name, row in found.items()}
    base = medians["defaults, zstd"]
    print(f"synthetic, {table.num_rows:,} quotes, zip {raw.bytes:,} bytes, {chosen.rounds} rounds")
    for name, row in medians.items():
        print(
            f"{name:<40} {row['bytes']:>12,.0f} B ({row['bytes'] / base['bytes']:.2f}×)  write {row['write']:.2f} s "
            f"({row['write'] / base['write']:.2f}×)  read {row['read']:.2f} s ({row['read'] / base['read']:.2f}×)  "
            f"an hour {row['hour'] * 1000:.0f} ms"
        )
    ours = next(row for name, row in medians.items() if "(ours)" in name)
    ratios = {f"{what}_vs_defaults": ours[what] / base[what] for what in ours}
    end({"rows": table.num_rows, "zip_bytes": raw.bytes, **ratios, "medians": medians})


if __name__ == "__main__":
    main()
