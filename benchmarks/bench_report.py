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
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Browser, sync_playwright
from workload import end

from phoenix_core.market import DAY_NS
from phoenix_core.report.page import report_page

_MINUTE = 60 * 1_000_000_000
_START = 1_704_067_200_000_000_000


def tables(days: int, trips_a_day: int) -> dict[str, pl.DataFrame]:
    """A random walk and round trips at random minutes."""
    chance = np.random.default_rng(7)
    minutes, trips = days * 1440, days * trips_a_day
    walk = chance.normal(0, 1e-4, minutes).cumsum()
    equity = pl.DataFrame(
        {
            "ts": _START + np.arange(minutes) * _MINUTE,
            "price": 50_000 * np.exp(walk),
            "position": (chance.random(minutes) < 0.1).astype(float),
            "equity": 100_000 * np.exp(walk / 3),
        }
    )
    opened = np.sort(_START + chance.integers(0, days * DAY_NS, trips))
    sides = ["BUY", "SELL"] * trips
    fills = pl.DataFrame(
        {
            "ts": np.repeat(opened, 2) + np.tile([0, 60 * _MINUTE], trips),
            "side": sides,
            "price": 50_000 + chance.normal(0, 100, 2 * trips),
            "why": ["entry", "exit"] * trips,
            "liquidity": ["MAKER", "TAKER"] * trips,
        }
    )
    amounts = {name: chance.normal(0, 20, 2 * trips) for name in ("realized", "slippage", "fee", "funding")}
    signals = {name: chance.random(20 * trips) for name in ("lpi", "fsi", "vpin", "ldr", "oi_z")}
    near = np.repeat(opened, 20) + np.tile(np.arange(20), trips) * 30 * 1_000_000_000
    return {
        "equity": equity,
        "fills": fills,
        "ledger": fills.select("ts").with_columns(**{name: pl.Series(values) for name, values in amounts.items()}),
        "positions": pl.DataFrame({"opened_ns": opened, "net": chance.normal(0, 50, trips)}),
        "signals": pl.DataFrame({"ts_init": near} | signals).head(20_000),
    }


def shown_after(browser: Browser, page: Path, times: int) -> float:
    """Median seconds from opening a page to the last panel being drawn."""
    taken = []
    for _ in range(times):
        tab = browser.new_page()
        started = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("#panels .plot-container svg .cartesianlayer .subplot:last-child path", state="attached")
        tab.wait_for_selector("#distribution .plot-container svg", state="attached")
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
            made = tables(days, chosen.trips_a_day)
            started = time.perf_counter()
            page = Path(folder) / f"{name}.html"
            page.write_text(report_page(name, {"days": str(days)}, made, {}))
            figures[f"{name}_made_s"] = round(time.perf_counter() - started, 2)
            figures[f"{name}_mb"] = round(page.stat().st_size / 1e6, 2)
            figures[f"{name}_shown_s"] = round(shown_after(browser, page, chosen.times), 2)
        browser.close()
    figures["shown_long_vs_day"] = round(figures["long_shown_s"] / figures["day_shown_s"], 2)
    end(figures)


if __name__ == "__main__":
    main()
