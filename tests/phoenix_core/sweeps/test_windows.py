"""Days to choose on and days to judge by never share data."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing
from phoenix_core.sweeps.windows import WalkForward, longest_look_back, purged_combinations

FIRST = date(2024, 1, 1)


def day(number):
    return FIRST + timedelta(number)


def numbers(days):
    return [(one - FIRST).days for one in days]


def test_rolling_windows_by_hand():
    """Ten days: three to choose on, one between, two to judge by, and the tenth left over."""
    found = WalkForward(3, 2, 1).splits(FIRST, day(8))
    assert [(numbers(one.train), numbers(one.test)) for one in found] == [
        ([0, 1, 2], [4, 5]),
        ([2, 3, 4], [6, 7]),
        ([4, 5, 6], [8]),
    ]


def test_anchored_windows_by_hand():
    """The same, each from the first day on."""
    found = WalkForward(3, 2, 1, anchored=True).splits(FIRST, day(8))
    assert [numbers(one.train) for one in found] == [[0, 1, 2], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6]]


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 35), st.integers(1, 80))
def test_laws_of_windows(train, test, embargo, more):
    """Test days are all later days, once; an embargo lies between; anchored windows contain rolling ones."""
    last = day(train + embargo + more - 1)
    rolling = WalkForward(train, test, embargo).splits(FIRST, last)
    anchored = WalkForward(train, test, embargo, anchored=True).splits(FIRST, last)
    judged = [number for one in rolling for number in numbers(one.test)]
    assert judged == list(range(train + embargo, train + embargo + more))
    for roll, anchor in zip(rolling, anchored, strict=True):
        assert len(roll.train) == train
        assert (roll.test[0] - roll.train[-1]).days == embargo + 1
        assert roll.test == anchor.test
        assert anchor.train[-train:] == roll.train
        assert anchor.train[0] == FIRST


def test_combinations_by_hand():
    """Six days in three groups, one judged at a time, a day of embargo on both sides."""
    found = purged_combinations(FIRST, day(5), 3, 1, 1)
    assert [(numbers(one.train), numbers(one.test)) for one in found] == [
        ([3, 4, 5], [0, 1]),
        ([0, 5], [2, 3]),
        ([0, 1, 2], [4, 5]),
    ]


@given(st.integers(2, 5), st.data(), st.integers(0, 3))
def test_laws_of_combinations(groups, data, embargo):
    """Every choice once; no day to choose on within the embargo of a judged one; all days further away are there."""
    judged = data.draw(st.integers(1, groups - 1))
    count = data.draw(st.integers(groups * (2 * embargo + 2) * 2, groups * (2 * embargo + 2) * 2 + 20))
    splits = purged_combinations(FIRST, day(count - 1), groups, judged, embargo)
    assert len({one.test for one in splits}) == len(splits) == math.comb(groups, judged)
    times = [numbers(one.test).count(n) for n in range(count) for one in splits]
    assert sum(times) == count * math.comb(groups - 1, judged - 1)
    for one in splits:
        test = numbers(one.test)
        distance = [min(abs(n - other) for other in test) for n in range(count)]
        assert numbers(one.train) == [n for n in range(count) if distance[n] > embargo]


def test_what_can_not_be_cut_is_refused():
    """Too few days, no days, groups that can't be, and an embargo that swallows all."""
    with pytest.raises(ConfigInvalid, match="are 35"):
        WalkForward(3, 2, 31).splits(FIRST, day(8))
    with pytest.raises(ConfigInvalid, match="at least a day in each"):
        WalkForward(0, 1, 1)
    with pytest.raises(ConfigInvalid, match="more groups than are judged by"):
        purged_combinations(FIRST, day(8), 3, 3, 0)
    with pytest.raises(ConfigInvalid, match="leaves none of 9 days"):
        purged_combinations(FIRST, day(8), 3, 1, 9)


def test_the_look_back_is_that_of_the_signals():
    """Thirty days of open interest on futures; spot has none and remembers a day."""
    assert longest_look_back(Listing.parse("um:BTCUSDT")) == 30
    assert longest_look_back(Listing.parse("spot:BTCUSDT")) == 1
