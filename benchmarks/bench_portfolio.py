"""Several symbols with one account: every tick against each symbol alone, only what matters, and memory.

    python benchmarks/bench_portfolio.py --symbols 6 --days 2

Markets are synthetic, one seed a symbol. Memory is that of a child process of each mode, over one symbol and all of
them, over one day and all of them: it should hang on neither.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import polars as pl
from bench_replay import FIRST, prepare
from workload import child, cost, end, on_one_core, peak_mb

from phoenix_core.market import DAY_NS, Listing, day_start_ns, days_between
from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

LISTINGS = tuple(f"um:{base}USDT" for base in ("BTC", "ETH", "BNB", "XRP", "SOL", "ADA", "DOGE", "LTC", "LINK", "AVAX"))
MODES = ("full", "signals")
THRESHOLD = {"lpi_entry_threshold": 0.75}


def ran(lake: Lake, listings: Sequence[str], days: Sequence[date], mode: str):  # noqa: ANN201 - imported where it is used
    """A portfolio of these listings over these days."""
    from phoenix_core.backtest.portfolio.portfolio import Portfolio  # noqa: PLC0415
    from phoenix_core.backtest.portfolio.run import run_portfolio  # noqa: PLC0415

    chosen = {"listings": listings, "first": days[0], "last": days[-1], "replay": mode, "strategy": THRESHOLD}
    return run_portfolio(lake, Portfolio.parse(**chosen))


def kept(scratch: Path, symbols: int, years: int) -> int:
    """Megabytes that minutes of so many symbols over so many years take at most, kept and then valued."""
    from phoenix_core.backtest.equity import Curve  # noqa: PLC0415 - imported where it is used
    from phoenix_core.backtest.ledger import ledger  # noqa: PLC0415
    from phoenix_core.backtest.minutes import Minutes  # noqa: PLC0415
    from phoenix_core.backtest.portfolio.result import account_equity  # noqa: PLC0415
    from phoenix_core.execution.holding import Payoff  # noqa: PLC0415
    from phoenix_core.storage.spill import Spill  # noqa: PLC0415

    spill, balance = Spill(scratch), Decimal(100_000)
    books, before = ledger([], [], balance, balance).rows, peak_mb()
    curves = [Curve(Minutes(spill), books, balance, Payoff()) for _ in range(symbols)]
    for day, one in product(days_between(FIRST, FIRST + timedelta(365 * years - 1)), curves):
        price = pl.lit(50_000).cast(pl.Decimal(38, 16))
        ends = pl.Series("minute_ns", range(60_000_000_000 - 1, DAY_NS, 60_000_000_000)) + day_start_ns(day)
        table = ends.to_frame().with_columns(price.alias(name) for name in ("open", "price", "volume"))
        one.minutes.add(day, table)
    account_equity([SimpleNamespace(curve=one) for one in curves], balance)
    return peak_mb() - before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=6)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--trades", type=int, default=40_000, help="aggregate trades a day and symbol")
    parser.add_argument("--quotes-per-trade", type=int, default=4)
    parser.add_argument("--years", type=int, default=1, help="of minutes that are kept until the end")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    listings, days = LISTINGS[: chosen.symbols], days_between(FIRST, FIRST + timedelta(chosen.days - 1))
    if chosen.child and chosen.mode == "kept":
        print(json.dumps({"peak_mb": kept(chosen.child, chosen.symbols, chosen.years)}))
        return
    if chosen.child:
        ran(Lake.at(chosen.child), listings, days, chosen.mode)
        print(json.dumps({"peak_mb": peak_mb()}))
        return
    on_one_core()

    with tempfile.TemporaryDirectory() as folder:
        root, history = Path(folder), days_between(FIRST - timedelta(1), days[-1])  # the first warms the signals up
        size = MarketSize(chosen.trades, chosen.quotes_per_trade)
        for seed, listing in enumerate(map(Listing.parse, listings), 7):
            write_archive(root / "archive", listing, history, seed=seed, size=size)
            lake = prepare(root, history, root / "archive", listing)
        ran(lake, listings[:1], days, "signals")  # what is imported once is nobody's cost
        results, costs, peaks = {}, {}, {}
        for mode in MODES:
            costs[mode] = cost(lambda mode=mode: results.update({mode: ran(lake, listings, days, mode)}))
        alone = cost(lambda: [ran(lake, [listing], days, "full") for listing in listings])
        full, signals = (results[mode] for mode in MODES)
        sizes = {(symbols, length) for symbols in (1, chosen.symbols) for length in (1, chosen.days)}
        for mode, (symbols, length) in product(MODES, sorted(sizes)):
            arguments = ["--child", str(lake.store.root), "--mode", mode]
            arguments += ["--symbols", str(symbols), "--days", str(length)]
            peaks[f"{mode}, {symbols} symbols, {length} days"] = child(__file__, arguments, cores=2)["peak_mb"]
        for symbols in (2, 10):
            arguments = [
                "--child",
                str(root),
                "--mode",
                "kept",
                "--symbols",
                str(symbols),
                "--years",
                str(chosen.years),
            ]
            name = f"minutes of {symbols} symbols, {chosen.years} years"
            peaks[name] = child(__file__, arguments, cores=2)["peak_mb"]
        for name, peak in peaks.items():
            print(f"{name:<34}{peak:6} MB")
        end(
            {
                "symbols": chosen.symbols,
                "days": chosen.days,
                "events": full.results[0].events,
                "fills": full.fills.height,
                "full_cpu": costs["full"].cpu,
                "vs_each_alone": costs["full"].cpu / alone.cpu,
                "signals_vs_full": costs["full"].cpu / costs["signals"].cpu,
                "share_of_events_in_signals": signals.results[0].events / full.results[0].events,
                "equal": bool(full.fills.equals(signals.fills) and full.final_balance == signals.final_balance),
                "peaks_mb": peaks,
            }
        )


if __name__ == "__main__":
    main()
