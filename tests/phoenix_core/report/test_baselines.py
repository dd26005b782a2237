"""What holding and chance would have earned, by hand and by laws."""

import numpy as np
import polars as pl
import pytest
from fakes.results import MINUTE_NS, START_NS, made_up_result
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.report.baselines import held_net, random_entries, random_nets

FIGURES = ("quantity", "entry_price", "exit_price", "slippage", "fees", "funding", "net")


def prices(*values):
    return pl.DataFrame(
        {"ts": [START_NS + n * MINUTE_NS for n in range(len(values))], "price": [float(value) for value in values]}
    )


def round_trips(*minutes, side="LONG", net=0.0, paid=0.0):
    """Round trips of a notional of 100 that last so many minutes."""
    return pl.DataFrame(
        {
            "opened_ns": [START_NS] * len(minutes),
            "closed_ns": [START_NS + count * MINUTE_NS for count in minutes],
            "side": [side] * len(minutes),
            "quantity": [2.0] * len(minutes),
            "entry_price": [50.0] * len(minutes),
            "exit_price": [50.0] * len(minutes),
            "slippage": [paid] * len(minutes),
            "fees": [paid] * len(minutes),
            "funding": [paid] * len(minutes),
            "net": [net] * len(minutes),
        },
        schema=dict.fromkeys(("opened_ns", "closed_ns"), pl.Int64)
        | {"side": pl.String}
        | dict.fromkeys(FIGURES, pl.Float64),
    )


def test_holding_by_hand():
    """Bought at 50 and sold at 40 with 100, fees of a promille of 100 and of 80; without trips no fee is known."""
    assert held_net(prices(50, 60, 40), round_trips(1, paid=-0.2), 100.0) == pytest.approx(-20 - 0.001 * 180)
    assert held_net(prices(50, 60, 40), round_trips(), 100.0) == pytest.approx(-20)
    assert held_net(prices(), round_trips(), 100.0) == 0


def test_where_there_is_one_place_there_is_one_outcome():
    """Two trips that fill the range in either order: long 10 %, then or before 20 %; short the reverse; costs are kept."""
    course = prices(100, 110, 132, 132)
    assert sorted(set(random_nets(course, round_trips(1, 2, paid=-1.0), 50, 1).round(9))) == [
        pytest.approx(10 + 20 - 6), pytest.approx(32 - 6),
    ]  # fmt: skip
    assert random_nets(course, round_trips(3, side="SHORT"), 5, 1) == pytest.approx([-32] * 5)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 30), st.integers(0, 2**32))
def test_trips_never_overlap_nor_leave_the_range(minutes, free, seed):
    """On a price that rises by one a minute a trip's change tells its place; all of them fit between first and last."""
    course = prices(*np.exp(np.arange(sum(minutes) + free + 1) * 1e-6))
    nets = random_nets(course, round_trips(*minutes), 20, seed)
    assert nets == pytest.approx([100 * sum(np.exp(count * 1e-6) - 1 for count in minutes)] * 20, rel=1e-6)
    assert random_nets(course.head(sum(minutes)), round_trips(*minutes), 20, seed) is None


def test_chance_is_seeded_and_fair():
    """The same seed, the same numbers; on a market without drift the mean is what is paid."""
    course = prices(*np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-3, 5000))))
    some = round_trips(30, 60, 90, paid=-0.05)
    nets = random_nets(course, some, 4000, 7)
    assert nets.tolist() == random_nets(course, some, 4000, 7).tolist()
    assert nets.tolist() != random_nets(course, some, 4000, 8).tolist()
    assert nets.mean() == pytest.approx(-0.45, abs=0.35)


def test_where_a_result_stands():
    """Above all of chance, below all of it, and in its middle."""
    course = prices(*np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-3, 2000))))
    assert random_entries(course, round_trips(30, 60, net=1000.0)).rank == 1
    assert random_entries(course, round_trips(30, 60, net=-1000.0)).rank == 0
    middle = random_entries(course, round_trips(30, 60))
    assert middle.low < middle.median < middle.high
    assert random_entries(course, round_trips(30, 60, net=middle.median / 2)).rank == pytest.approx(0.5, abs=0.02)
    flat = random_entries(prices(*[100.0] * 500), round_trips(30))
    assert (flat.rank, flat.median) == (0.5, 0)
    assert random_entries(course, round_trips()) is None


def test_published_tables_are_taken_as_they_are():
    """Decimals of a result's own tables: one trip of a minute on a price that stands still pays what it paid."""
    result = made_up_result(nets=[40], equity=[1, 1, 1, 1])
    found = random_entries(result.equity, result.round_trips, draws=10)
    assert (found.net, found.median) == (40, 1 - 10)
    assert held_net(result.equity, result.round_trips, 1000.0) < 0


def test_coins_in_contracts_by_hand():
    """3 coins in contracts at 50: at 60 they are worth 2.5 coins, a gain of half a coin; fees on 3 and on 2.5 of them.

    The trips turned over 2 × 100 / 50 = 4 coins twice and paid 0.008: a promille.
    """
    trips = round_trips(1, paid=-0.008)
    assert held_net(prices(50, 60), trips, 3.0, 100.0) == pytest.approx(0.5 - 0.001 * 5.5)


def test_a_random_trip_in_coins_by_hand():
    """Long 4 coins of contracts from 100 to 110 or from 110 to 132: 4 × (1 - 100 / 110) or 4 × (1 - 110 / 132)."""
    found = random_nets(prices(100, 110, 132), round_trips(1), 50, 1, 100.0)
    assert sorted(set(found.round(9))) == [pytest.approx(4 / 11), pytest.approx(4 / 6)]
