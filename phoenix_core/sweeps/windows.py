"""Which days are for choosing and which for judging: walk-forward windows, and purged combinations of days.

A day of signals looks back on earlier days, so two days share data when they are no further apart than the longest
look-back. No split here trains on a day that shares data with a day it tests on: López de Prado calls it purging and
embargo ("Advances in Financial Machine Learning", 2018, chapters 7 and 12).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, days_between
from phoenix_core.products import BACKTEST


@dataclass(frozen=True, slots=True)
class Split:
    """Days to choose on and days to judge by, both in order."""

    train: tuple[date, ...]
    test: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Choose on a window, judge on the next, roll on by what was judged.

    Attributes:
        train_days: Length of the first window to choose on, and of all others where they roll.
        test_days: Length of each window to judge by; what is left at the end makes a shorter one.
        embargo_days: Days between the two, in neither.
        anchored: Every window to choose on begins at the first day and grows.
    """

    train_days: int
    test_days: int
    embargo_days: int
    anchored: bool = False

    def __post_init__(self) -> None:
        if self.train_days < 1 or self.test_days < 1 or self.embargo_days < 0:
            raise ConfigInvalid(
                f"Windows of {self.train_days} and {self.test_days} days with {self.embargo_days} between can't be: "
                "expected at least a day in each, and no negative embargo."
            )

    def splits(self, first: date, last: date) -> list[Split]:
        """Windows over a range, both days inclusive; their test days follow one another without a hole.

        Raises:
            ConfigInvalid: The range is too short for one.
        """
        days = days_between(first, last)
        offset = self.train_days + self.embargo_days
        if len(days) <= offset:
            raise ConfigInvalid(
                f"{first}...{last} has {len(days)} days, which hold no window: {self.train_days} to choose on, an "
                f"embargo of {self.embargo_days} and one to judge by are {offset + 1}. Take more days, "
                "or shorter windows."
            )
        found = []
        for start in range(offset, len(days), self.test_days):
            end = start - self.embargo_days
            train = days[0 if self.anchored else end - self.train_days : end]
            found.append(Split(tuple(train), tuple(days[start : start + self.test_days])))
        return found


def purged_combinations(first: date, last: date, groups: int, test_groups: int, embargo_days: int) -> list[Split]:
    """Combinatorial purged cross-validation: every choice of some groups of days to judge by.

    Args:
        first: First day, inclusive.
        last: Last day, inclusive.
        groups: Into how many runs of days, as equal as can be, the range is cut.
        test_groups: How many of them are judged by at a time; the rest is chosen on.
        embargo_days: Days before and after each judged day that are not chosen on.

    Raises:
        ConfigInvalid: No such groups, or a combination leaves no day to choose on.
    """
    days = days_between(first, last)
    if not 1 <= test_groups < groups <= len(days) or embargo_days < 0:
        raise ConfigInvalid(
            f"{len(days)} days can't be cut into {groups} groups of which {test_groups} are judged by: expected at "
            "least a day in each group, and more groups than are judged by."
        )
    size, rest = divmod(len(days), groups)
    lengths = [size + (number < rest) for number in range(groups)]
    starts = [0, *itertools.accumulate(lengths)]
    cut = [days[start:end] for start, end in itertools.pairwise(starts)]
    splits = []
    for chosen in itertools.combinations(cut, test_groups):
        test = tuple(itertools.chain.from_iterable(chosen))
        train = purged(days, test, embargo_days)
        if not train:
            raise ConfigInvalid(
                f"An embargo of {embargo_days} days around {test[0]}...{test[-1]} leaves none of {len(days)} days to "
                "choose on. Take more days, or fewer to judge by."
            )
        splits.append(Split(train, test))
    return splits


def purged(days: Sequence[date], test: Sequence[date], embargo_days: int) -> tuple[date, ...]:
    """Days that lie further from every test day than the embargo."""
    reached = {day + timedelta(n) for day in test for n in range(-embargo_days, embargo_days + 1)}
    return tuple(day for day in days if day not in reached)


def longest_look_back(listing: Listing) -> int:
    """Days before its own that a day of a backtest rests on at most: the embargo that is safe."""
    return max(one.days_back for one in BACKTEST.upstream(listing.market))
