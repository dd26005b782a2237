"""What an experiment earns at other balances: the same requests' rules, run again at each of them.

Fills are bounded by what the market had, so net does not grow with the balance for ever (docs/fills.md). Nothing is
extrapolated: each point is a run of its own, with an identity of its own. The curve is kept beside the result that it
belongs to and is none of its files; it says which result that is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import identity, span_of
from phoenix_core.backtest.recipe import backtest_recipe
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.run import run
from phoenix_core.errors import InputMissing
from phoenix_core.market import Listing, Market
from phoenix_core.storage.digests import canonical_json, digest_of
from phoenix_core.storage.lake import Lake

BALANCES = tuple(Decimal(10) ** power for power in range(4, 10))
COINS = tuple(Decimal(10) ** power for power in range(-1, 5))
FILE = "capacity.json"
_REMEDY = "Materialize the backtest again, then ask for its capacity."


@dataclass(frozen=True, slots=True)
class Point:
    """One balance, and what the experiment earned with it.

    Attributes:
        balance: At the start, settlement currency.
        net: After fees and funding.
        filled: Share of the lots of entries that were filled; None where none was sent.
        share_median: Share of a minute's traded volume that the fills were, at the median.
        share_worst: The same of the worst minute.
        fills: Number of fills.
        insolvent: Whether the account was worth nothing on the way.
        identity: Of that run.
    """

    balance: str
    net: str
    filled: float | None
    share_median: float
    share_worst: float
    fills: int
    insolvent: bool
    identity: str


def capacity_curve(lake: Lake, document: Mapping[str, Any], balances: Sequence[Decimal] = ()) -> list[Point]:
    """Run the experiment of a result at each balance, smallest first.

    Args:
        lake: The data folder.
        document: `experiment.json` of the result.
        balances: In the settlement currency; none: `BALANCES`, or `COINS` where that is the base currency.

    Raises:
        InputMissing: Code or data are no longer those that the result was made with.
        PhoenixError: What `run` raises.
    """
    experiment = Experiment.parse(**document["experiment"])
    if backtest_recipe(experiment) != document.get("recipe"):
        raise InputMissing(f"The result was made by other code or settings than are here. {_REMEDY}")
    points = []
    is_inverse = Listing.parse(experiment.listing).market is Market.CM
    for balance in sorted(set(balances or (COINS if is_inverse else BALANCES))):
        plain = Decimal(f"{balance:f}")  # 1E+8 and 100000000 are one balance, and must have one identity
        venue = experiment.venue.model_copy(update={"starting_balance": plain})
        result = run(lake, experiment.model_copy(update={"venue": venue}))
        if result.versions != document["inputs"]:
            raise InputMissing(f"The result was made from other data than are here now. {_REMEDY}")
        points.append(_point(result))
    return points


def publish_curve(lake: Lake, document: Mapping[str, Any], points: Sequence[Point]) -> str:
    """Write a curve beside the result that it is of; give its file below the data folder."""
    experiment, of = Experiment.parse(**document["experiment"]), document["identity"]
    rows = [asdict(point) for point in points]
    relative = f"backtests/{experiment.name}/{span_of(experiment)}/{FILE}"
    lake.write(relative, canonical_json({"of": of, "points": rows, "digest": digest_of([of, rows])}))
    return relative


def _point(result: Result) -> Point:
    return Point(
        balance=f"{result.experiment.venue.starting_balance:f}",
        net=str(result.ledger.parts.net),
        filled=_filled(result),
        share_median=result.capacity.median,
        share_worst=result.capacity.worst,
        fills=result.fills.height,
        insolvent=result.insolvent_ns is not None,
        identity=identity(result),
    )


def _filled(result: Result) -> float | None:
    """Exits are sent again for what they lack, so only what was asked for to enter can be compared with what came."""
    entries = [one for one in result.sent if not one.reduce_only]
    asked = sum((one.quantity for one in entries), Decimal(0))
    got = result.fills.filter(pl.col("order_id").is_in([one.order_id for one in entries]))["quantity"]
    return float(sum(got, Decimal(0)) / asked) if asked else None
