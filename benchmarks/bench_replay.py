"""A month of replay: every tick against only those that matter, and against an idle engine.

    python benchmarks/bench_replay.py --days 3

Days are synthetic; --archive takes them from a folder that already holds them. The replay of signals runs
once more at each threshold of --curve, which shows how it grows with the number of orders. The idle engine
is NautilusTrader's, with the same venue and a strategy that does nothing, fed the same quotes and trades from
the same files in chunks, each day just after the full replay of it, so that what disturbs the machine disturbs
both. Memory is that of a child process of each mode over one day and over ten.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from workload import LISTING, child, cost, end, on_one_core, peak_mb

from phoenix_core.catalog.store import convert_day, record_instrument
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, BOOK_TICKER, FUNDING_RATE, MARK_PRICE_KLINES, METRICS
from phoenix_core.market import Listing, days_between
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

FIRST = date(2024, 2, 20)
MEMORY_DAYS = 10
INPUTS = (AGG_TRADES, BOOK_TICKER, MARK_PRICE_KLINES, FUNDING_RATE, BOOK_DEPTH, METRICS)


def prepare(root: Path, days: Sequence[date], archive: Path, listing: Listing = LISTING, name: str = "data") -> Lake:
    """Publish everything that a backtest of these days reads, in a data folder of this name."""
    lake = Lake.at(root / name)
    ingest = Ingest(lake, (BinanceArchive(Archive(str(archive))),), date(2026, 1, 1))
    signals = SignalDays(lake, listing)
    for day in days:
        for dataset in INPUTS:
            ingest.day(dataset, listing, day)
            convert_day(lake, dataset, listing, day)
        record_instrument(lake, listing, day)
        signals.publish_buckets(day)
        signals.publish_signals(day)
    return lake


def experiment(days: Sequence[date], mode: str, threshold: float):  # noqa: ANN201 - imported where it is used
    """The default experiment over these days."""
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415

    return Experiment.parse(
        listing=str(LISTING),
        first=days[0],
        last=days[-1],
        replay=mode,
        strategy={"lpi_entry_threshold": threshold},
    )


def idle(lake: Lake, days: Sequence[date]) -> int:
    """Feed the same ticks to an engine whose strategy does nothing."""
    from decimal import Decimal  # noqa: PLC0415

    from nautilus_trader.backtest.config import BacktestEngineConfig  # noqa: PLC0415
    from nautilus_trader.backtest.engine import BacktestEngine  # noqa: PLC0415
    from nautilus_trader.common.config import LoggingConfig  # noqa: PLC0415
    from nautilus_trader.model.enums import AccountType, OmsType  # noqa: PLC0415
    from nautilus_trader.model.objects import Money  # noqa: PLC0415
    from nautilus_trader.trading.strategy import Strategy  # noqa: PLC0415

    from phoenix_core.backtest.chunks import merged_chunks  # noqa: PLC0415
    from phoenix_core.backtest.inputs import InputReader  # noqa: PLC0415
    from phoenix_core.catalog.instruments import instrument  # noqa: PLC0415
    from phoenix_core.instruments.table import specification  # noqa: PLC0415
    from phoenix_core.signals.parameters import SignalParameters  # noqa: PLC0415

    traded = instrument(specification(LISTING, FIRST))
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    currency = traded.get_settlement_currency()
    engine.add_venue(
        venue=traded.id.venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(100_000, currency)],
        base_currency=currency,
        default_leverage=Decimal(10),
    )
    engine.add_instrument(traded)
    engine.add_strategy(Strategy())
    reader = InputReader(lake, LISTING, SignalParameters())
    events = 0
    for day in days:
        read = reader.day(day)
        for chunks in merged_chunks([read.quotes.stream(), read.trades.stream()]):
            for chunk in chunks:
                if chunk:
                    engine.add_data(chunk, sort=False)
                    events += len(chunk)
            engine.sort_data()
            engine.run(streaming=True)
            engine.clear_data()
    engine.end()
    engine.dispose()
    return events


def measured(lake: Lake, days: Sequence[date], threshold: float):  # noqa: ANN201 - imported where it is used
    """Results of both modes, and CPU seconds of each and of the idle engine, which takes each day after full did."""
    from phoenix_core.backtest.run import run  # noqa: PLC0415

    idle_seconds = 0.0

    def follow(day: date, events: int) -> None:
        nonlocal idle_seconds
        del events
        idle_seconds += cost(lambda: idle(lake, [day])).cpu

    started = time.process_time()
    full = run(lake, experiment(days, "full", threshold), follow)
    full_seconds = time.process_time() - started - idle_seconds
    started = time.process_time()
    signals = run(lake, experiment(days, "signals", threshold))
    signals_seconds = time.process_time() - started
    return full, signals, {"idle": idle_seconds, "full": full_seconds, "signals": signals_seconds}


def growing(lake: Lake, days: Sequence[date], threshold: float) -> dict[str, float]:
    """Orders and CPU seconds of the replay of signals at a threshold."""
    from phoenix_core.backtest.run import run  # noqa: PLC0415

    results = []
    spent = cost(lambda: results.append(run(lake, experiment(days, "signals", threshold))))
    return {"threshold": threshold, "orders": sum(results[0].orders.values()), "cpu": round(spent.cpu, 2)}


def only(folder: Path, days: Sequence[date], mode: str, threshold: float) -> None:
    """Run one mode alone and print its peak memory: the child."""
    from phoenix_core.backtest.run import run  # noqa: PLC0415

    started = time.perf_counter()
    run(Lake.at(folder), experiment(days, mode, threshold))
    print(json.dumps({"peak_mb": peak_mb(), "wall": time.perf_counter() - started}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--trades", type=int, default=100_000, help="aggregate trades a day")
    parser.add_argument("--quotes-per-trade", type=int, default=10)
    parser.add_argument("--cascades", type=int, default=4, help="liquidation cascades a day")
    parser.add_argument("--threshold", type=float, default=0.75, help="LPI from which on the strategy enters")
    parser.add_argument("--curve", type=float, nargs="*", default=(0.95, 0.85, 0.6, 0.45, 0.3), help="thresholds")
    parser.add_argument("--archive", type=Path, help="a folder with these days, instead of making them")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    # The first days only warm the signals up.
    history = days_between(FIRST - timedelta(1), FIRST + timedelta(chosen.days - 1))
    days = history[1:]
    if chosen.child:
        only(chosen.child, days, chosen.mode, chosen.threshold)
        return
    on_one_core()

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if not chosen.archive:
            size = MarketSize(chosen.trades, chosen.quotes_per_trade, chosen.cascades)
            write_archive(root / "archive", LISTING, history, size=size)
        lake = prepare(root, history, chosen.archive or root / "archive")
        full, signals, costs = measured(lake, days, chosen.threshold)
        print(f"synthetic, {chosen.days} days, {full.events:,} events, {full.fills.height} fills")
        for name, seconds in costs.items():
            print(f"{name:<10}{seconds:9.2f} CPU s")
        growth = [growing(lake, days, threshold) for threshold in chosen.curve]
        for point in growth:
            print("threshold {threshold:.2f}: {orders:5} orders {cpu:8.2f} CPU s".format(**point))
        peaks = {}
        for mode in ("full", "signals"):
            for count in (1, min(chosen.days, MEMORY_DAYS)):
                arguments = ["--child", str(lake.store.root), "--mode", mode, "--days", str(count)]
                arguments += ["--threshold", str(chosen.threshold)]
                peaks[f"{mode}, {count} days"] = child(__file__, arguments, cores=2)["peak_mb"]
        print(json.dumps(peaks))
        end(
            {
                "days": chosen.days,
                "events": full.events,
                "fills": full.fills.height,
                "signal_entries": sum(full.orders.values()),
                "full_vs_idle_engine": costs["full"] / costs["idle"],
                "signals_vs_full": costs["full"] / costs["signals"],
                "share_of_events_in_signals": signals.events / full.events,
                "signals_by_threshold": growth,
                "fills_equal": bool(full.fills.equals(signals.fills) and full.final_balance == signals.final_balance),
                "peak_mb": max(peaks.values()),
                "peaks_mb": peaks,
            }
        )


if __name__ == "__main__":
    main()
