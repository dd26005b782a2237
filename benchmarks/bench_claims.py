"""Whether sweeps find an edge that is there, and say so where there is none: a planted one, and a market of chance.

    python benchmarks/bench_claims.py --seeds 100

Each seed is a synthetic market twice: where prices come back after liquidation cascades, and where they move by chance
alone beside the same flow; there trading is free of fees, or costs alone would speak against every point. On each a
sweep of entry thresholds chooses on the first half of the days.

* An edge is found where the chosen point gains on the second half, and more than nine tenths of random entries did.
* Nothing is said to be there where the deflated Sharpe ratio of the best over all days is no more than 95 %, or the
  chosen point does not gain on the second half.
"""

import argparse
import tempfile
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from workload import LISTING, TODAY, end

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.catalog.store import convert_day, record_instrument
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, BOOK_TICKER, FUNDING_RATE, MARK_PRICE_KLINES, METRICS
from phoenix_core.market import days_between
from phoenix_core.raw.store import Ingest
from phoenix_core.signals.days import SignalDays
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.source import BinanceArchive
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.publish import Sweep, Swept, run_sweep
from phoenix_core.sweeps.request import Cut
from phoenix_core.synthetic.files import write_archive
from phoenix_core.synthetic.market import MarketSize

_FIRST = date(2024, 3, 1)
_GRID = ["strategy.lpi_entry_threshold=0.55:0.85:0.05"]
_SIZE = MarketSize(trades=12_000, quotes_per_trade=2)
_SURE = 0.95
_RANK = 0.9


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a sweep says of its best.

    Attributes:
        deflated: Chance that it is more than luck; 0 if nothing traded.
        walked: Net of the chosen point on the second half of the days.
        rank: Share of random entries that gained less than the best.
    """

    deflated: float
    walked: float
    rank: float

    @property
    def is_found(self) -> bool:
        """It gains on days that nobody chose on, and its entries are no chance."""
        return self.walked > 0 and self.rank > _RANK

    @property
    def is_claimed(self) -> bool:
        """Somebody would put money on it."""
        return self.deflated > _SURE and self.walked > 0


def verdict(seed: int, days: int, rebound: float) -> Verdict:
    """Make a market, sweep it, and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        lake, last = Lake.at(Path(folder) / "data"), _FIRST + timedelta(days - 1)
        archive = Path(folder) / "archive"
        write_archive(archive, LISTING, days_between(_FIRST, last), seed=seed, size=replace(_SIZE, rebound=rebound))
        _materialize(lake, archive, last)
        fees = {} if rebound else {"maker_fee": "0", "taker_fee": "0"}
        base = Experiment.parse(listing=str(LISTING), first=_FIRST, last=last, venue=fees)
        half = days // 2
        cut = Cut(train=half, test=days - half, embargo=0)
        return _said(run_sweep(lake, Sweep.of(base, _GRID, cut), 1, lambda _: None))


def _materialize(lake: Lake, archive: Path, last: date) -> None:
    ingest, signals = Ingest(lake, (BinanceArchive(Archive(str(archive))),), TODAY), SignalDays(lake, LISTING)
    for day in days_between(_FIRST, last):
        for dataset in (AGG_TRADES, BOOK_TICKER, BOOK_DEPTH, METRICS, MARK_PRICE_KLINES, FUNDING_RATE):
            ingest.day(dataset, LISTING, day)
            convert_day(lake, dataset, LISTING, day)
        record_instrument(lake, LISTING, day)
        signals.publish_buckets(day)
        signals.publish_signals(day)


def _said(swept: Swept) -> Verdict:
    worth, beside = swept.table.judgement, swept.table.baselines
    chance = beside.random if beside else None
    return Verdict(worth.deflated_sharpe or 0.0, worth.chosen_net or 0.0, chance.rank if chance else 0.0)


def main() -> None:
    """Judge both markets of each seed, print a line for each, and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--rebound", type=float, default=2.0, help="of the planted edge; the demo's market has 1")
    chosen = parser.parse_args()
    found = silent = 0
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
        edge, chance = (verdict(seed, chosen.days, rebound) for rebound in (chosen.rebound, 0.0))
        found, silent = found + edge.is_found, silent + (not chance.is_claimed)
        print(f"{seed}: edge {edge}, chance {chance}", flush=True)
    end({"seeds": chosen.seeds, "days": chosen.days, "found": found, "silent": silent,
         "found_share": found / chosen.seeds, "silent_share": silent / chosen.seeds})  # fmt: skip


if __name__ == "__main__":
    main()
