"""A day of trades to volume buckets and signals: arrays against the tick-by-tick indicators.

    python benchmarks/bench_signals.py --trades 1200000

The day is synthetic. The baseline is `strategies.indicators`, fed one event at a time as live trading
would, from the same published files; both must close the same buckets.
"""

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from bench_replay import FIRST, prepare
from workload import LISTING, alternating, end, on_one_core, peak_mb

from phoenix_core.catalog.store import catalog_asset, read_day, verified_file
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.market import days_between
from phoenix_core.signals.days import SignalDays
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.indicators import LiquidationPressure
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

SELLER = 2


def integers(column: pa.ChunkedArray) -> list[int]:
    """NautilusTrader's 16-byte numbers as Python integers of 1e-16."""
    raw = column.combine_chunks().buffers()[1].to_pybytes()
    return [int.from_bytes(raw[start : start + 16], "little") for start in range(0, 16 * len(column), 16)]


def tick_by_tick(lake: Lake) -> int:
    """Feed the day's events one at a time and count the signals."""
    pressure = LiquidationPressure(SignalParameters())
    trades = pq.read_table(verified_file(lake, catalog_asset(AGG_TRADES, LISTING), FIRST))
    depth = read_day(lake, catalog_asset(BOOK_DEPTH, LISTING), FIRST)
    interest = read_day(lake, catalog_asset(METRICS, LISTING), FIRST)
    others = [(ts, pressure.on_depth, (p, n)) for ts, p, n in depth.select("ts_init", "percentage", "notional").rows()]
    others += [
        (ts, pressure.on_open_interest, (v,)) for ts, v in interest.select("ts_init", "sum_open_interest").rows()
    ]
    others.sort(key=lambda event: event[0], reverse=True)
    columns = (
        trades["ts_event"].to_pylist(),
        trades["trade_id"].to_pylist(),
        integers(trades["price"]),
        integers(trades["size"]),
        trades["aggressor_side"].to_pylist(),
    )
    signals = 0
    for ts, identity, price, size, side in zip(*columns, strict=True):
        while others and others[-1][0] < ts:
            known, take, values = others.pop()
            take(known, *values)
        signals += pressure.on_trade(ts, int(identity), price, size, is_sell=side == SELLER) is not None
    return signals


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=1_200_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    on_one_core()
    with tempfile.TemporaryDirectory() as folder:
        history = days_between(FIRST - timedelta(1), FIRST)
        archive = Path(folder) / "archive"
        write_archive(archive, LISTING, history, size=MarketSize(chosen.trades, quotes_per_trade=1))
        lake = prepare(Path(folder), history, archive)
        days = SignalDays(lake, LISTING)
        counted = {}

        def arrays() -> None:
            buckets = days.buckets(FIRST)
            counted["arrays"] = days.signals(FIRST).height
            assert buckets.height == counted["arrays"]

        def ticks() -> None:
            counted["ticks"] = tick_by_tick(lake)

        costs = alternating({"arrays": arrays, "ticks": ticks}, chosen.rounds)
        print(f"synthetic, {chosen.trades:,} trades, {counted['arrays']:,} signals, medians of {chosen.rounds} rounds")
        for name, one in costs.items():
            print(f"{name:<8}{one.cpu:8.2f} CPU s")
        end(
            {
                "trades": chosen.trades,
                "signals": counted["arrays"],
                "signals_equal": counted["arrays"] == counted["ticks"],
                "cpu_seconds": costs["arrays"].cpu,
                "vs_ticks": costs["ticks"].cpu / costs["arrays"].cpu,
                "peak_mb": peak_mb(),
            }
        )


if __name__ == "__main__":
    main()
