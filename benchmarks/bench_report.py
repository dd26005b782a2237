"""The report of a long continuous backtest: how it is made, how large it is, and how soon a browser shows it.

    python benchmarks/bench_report.py --days 320 --trips-a-day 20

The result is synthetic: a random walk with an equity value each minute. The baseline is the page of one
day. Shown means that Chromium has drawn the last panel; it needs `chromium` on the machine.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Browser, sync_playwright
from workload import end

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.ledger import round_trip_schema
from phoenix_core.market import DAY_NS
from phoenix_core.report.page import report_page
from phoenix_core.report.result import PublishedResult
from phoenix_core.strategies.phoenix.declaration import CONTRACT

_MINUTE = 60 * 1_000_000_000
_START = 1_704_067_200_000_000_000


def result(days: int, trips_a_day: int) -> PublishedResult:
    """A random walk and round trips at random minutes, each with an entry, an exit and all its columns."""
    chance = np.random.default_rng(7)
    minutes, count = days * 1440, days * trips_a_day
    walk = chance.normal(0, 1e-4, minutes).cumsum()
    equity = pl.DataFrame(
        {
            "ts": _START + np.arange(minutes) * _MINUTE,
            "price": 50_000 * np.exp(walk),
            "position": (chance.random(minutes) < 0.1).astype(float),
            "equity": 100_000 * np.exp(walk / 3),
        }
    )
    opened = np.sort(_START + chance.integers(0, days * DAY_NS, count))
    fills = pl.DataFrame(
        {
            "ts": np.repeat(opened, 2) + np.tile([0, 60 * _MINUTE], count),
            "side": ["BUY", "SELL"] * count,
            "price": 50_000 + chance.normal(0, 100, 2 * count),
            "why": ["entry", "exit"] * count,
            "liquidity": ["MAKER", "TAKER"] * count,
        }
    )
    signals = {name: chance.random(20 * count) for name in ("lpi", "fsi", "vpin", "ldr", "oi_z")}
    near = np.repeat(opened, 20) + np.tile(np.arange(20), count) * 30 * 1_000_000_000
    amounts = {name: chance.normal(0, 20, 2 * count) for name in ("realized", "slippage", "fee", "funding")}
    return PublishedResult(
        folder="backtests/synthetic/span",
        document=_document(days),
        equity=equity,
        fills=fills,
        round_trips=_trips(opened, chance),
        ledger=fills.select("ts", pl.lit("fill").alias("kind")).with_columns(**_series(amounts)),
        signals=pl.DataFrame({"ts_init": near} | signals).head(20_000),
        is_synthetic=True,
    )


def _series(values: dict[str, np.ndarray]) -> dict[str, pl.Series]:
    return {name: pl.Series(value) for name, value in values.items()}


def _trips(opened: np.ndarray, chance: np.random.Generator) -> pl.DataFrame:
    """Rows of the published schema: what is no time, side or reason is a random number."""
    told = {"opened_ns": opened, "closed_ns": opened + 60 * _MINUTE, "entry_decided_ns": opened}
    words = {"side": "LONG", "closed_by": "EXIT"}
    schema = round_trip_schema(CONTRACT.annotations)
    columns = {
        name: told.get(name, pl.Series(chance.uniform(1, 60_000, opened.size)).round(4))
        for name in schema
        if name not in words
    }
    frame = pl.DataFrame(columns).with_columns(**{name: pl.lit(word) for name, word in words.items()})
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _document(days: int) -> dict[str, object]:
    first = date(2024, 1, 1)
    told = [(first + timedelta(number)).isoformat() for number in range(days)]
    experiment = Experiment(listing="um:BTCUSDT", first=first, last=date.fromisoformat(told[-1]))
    assets = ("signals", "trade_ticks", "quote_ticks", "mark_prices", "funding_updates", "instrument")
    return {
        "experiment": experiment.model_dump(mode="json"),
        "identity": "0" * 64,
        "inputs": {
            f"um/btcusdt/{asset}@{day}": f"{number:064x}" for asset in assets for number, day in enumerate(told)
        },
        "zips": {f"archive/BTCUSDT-aggTrades-{day}.zip": f"{number:064x}" for number, day in enumerate(told)},
        "files": {},
        "days": told,
        "missing": {},
        "without": {},
        "assumptions": ["synthetic"],
        "excluded_seconds": 0,
        "ruined_ns": None,
        "orders": {"FILLED": days},
        "closed_at_end": 0,
        "final_balance": "100000",
        "parts": {"price": "0", "slippage": "0", "fees": "0", "funding": "0", "net": "0"},
    }


def shown_after(browser: Browser, page: Path, times: int) -> float:
    """Median seconds from opening a page to the last panel being drawn."""
    taken = []
    for _ in range(times):
        tab = browser.new_page()
        started = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-drawn=all]")
        taken.append(time.perf_counter() - started)
        tab.close()
    return statistics.median(taken)


def main() -> None:
    """Make both pages, open them alternately, print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=320)
    parser.add_argument("--trips-a-day", type=int, default=20)
    parser.add_argument("--times", type=int, default=5)
    chosen = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, days in (("long", chosen.days), ("day", 1)):
            made = result(days, chosen.trips_a_day)
            started = time.perf_counter()
            page = Path(folder) / f"{name}.html"
            page.write_text(report_page(made))
            figures[f"{name}_made_s"] = round(time.perf_counter() - started, 2)
            figures[f"{name}_mb"] = round(page.stat().st_size / 1e6, 2)
            figures[f"{name}_shown_s"] = round(shown_after(browser, page, chosen.times), 2)
        browser.close()
    figures["shown_long_vs_day"] = round(figures["long_shown_s"] / figures["day_shown_s"], 2)
    end(figures)


if __name__ == "__main__":
    main()
