"""The page of a large sweep: how it is made, how large it is, and how soon a browser shows it.

    python benchmarks/bench_sweep_page.py --points 1000 --days 320

The results are synthetic: random walks with a return each hour, and a window each month. Shown means that Chromium has
drawn the last panel; it needs `chromium` on the machine.
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

from phoenix_core.sweeps.page import sweep_page
from phoenix_core.sweeps.performance import Performance
from phoenix_core.sweeps.table import Judgement, Table
from phoenix_core.sweeps.walk_forward_page import walk_forward_page

_FIRST = date(2024, 1, 1)
_FIELDS = ("strategy.lpi_entry_threshold", "strategy.lpi_exit_threshold", "venue.order_latency_ms")
_FIGURES = (
    "in_sample_net",
    "in_sample_sharpe",
    "out_of_sample_net",
    "out_of_sample_sharpe",
    "median_out_of_sample_sharpe",
)


def swept(points: int, days: int) -> Table:
    """A cube of points, of which each earned a random walk, and what was chosen of them every thirty days."""
    chance, names = np.random.default_rng(7), [f"{number:012x}" for number in range(points)]
    gains = chance.normal(0, 20, (days * 24, points))
    hours = Performance(names, (_FIRST - date(1970, 1, 1)).days * 24 + np.arange(days * 24), gains / 1e5, gains)
    side = round(points ** (1 / 3))
    values = {field: (np.arange(points) // side**place % side / 10).tolist() for place, field in enumerate(_FIELDS)}
    rows = pl.DataFrame({"experiment": names} | values).with_columns(
        net=pl.Series(gains.sum(axis=0)),
        interval=pl.lit(None, pl.String),
        round_trips=pl.lit(100),
        max_drawdown=pl.lit(0.02),
        sharpe=pl.Series(gains.mean(axis=0) / gains.std(axis=0) * 93.6),
        probabilistic_sharpe=pl.lit(0.5),
        failed=pl.lit(None, pl.String),
    )
    best = names[int(np.argmax(gains.sum(axis=0)))]
    worth = Judgement(points, 0, best, 2.5, 0.4, 300.0, None, None, 120.0, 0.8, 0.7)
    return Table(rows, _windows(names, days, chance), worth, None, hours=hours)


def _windows(names: list[str], days: int, chance: np.random.Generator) -> pl.DataFrame:
    rows = []
    for start in range(90, days - 30, 30):
        first, middle, last = (_FIRST + timedelta(start + shift) for shift in (-90, 0, 29))
        told = {"train_first": first, "train_last": middle - timedelta(1), "test_first": middle, "test_last": last}
        figures = {name: float(chance.normal()) for name in _FIGURES}
        rows.append(told | {"experiment": str(chance.choice(names))} | figures)
    return pl.DataFrame(rows)


def shown_after(browser: Browser, page: Path, times: int) -> tuple[float, float]:
    """Median seconds from opening a page to the last panel being drawn: by the clock, and of its thread's CPU."""
    taken = []
    for _ in range(times):
        tab = browser.new_page()
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        started = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-drawn=all]")
        clock = time.perf_counter() - started
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        taken.append((clock, float(found["TaskDuration"])))
        tab.close()
    return statistics.median(one for one, _ in taken), statistics.median(one for _, one in taken)


def main() -> None:
    """Make both pages, open each some times, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--days", type=int, default=320)
    parser.add_argument("--times", type=int, default=5)
    chosen = parser.parse_args()
    found, span = swept(chosen.points, chosen.days), f"{_FIRST}_{_FIRST + timedelta(chosen.days - 1)}"
    described = {"grid": {field: [] for field in _FIELDS}, "experiment": {"listing": "um:BTCUSDT"}}
    makers = {
        "sweep": lambda: sweep_page(described, "0" * 12, span, found, "USDT"),
        "walk_forward": lambda: walk_forward_page("um:BTCUSDT", _FIELDS, "0" * 12, span, found, "USDT"),
    }
    figures: dict[str, float] = {"points": chosen.points, "days": chosen.days}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, made in makers.items():
            started, page = time.perf_counter(), Path(folder) / f"{name}.html"
            page.write_text(made(), encoding="utf-8")
            figures[f"{name}_made_seconds"] = round(time.perf_counter() - started, 2)
            figures[f"{name}_megabytes"] = round(page.stat().st_size / 1e6, 1)
            clock, cpu = shown_after(browser, page, chosen.times)
            figures |= {f"{name}_shown_seconds": round(clock, 2), f"{name}_thread_seconds": round(cpu, 2)}
        browser.close()
    end(figures)


if __name__ == "__main__":
    main()
