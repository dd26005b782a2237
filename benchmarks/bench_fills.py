"""What a result owes to its fill rule: the demo's return by balance, under three rules.

    python benchmarks/bench_fills.py

engine        NautilusTrader 1.231's own matching, with its queue: a maker is filled whole by the first quote that
              crosses it, a taker of any size a tick further
strict maker  docs/fills.md for makers; takers get the rest of any size a tick further
docs/fills.md the rule: takers walk through book_depth, and then there is nothing

Days are synthetic (seed 7, the demo's 24 and 25 March 2024). Shares are those of a minute's traded volume.
`--depth` prints how much of it lies within 1 % in the snapshots that takers met.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest import mock

from bench_replay import prepare
from workload import LISTING, cost, end

from phoenix_core.storage.lake import Lake
from phoenix_core.synthetic.files import write_archive

DAYS = (date(2024, 3, 24), date(2024, 3, 25))
LATENCY_NS = 30_000_000


@contextmanager
def by_the_engine() -> Iterator[None]:
    """Send orders to the engine's own matching, in the settings under which its queue is right."""
    from nautilus_trader.backtest.engine import BacktestEngine  # noqa: PLC0415
    from nautilus_trader.backtest.models import LatencyModel  # noqa: PLC0415

    from phoenix_core.backtest import together  # noqa: PLC0415

    add_venue, ours = BacktestEngine.add_venue, together.engine_with_seats

    class Engine(BacktestEngine):
        def add_venue(self, **settings: object) -> None:
            latency = LatencyModel(base_latency_nanos=LATENCY_NS)
            add_venue(self, **settings, latency_model=latency, queue_position=True, use_market_order_acks=True)

    def engine_with_seats(*arguments: object) -> object:
        (simulated,) = made = ours(*arguments)
        clients = simulated.engine.kernel.exec_engine
        clients.deregister_client(simulated.exchange)
        clients.register_client(simulated.settlement.exchange.exec_client)
        return made

    with (
        mock.patch("phoenix_core.backtest.venue.BacktestEngine", Engine),
        mock.patch.object(together, "engine_with_seats", engine_with_seats),
    ):
        yield


@contextmanager
def strict_makers() -> Iterator[None]:
    """Let takers get whatever is not shown a tick further."""
    from phoenix_core.execution.depth import Walk  # noqa: PLC0415

    def a_tick_further(walk: Walk, wanted: int, reached: int, limit: int | None) -> Iterator[tuple[int, int, int]]:
        del limit
        yield walk.shown.price + walk.shown.sign * walk.grid.tick, wanted, reached

    with mock.patch.object(Walk, "steps", a_tick_further):
        yield


@contextmanager
def by_the_rule() -> Iterator[None]:
    """Change nothing."""
    yield


RULES = {"engine": by_the_engine, "strict maker": strict_makers, "docs/fills.md": by_the_rule}


def measured(lake: Lake, rule: str, balance: int) -> dict[str, object]:
    """One experiment under one rule."""
    from phoenix_core.backtest.experiment import Experiment  # noqa: PLC0415
    from phoenix_core.backtest.run import run  # noqa: PLC0415

    # Which ticks an order needs is the business of our exchange, which sees none of the engine's.
    mode = "full" if rule == "engine" else "signals"
    experiment = Experiment.parse(
        listing=str(LISTING), first=DAYS[0], last=DAYS[-1], replay=mode, venue={"starting_balance": balance}
    )
    results = []
    with RULES[rule]():
        spent = cost(lambda: results.append(run(lake, experiment)))
    result = results[0]
    bought = result.fills.filter(result.fills["side"] == "BUY")["quantity"].sum()
    return {
        "rule": rule,
        "balance": balance,
        "return_percent": round(float(result.ledger.parts.net) / balance * 100, 4),
        "bought": float(bought),
        "fills": result.fills.height,
        "share_median": round(result.capacity.median, 4),
        "share_worst": round(result.capacity.worst, 4),
        "cpu": round(spent.cpu, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--balances", type=float, nargs="*", default=(1e5, 1e6, 1e7, 1e8, 1e9))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_archive(root / "archive", LISTING, DAYS, seed=7)
        lake = prepare(root, DAYS, root / "archive")
        rows = [measured(lake, rule, int(balance)) for balance in chosen.balances for rule in RULES]
        for row in rows:
            print(
                "{balance:>13,} {rule:<14}{return_percent:9.4f} %  bought {bought:12,.3f}  {fills:5} fills  "
                "share of a minute: median {share_median:.2%}, worst {share_worst:.1%}".format(**row)
            )
        last = {row["rule"]: float(row["bought"]) for row in rows}
        bought = last["docs/fills.md"]
        end(
            {
                "bought_vs_engine": bought / last["engine"],
                "bought_vs_strict_maker": bought / last["strict maker"],
                "rules": rows,
            }
        )


if __name__ == "__main__":
    main()
