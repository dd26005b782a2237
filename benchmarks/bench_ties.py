"""What an order meets 30 ms after a trade: the quote in force, or a book that a trade has overwritten.

    python benchmarks/bench_ties.py --archive FOLDER

quotes first    NautilusTrader's one-level book, fed quotes before the trades of their millisecond: a trade sets both
                sides to its price and its size until the next quote
trades first    the same, fed in the order of docs/fills.md
docs/fills.md   a trade changes no quote, and requests arrive between milliseconds

An arrival is polluted where best prices or sizes are not those of the quote in force. Of these: what a market sale of
3.2 units gains by it, in ticks a unit (what is not at the top goes a tick further, as the engine has it), and the
median of the size that a buyer at the bid would stand behind by the true one. Days are synthetic (the demo's 24 and 25
March 2024), and, where a folder with the archive's layout holds them, those of 8 August 2024.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench_witness import DEMO, MINUTES, published
from numpy.typing import NDArray
from workload import LISTING, end

from phoenix_core.synthetic.files import write_archive
from phoenix_core.verification.replayer import MS, Data

LATENCY = 30 * MS
TICK = 0.1
SALE = 3.2


@dataclass(frozen=True)
class Events:
    """Trades or quotes: times in ns, and a row of numbers for each."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]

    def last(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the last one by each instant; -1: none."""
        return np.searchsorted(self.times, at, side="right") - 1


def events(rows: Iterator[tuple[int, ...]]) -> Events:
    """Rows of (ts, numbers)."""
    read = list(rows)
    return Events(np.array([ts for ts, *_ in read]), np.array([list(map(float, rest)) for _, *rest in read]))


def market(data: Data) -> tuple[Events, Events]:
    """Trades (price, size), and quotes (bid, size, ask, size)."""
    return events((ts, price, size) for ts, price, size, _ in data.trades), events(iter(data.quotes))


def sold(price: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a sale at market gets a unit: the top, and what is left a tick further."""
    return price - TICK * np.maximum(0, SALE - size) / SALE


def polluted(trades: Events, quotes: Events) -> Mapping[str, float]:
    """Arrivals 30 ms after each trade, in both orders of ties and by the rule."""
    due = trades.times + LATENCY
    trade, quote = trades.last(due), quotes.last(due)
    due, trade, quote = (one[quote >= 0] for one in (due, trade, quote))
    figures = {}
    for name, comes_after in (("quotes_first", np.greater_equal), ("trades_first", np.greater)):
        overwritten = comes_after(trades.times[trade], quotes.times[quote])
        (price, size), (bid, ahead) = trades.values[trade[overwritten]].T, quotes.values[quote[overwritten]].T[:2]
        gain = (sold(price, size) - sold(bid, ahead)) / TICK
        figures |= {
            f"{name}_polluted": overwritten.mean(),
            f"{name}_gain_mean": gain.mean(),
            f"{name}_gain_least": gain.min(),
            f"{name}_gain_most": gain.max(),
            f"{name}_queue": np.median(size / ahead),
        }
    return {name: float(value) for name, value in figures.items()} | {"arrivals": due.size}


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, help="a folder with real minutes")
    chosen = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        write_archive(Path(folder), LISTING, DEMO, seed=7)
        rows["demo"] = polluted(*market(published(Path(folder), DEMO)))
    if chosen.archive:
        rows["minutes"] = polluted(*market(published(chosen.archive, (MINUTES,))))
    for name, found in rows.items():
        print(f"{name}: {found['arrivals']:,} arrivals 30 ms after a trade")
        for order in ("quotes_first", "trades_first"):
            figures = {key.removeprefix(f"{order}_"): value for key, value in found.items()}
            print(
                "  {order:<13}{polluted:8.2%} polluted; a sale gains {gain_mean:.2f} ticks ({gain_least:.1f} to "
                "{gain_most:.1f}), the queue reads {queue:.1%} of the true one".format(order=order, **figures)
            )
        print(f"  {'docs/fills.md':<13}{0:8.2%}: the quote in force is what an order meets")
    end({"arrivals": sum(found["arrivals"] for found in rows.values()), **rows})


if __name__ == "__main__":
    main()
