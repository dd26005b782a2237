"""Texts of grids as experiments."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid
from phoenix_core.sweeps.grid import Axis, Grid

BASE = Experiment.parse(listing="um:BTCUSDT", first="2024-03-24", last="2024-03-25", venue={"leverage": "7"})
THRESHOLDS = "strategy.lpi_entry_threshold=0.5:0.9:0.2"


def test_points_are_ordered_and_counted():
    """Three by two, the last axis fastest, what the axes don't name as the base has it."""
    grid = Grid.parse([THRESHOLDS, "venue.order_latency_ms=30,10"])
    points = grid.points(BASE)
    assert grid.count == len(points) == 6
    assert [tuple(point.values.values()) for point in points[:3]] == [("0.5", "30"), ("0.5", "10"), ("0.7", "30")]
    found = points[1].experiment
    assert (found.strategy.lpi_entry_threshold, found.venue.order_latency_ms) == (0.5, 10.0)
    assert (found.venue.leverage, found.first, found.listing) == (Decimal(7), BASE.first, "um:BTCUSDT")
    assert len({point.experiment.name for point in points}) == 6


def test_a_point_is_the_experiment_that_a_person_would_write():
    """Same name, so that results of both are one; the base's own value makes the base."""
    (point,) = Grid.parse(["strategy.lpi_entry_threshold=0.6"]).points(BASE)
    values = BASE.model_dump() | {"strategy": {"lpi_entry_threshold": 0.6}}
    assert point.experiment == Experiment.parse(**values)
    (same,) = Grid.parse(["venue.leverage=7.00"]).points(BASE)
    assert same.experiment.name == BASE.name


def test_every_type_of_a_field_is_read():
    """Booleans, decimals, enums and fields deep within."""
    fields = [
        "strategy.oi_gate=true,false",
        "strategy.signals.vol_bucket_size=1000000.5",
        "venue.queue_depletion=none,bounded",
        "venue.maker_fee=-0.0001",
    ]
    found = Grid.parse(fields).points(BASE)[-1].experiment
    assert (found.strategy.oi_gate, found.strategy.signals.vol_bucket_size) == (False, Decimal("1000000.5"))
    assert (found.venue.queue_depletion, found.venue.maker_fee) == ("bounded", Decimal("-0.0001"))


@given(st.integers(-1000, 1000), st.integers(1, 60), st.integers(1, 500), st.integers(0, 6))
def test_a_range_is_exact(first, count, step, places):
    """Neighbours differ by the step to the last digit, and the last value meets the end or lies less than a step below."""
    start, by = Decimal(first).scaleb(-places), Decimal(step).scaleb(-places)
    end = start + by * count - by / 2
    values = [Decimal(value) for value in Axis.parse(f"a.b={start}:{end}:{by}").values]
    assert values[0] == start
    assert {later - earlier for earlier, later in itertools.pairwise(values)} <= {by}
    assert len(values) == count
    assert (
        Axis.parse(f"a.b={start}:{start + by * count}:{by}").values[-1] == f"{(start + by * count).normalize() + 0:f}"
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "needs a grid"),
        (["venue.order_latency_ms"], "names no values"),
        (["venue.order_latency_ms="], "names no values"),
        (["=1"], "names no values"),
        (["a.b=1,,2"], "empty value"),
        (["a.b=1:2"], "no range of numbers"),
        (["a.b=1:x:1"], "no range of numbers"),
        (["a.b=1:inf:1"], "no range of numbers"),
        (["a.b=1:2:0"], "never ends"),
        (["a.b=2:1:1"], "never ends"),
        (["a.b=0:1:0.000001"], "more than 100,000 values"),
        (["a.b=10,10.0"], "has 10 twice"),
        (["first=2024-03-24"], "all points of a sweep share"),
        (["a.b=1", "a.b=2"], "Two grids vary a.b"),
    ],
)
def test_a_text_that_can_mean_nothing_is_refused(texts, message):
    """In one line that names it."""
    with pytest.raises(ConfigInvalid, match=message):
        Grid.parse(texts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategy.lpi_entry_treshold=1", "did you mean lpi_entry_threshold.*expected one of signals, "),
        ("strategi.lpi_entry_threshold=1", "strategi: no such name .did you mean strategy"),
        ("venue.leverage.much=1", "leverage is a single value"),
        ("strategy.kelly_kappa=0.5,1.5", "strategy.kelly_kappa: .* less than or equal to 1, found '1.5'"),
        ("strategy.lpi_entry_threshold=0.5,nan", "lpi_entry_threshold: .* finite number"),
        ("strategy.lpi_exit_threshold=1e400", "lpi_exit_threshold: .* finite number"),
        ("venue.order_latency_ms=inf", "order_latency_ms: .* finite number"),
        ("venue.starting_balance=Infinity", "starting_balance: .* finite number"),
        ("strategy.fsi_window=ten", "no such name"),
        ("strategy.signals.fsi_window=2.5", "strategy.signals.fsi_window: .* integer.*found '2.5'"),
        ("replay=full,signals", "Two points of the grid are one experiment"),
    ],
)
def test_what_the_experiment_refuses_is_named(text, message):
    """Field, value and the names that are known, before anything runs."""
    with pytest.raises(ConfigInvalid, match=message):
        Grid.parse([text]).points(BASE)
