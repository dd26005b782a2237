"""Makers under three rules, one of them not ours: the table of docs/fills.md.

    python benchmarks/bench_witness.py --archive FOLDER

docs/fills.md   the second implementation, reading the published zips
crossing        the same, but a maker whose price is crossed gets all that it lacks, as others have it
hftbacktest     its risk-averse queue and partial fills, given the same quotes, trades, orders and cancellations

Queues are `bounded` in all of them. Days are synthetic (the demo's 24 and 25 March 2024, by seed), and, where a folder
with the archive's layout holds them, those of 8 August 2024: with the strategy's orders, and with orders at random.
"""

import argparse
import random
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path

from bench_replay import prepare
from witness import Compared, compared
from workload import LISTING, end

from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive
from phoenix_core.verification.files import data_of
from phoenix_core.verification.replayer import MS, SECOND, Data, Request, Terms

DEMO = (date(2024, 3, 24), date(2024, 3, 25))
MINUTES = date(2024, 8, 8)
BUCKETS = (1_000_000, 200_000, 100_000, 50_000)
BALANCES = (10**5, 10**7)
TERMS = Terms(30 * MS, Decimal("0.1"), Decimal("0.001"), Decimal(0), Decimal(0), depletion="bounded")
COLUMNS = ("orders", "ordered", "docs/fills.md", "crossing", "hftbacktest", "bounded", "overtaken", "behind", "else")


def published(archive: Path, days: Sequence[date]) -> Data:
    """The market of published zips."""
    folder, symbol = archive / "data/futures/um/daily", LISTING.symbol
    kinds = ("aggTrades", "bookTicker")
    return data_of(*([folder / kind / symbol / f"{symbol}-{kind}-{day}.zip" for day in days] for kind in kinds))


def of_a_result(
    archive: Path, lake: Lake, days: Sequence[date], balance: int, strategy: Mapping[str, object] | None = None
) -> Compared:
    """The orders of one experiment.

    Args:
        archive: Where the days were published.
        lake: A data folder with everything that a backtest of them reads.
        days: Days.
        balance: At the start.
        strategy: Parameters of the strategy that are not the default.
    """
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415
    from phoenix_core.backtest.run import run  # noqa: PLC0415

    experiment = Experiment.parse(
        listing=str(LISTING), first=days[0], last=days[-1], strategy=dict(strategy or {}),
        venue={"starting_balance": balance, "queue_depletion": "bounded"},
    )  # fmt: skip
    requests = [
        Request(
            one.order_id, one.sent_ns, one.side, one.quantity, one.price, one.post_only, one.rests, one.reduce_only,
            one.forced, one.cancel_sent_ns,
        )
        for one in run(lake, experiment).sent
    ]  # fmt: skip
    return compared(lambda: published(archive, days), requests, TERMS)


def at_random(market: Data, seed: int) -> list[Request]:
    """Post-only orders of both sides, one after another, at the best price and around it."""
    chosen = random.Random(seed)  # noqa: S311 - orders, not secrets
    quotes = list(market.quotes)
    times = [ts for ts, *_ in quotes]
    requests: list[Request] = []
    now = times[0] + SECOND
    while now < times[-1] - 12 * SECOND:
        _, bid, _, ask, _ = quotes[bisect_right(times, now) - 1]
        side, ticks = chosen.choice(("BUY", "SELL")), chosen.choice((-1, 0, 0, 0, 1, 3, 10))
        limit = Decimal(bid) - ticks * TERMS.tick if side == "BUY" else Decimal(ask) + ticks * TERMS.tick
        quantity, life = Decimal(chosen.choice(("0.005", "0.1", "1", "7"))), chosen.choice((40, 200, 1000, 3000)) * MS
        name = str(len(requests))
        requests.append(Request(name, now, side, quantity, limit, post_only=True, rests=True, cancel_sent=now + life))
        now += life + chosen.randrange(60, 200) * MS
    return requests


def synthetic(folder: Path, seed: int, balances: Sequence[int]) -> Iterator[tuple[str, Compared]]:
    """The demo's days by some seed."""
    write_archive(folder / "archive", LISTING, DEMO, seed=seed)
    lake = prepare(folder, DEMO, folder / "archive")
    for balance in balances:
        yield f"demo, seed {seed}, {balance:,}", of_a_result(folder / "archive", lake, DEMO, balance)


def real(folder: Path, archive: Path, seeds: Sequence[int]) -> Iterator[tuple[str, Compared]]:
    """Real minutes: with few signals and with many, and at random."""
    lake = prepare(folder, (MINUTES,), archive)
    opened = {"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5}
    for balance in BALANCES:
        for bucket in BUCKETS:
            strategy = opened | {"signals": {"vol_bucket_size": bucket}}
            yield f"minutes, bucket {bucket:,}, {balance:,}", of_a_result(archive, lake, (MINUTES,), balance, strategy)
    for seed in seeds:
        requests = at_random(published(archive, (MINUTES,)), seed)
        yield f"minutes, at random, seed {seed}", compared(lambda: published(archive, (MINUTES,)), requests, TERMS)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seeds", type=int, nargs="*", default=range(1, 8), help="of the demo; the seventh also at 1e7"
    )
    parser.add_argument("--archive", type=Path, help="a folder with real minutes")
    parser.add_argument("--random", type=int, nargs="*", default=range(10), help="seeds of orders at random on them")
    chosen = parser.parse_args()
    rows = []
    print(f"{'':<38}" + "".join(f"{name:>14}" for name in COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cases = [synthetic(root / f"{seed}", seed, BALANCES if seed == 7 else BALANCES[:1]) for seed in chosen.seeds]
        if chosen.archive:
            cases.append(real(root / "real", chosen.archive, chosen.random))
        for name, found in (one for case in cases for one in case):
            figures = {key: len(one) if isinstance(one, tuple) else one for key, one in asdict(found).items()}
            cells = (f"{value:14,.3f}" if isinstance(value, Decimal) else f"{value:14,}" for value in figures.values())
            print(f"{name:<38}" + "".join(cells), flush=True)
            rows.append({"case": name} | {key: float(value) for key, value in figures.items()})
    totals = {name: sum(float(row[name]) for row in rows) for name in ("crossing", "theirs", "unexplained")}
    end(
        {
            "theirs_vs_crossing": totals["theirs"] / totals["crossing"],
            "unexplained": totals["unexplained"],
            "rows": rows,
        }
    )


if __name__ == "__main__":
    main()
