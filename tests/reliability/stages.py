"""The stages that are killed: each works on one small synthetic day in a data folder of its own.

Everything heavy is imported before processes are forked, and nothing is run before: a fork must not
inherit the threads of Polars, Arrow or NautilusTrader.
"""

from datetime import date
from pathlib import Path

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.catalog.store import convert_day, record_instrument
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, BOOK_TICKER, METRICS
from phoenix_core.market import Listing
from phoenix_core.raw.store import Ingest
from phoenix_core.report.folder import page_of
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage import Lake
from phoenix_core.synthetic.files import write_dataset
from phoenix_core.synthetic.market import MarketDay, MarketSize

LISTING = Listing.parse("um:BTCUSDT")
DAY = date(2024, 3, 24)
DATASETS = (AGG_TRADES, BOOK_TICKER, METRICS, BOOK_DEPTH)
STAGES = ("download", "conversion", "signals", "backtest", "report")
STRATEGY = {"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5}


def archive(root: Path) -> None:
    """Write the archive that all stages draw on."""
    market = MarketDay(DAY, 7, MarketSize(trades=6_000, quotes_per_trade=4))
    for dataset in DATASETS:
        write_dataset(root / "archive", LISTING, dataset, market)


def download(root: Path, lake: Lake) -> None:
    ingest = Ingest(lake, (BinanceArchive(Archive(str(root / "archive"))),), date(2026, 1, 1), progress)
    for dataset in DATASETS:
        ingest.day(dataset, LISTING, DAY)


def progress(name: str, done: int, total: int | None) -> None:
    """Called as bytes arrive; a place to be killed at."""


def conversion(root: Path, lake: Lake) -> None:
    for dataset in DATASETS:
        convert_day(lake, dataset, LISTING, DAY)
    record_instrument(lake, LISTING, DAY)


def signals(root: Path, lake: Lake) -> None:
    SignalDays(lake, LISTING).publish_buckets(DAY)
    SignalDays(lake, LISTING).publish_signals(DAY)


def experiment() -> Experiment:
    return Experiment.parse(listing=str(LISTING), first=DAY, last=DAY, strategy=STRATEGY)


def backtest(root: Path, lake: Lake) -> None:
    chosen = experiment()
    publish(lake, run(lake, chosen), asset="um/btcusdt/backtest")


def report(root: Path, lake: Lake) -> None:
    folder = f"backtests/{experiment().name}/{DAY}"
    lake.write(f"{folder}/report.html", page_of(lake, folder).encode())


WORK = {"download": download, "conversion": conversion, "signals": signals, "backtest": backtest, "report": report}
