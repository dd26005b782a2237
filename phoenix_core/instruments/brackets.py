"""Leverage brackets: the larger a position, the more margin it must keep and the less leverage it may have.

They come from `binance_brackets.csv`, whose head says where they were published. COIN-M has none there.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from phoenix_core.errors import ConfigInvalid
from phoenix_core.market import Listing, Market

_FILE = "binance_brackets.csv"
SEEN_UNTIL = date(2024, 10, 24)  # whether they changed since is not known
_NOUGHT = Decimal(0)


class Bracket(NamedTuple):
    """Notionals up to a cap.

    Attributes:
        cap: Largest notional, in quote units.
        maintenance: Maintenance margin rate of what lies in the bracket.
        leverage: Highest leverage.
    """

    cap: Decimal
    maintenance: Decimal
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class Brackets:
    """The brackets of a listing on a day.

    Attributes:
        brackets: By rising cap.
        valid_from: First day on which they were seen.
        assumed: The day is before it.
    """

    brackets: tuple[Bracket, ...]
    valid_from: date
    assumed: bool = False

    @classmethod
    def flat(cls, share: Decimal, valid_from: date = date.min) -> "Brackets":
        """One rate for all notionals, and no bound of leverage."""
        return cls((Bracket(Decimal("Infinity"), share, Decimal("Infinity")),), valid_from)

    def __post_init__(self) -> None:
        for before, after in pairwise(self.brackets):
            if not (before.cap < after.cap and before.maintenance <= after.maintenance):
                raise ConfigInvalid(f"{_FILE} has brackets out of order from {self.valid_from} on: {before}, {after}.")

    def maintenance(self, notional: Decimal) -> Decimal:
        """The maintenance margin of a position, in quote units.

        As with taxes each part of the notional is charged at the rate of its own bracket; what lies beyond the last
        cap at the last rate (https://www.binance.com/en/support/faq/360033162192).

        Args:
            notional: Worth of the position at the mark, quote units.
        """
        return max(rate * notional - amount for rate, amount in self.lines)

    @property
    def lines(self) -> Sequence[tuple[Decimal, Decimal]]:
        """Rate and amount of each bracket: the margin is the largest of `rate * notional - amount`."""
        found, amount, before = [], _NOUGHT, Bracket(_NOUGHT, _NOUGHT, _NOUGHT)
        for bracket in self.brackets:
            amount += before.cap * (bracket.maintenance - before.maintenance)
            found.append((bracket.maintenance, amount))
            before = bracket
        return found

    def largest(self, leverage: Decimal) -> Decimal:
        """Largest notional of a position at a leverage setting, in quote units; nought beyond the highest leverage."""
        return max((bracket.cap for bracket in self.brackets if bracket.leverage >= leverage), default=Decimal(0))


def brackets_on(listing: Listing, day: date) -> Brackets | None:
    """Brackets of a listing on a day; before the first that were seen those, marked so. None: none are known."""
    history = brackets_of(listing)
    if not history:
        return None
    place = bisect_right([one.valid_from for one in history], day)
    if place:
        return history[place - 1]
    return Brackets(history[0].brackets, history[0].valid_from, assumed=True)


def said_of_brackets(listing: Listing, days: Sequence[date]) -> str:
    """Which brackets hold on a range of days, in order, and what of that is assumed; empty where none are known."""
    first = brackets_on(listing, days[0])
    if first is None:
        return ""
    said = ["by the leverage brackets of each day"]
    said += [f"before {first.valid_from} those of that day"] if first.assumed else []
    said += [f"after {SEEN_UNTIL} those of that day"] if days[-1] > SEEN_UNTIL else []
    return ", ".join(said)


@cache
def brackets_of(listing: Listing) -> Sequence[Brackets]:
    """Brackets of a listing over time; none of a market or a symbol of which none were seen."""
    if listing.market is not Market.UM:
        return ()
    rows = _rows().get(listing.symbol, [])
    return tuple(Brackets(tuple(map(_bracket, text.split())), date.fromisoformat(day)) for day, text in rows)


@cache
def _rows() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Days and brackets by symbol, as they stand in the file: a code location asks for hundreds of symbols."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in files("phoenix_core.instruments").joinpath(_FILE).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            symbol, day, text = line.split(",")
            found.setdefault(symbol, []).append((day, text))
    return found


def _bracket(text: str) -> Bracket:
    return Bracket(*map(Decimal, text.split(":")))
