"""One experiment under three sets of assumptions about execution, since one number misleads.

optimistic   orders arrive at once, nobody stands ahead in the queue, a touch fills
default      as the experiment says
pessimistic  orders a quarter of a second late and what is seen a twentieth, behind the whole queue, a touch
             fills half the time, takers slip a tick
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.storage.lake import Lake

ASSUMPTIONS: Mapping[str, Mapping[str, Any]] = {
    "optimistic": {
        "order_latency_ms": 1.0,
        "order_latency_spread_ms": 0.0,
        "feed_latency_ms": 0.0,
        "queue_position": False,
        "prob_fill_on_limit": 1.0,
        "prob_slippage": 0.0,
    },
    "default": {},
    "pessimistic": {
        "order_latency_ms": 250.0,
        "feed_latency_ms": 50.0,
        "queue_position": True,
        "prob_fill_on_limit": 0.5,
        "prob_slippage": 1.0,
    },
}


def envelope(lake: Lake, experiment: Experiment) -> pl.DataFrame:
    """Run an experiment under each set of assumptions.

    Returns:
        One row a set: assumptions, fills, maker share, price, slippage, fees, funding, net, final balance.

    Raises:
        PhoenixError: What `run` raises.
    """
    rows = []
    for name, changes in ASSUMPTIONS.items():
        venue = experiment.venue.model_copy(update=dict(changes))
        rows.append({"assumptions": name} | _figures(run(lake, experiment.model_copy(update={"venue": venue}))))
    return pl.DataFrame(rows)


def _figures(result: Result) -> dict[str, float | int]:
    makers = (result.fills["liquidity"] == "MAKER").mean() if result.fills.height else 0.0
    parts = result.ledger.parts
    return {
        "fills": result.fills.height,
        "maker_share": float(makers or 0.0),  # type: ignore[arg-type]
        "price": float(parts.price),
        "slippage": float(parts.slippage),
        "fees": float(parts.fees),
        "funding": float(parts.funding),
        "net": float(parts.net),
        "final_balance": float(result.final_balance),
    }
