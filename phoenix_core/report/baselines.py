"""What a result would have earned without its signals: by holding, and by entering at random.

Pure functions over the tables of a published result: its round trips, and the price of each minute that its equity
curve was valued at. Minutes without a trade are not in that curve and are passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from phoenix_core.instruments.specification import Specification
from phoenix_core.market import NS_PER_SECOND
from phoenix_core.report.metrics import buy_and_hold

Array = NDArray[np.float64]

_MINUTE_NS = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Draws:
    """A result among many that chance made.

    Attributes:
        net: What the result gained.
        median: What half of the others gained at most.
        low: What one in twenty gained at most.
        high: What one in twenty gained at least.
        rank: Share of the others that gained less than the result; equal ones count half.
        draws: How many there were.
    """

    net: float
    median: float
    low: float
    high: float
    rank: float
    draws: int


@dataclass(frozen=True, slots=True)
class Baselines:
    """What stands beside a result.

    Attributes:
        held_net: Net of buying and holding with the same balance.
        random: Where it stands among random entries; None if it never traded.
        shuffled: Where it stands among replays of itself with its signals shuffled within each day
            (`backtest/shuffled.py`); None if that was not asked, or there are none.
    """

    held_net: float
    random: Draws | None
    shuffled: Draws | None = None


def baselines(
    equity: pl.DataFrame,
    round_trips: pl.DataFrame,
    starting: float,
    traded: Specification,
    shuffled: Sequence[float] = (),
) -> Baselines:
    """What stands beside a result.

    Args:
        equity: ts and price of each minute.
        round_trips: As they are published.
        starting: Balance, in the currency of settlement.
        traded: The instrument's constants.
        shuffled: What replays with shuffled signals gained; empty where there are none.
    """
    size = float(traded.contract_size) if traded.is_inverse else None
    return Baselines(
        held_net(equity, round_trips, starting, size),
        random_entries(equity, round_trips, contract_size=size),
        among(float(_floats(round_trips, "net").sum()), np.array(shuffled)) if shuffled else None,
    )


def held_net(
    equity: pl.DataFrame, round_trips: pl.DataFrame, starting: float, contract_size: float | None = None
) -> float:
    """Net of a starting balance that bought at the first minute's price and sold at the last one's.

    It pays the share of notional in fees that the result's round trips paid on average, and no funding. With the size
    of an inverse contract it bought as many of these as the balance in coins is worth.

    >>> prices = pl.DataFrame({"price": [50.0, 60.0]})
    >>> trip = {"quantity": [1.0], "entry_price": [10.0], "exit_price": [10.0], "fees": [-0.02]}
    >>> round(held_net(prices, pl.DataFrame(trip), 100.0), 6)
    19.78
    """
    worth = buy_and_hold(equity, starting, is_inverse=contract_size is not None)
    quantity, entry, exit_ = (_floats(round_trips, name) for name in ("quantity", "entry_price", "exit_price"))
    traded = quantity * (entry + exit_) if contract_size is None else quantity * contract_size * (1 / entry + 1 / exit_)
    turnover = float(traded.sum())
    share = -float(_floats(round_trips, "fees").sum()) / turnover if turnover else 0.0
    end = float(worth[-1]) if worth.len() else starting
    sold = end if contract_size is None else 2 * starting - end  # the contracts' worth in coins falls as they gain
    return end - starting - share * (starting + sold)


def random_nets(
    equity: pl.DataFrame, round_trips: pl.DataFrame, draws: int, seed: int, contract_size: float | None = None
) -> Array | None:
    """Net of all round trips, had each begun at a random minute: one number a draw, None where there is no room.

    A trip keeps its side, its notional, its minutes and what it paid (slippage, fees, funding); only the price's
    change between its ends is another. Trips follow one another in a random order, with random pauses, and never
    overlap, as those of one position can't.

    Args:
        equity: ts and price of each minute.
        round_trips: side, quantity, entry_price, opened_ns, closed_ns, slippage, fees, funding.
        draws: How many.
        seed: Of the generator; the same seed gives the same numbers.
        contract_size: Quote units of an inverse contract; None: linear.
    """
    prices = _floats(equity, "price")
    span = (round_trips["closed_ns"] - round_trips["opened_ns"]).to_numpy()
    # Rounded up: a trip of seconds still meets a change of price, and none is drawn shorter than it was.
    minutes = np.maximum(1, -(-span // _MINUTE_NS))
    free = len(prices) - 1 - int(minutes.sum())
    if free < 0 or round_trips.is_empty():
        return None
    sides = np.where((round_trips["side"] == "LONG").to_numpy(), 1.0, -1.0)
    quantity, entry = _floats(round_trips, "quantity"), _floats(round_trips, "entry_price")
    exposures = sides * quantity * (entry if contract_size is None else contract_size / entry)
    paid = float(sum(_floats(round_trips, name).sum() for name in ("slippage", "fees", "funding")))
    chance = np.random.default_rng(seed)
    order = chance.permuted(np.tile(np.arange(len(minutes)), (draws, 1)), axis=1)
    lasting = minutes[order]
    # Beginnings are drawn and sorted as if trips took no time, then each is moved on by the trips before it: so none
    # overlap, and the last ends within the prices.
    pauses = np.sort(chance.integers(0, free + 1, order.shape), axis=1)
    starts = pauses + np.cumsum(lasting, axis=1) - lasting
    before, after = prices[starts], prices[starts + lasting]
    changes = after / before - 1 if contract_size is None else 1 - before / after
    return np.asarray((exposures[order] * changes).sum(axis=1) + paid)


def random_entries(
    equity: pl.DataFrame,
    round_trips: pl.DataFrame,
    draws: int = 1000,
    seed: int = 42,
    contract_size: float | None = None,
) -> Draws | None:
    """Where a result stands among random entries with the same holding times; None if it never traded.

    With one draw in a thousand above it, its entries are worth something; in the middle, its holding times and the
    market's course made what it earned.
    """
    nets = random_nets(equity, round_trips, draws, seed, contract_size)
    if nets is None:
        return None
    return among(float(_floats(round_trips, "net").sum()), nets)


def among(net: float, nets: Array) -> Draws:
    """Where a net stands among others.

    >>> among(2.0, np.array([1.0, 2.0, 3.0, 4.0])).rank
    0.375
    """
    low, median, high = (float(value) for value in np.quantile(nets, (0.05, 0.5, 0.95)))
    rank = float((nets < net).mean() + (nets == net).mean() / 2)
    return Draws(net, median, low, high, rank, len(nets))


def _floats(table: pl.DataFrame, name: str) -> Array:
    return table[name].cast(pl.Float64).to_numpy()
