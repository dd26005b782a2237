"""Which symbols had data on a day: from what is listed, so that those that were delisted since are among them.

A list of today's symbols leaves out whatever failed in between, and every figure over it is too good. The days of each
symbol are kept in the data folder (`universe/<market>.json`); asked again, only later days are looked up.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import InputMissing
from phoenix_core.instruments.changes import Change, changes_of, multiplier_of
from phoenix_core.market import Listing, Market, ranges_of, utc_today
from phoenix_core.sources.binance.listing import Symbols
from phoenix_core.sources.local_tree.inventory import take_inventory
from phoenix_core.sources.local_tree.tree import LocalTree
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake

AT_ONCE = 16
_SETTLED = timedelta(2)  # a day's files are out within two days, as a rule
Ranges = list[tuple[date, date]]


class Lister(Protocol):
    """What lists symbols and days: an archive, or a folder."""

    @property
    def name(self) -> str:
        """Where it is."""

    @property
    def is_here(self) -> bool:
        """Whether looking costs no request, so that what was found before need not be believed."""

    def symbols(self, market: Market) -> Symbols:
        """Symbols that have a file."""

    def days(self, listing: Listing, after: date | None = None) -> Sequence[date]:
        """Their days, in order, later than one."""

    def has(self, listing: Listing, day: date) -> bool:
        """Whether a day's file is there, listed or not."""


class TreeListing:
    """Symbols and days of folders in any layout.

    Args:
        trees: The folders.
    """

    is_here = True

    def __init__(self, *trees: LocalTree) -> None:
        self.name = ", ".join(str(tree.root) for tree in trees)
        self._days: dict[Listing, set[date]] = {}
        for holding in (one for tree in trees for one in take_inventory(tree.root, tree.answers).holdings):
            if holding.dataset.name == AGG_TRADES.name:
                self._days.setdefault(holding.listing, set()).update(holding.by_day)

    def symbols(self, market: Market) -> Symbols:
        """Symbols with a file of aggregate trades."""
        return Symbols(tuple(sorted(one for one in self._days if one.market is market)), ())

    def days(self, listing: Listing, after: date | None = None) -> Sequence[date]:
        """Days that its files cover."""
        return sorted(day for day in self._days[listing] if after is None or day > after)

    def has(self, listing: Listing, day: date) -> bool:
        """As listed: a folder has nothing else."""
        return day in self._days[listing]


@dataclass(frozen=True, slots=True)
class Member:
    """A symbol with data on the day.

    Attributes:
        listing: Market and symbol.
        first: First day that is listed.
        last: Last day that is listed: of a symbol that goes on, the end of the listing.
        missing: Days between that are not listed.
        multiplier: How many coins one unit is, by its name (1000PEPE); 1 for most.
        changes: What is known of its name and its unit.
    """

    listing: Listing
    first: date
    last: date
    missing: int
    multiplier: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Universe:
    """The symbols of a market on a day.

    Attributes:
        market: Which one.
        on: The day.
        source: What listed them.
        asked: When that was asked.
        listed_to: Last day that is listed of any symbol.
        symbols: How many were ever listed.
        members: Those with data on the day, by name.
        without_file: Those with days before and after it that have no file of this one.
        others: Names in other letters, which are listed and can't be asked for.
    """

    market: Market
    on: date
    source: str
    asked: date
    listed_to: date
    symbols: int
    members: tuple[Member, ...]
    without_file: tuple[Listing, ...]
    others: tuple[str, ...]

    @property
    def is_probed(self) -> bool:
        """The listing ended before the day, and each file of it was asked for by itself."""
        return self.on > self.listed_to


def universe(
    lake: Lake,
    lister: Lister,
    market: Market,
    on: date,
    *,
    refresh: bool = False,
    today: Callable[[], date] = utc_today,
) -> Universe:
    """Find the symbols of a market that had data on a day.

    Args:
        lake: The data folder, where listings are kept.
        lister: What is asked where they are not known, or not to that day.
        market: Which one.
        on: The day, UTC.
        refresh: Ask again whatever is known.
        today: Gives the day of asking.

    Raises:
        InputMissing: Nothing was ever listed.
        SourceUnreachable: The archive does not answer.
        SourceRefused: It has no listing.
    """
    known = None if refresh or lister.is_here else _kept(lake, market, lister.name)
    if known is None or known.asked < min(on + _SETTLED, today()):
        known = _ask(lister, market, known.days if known else {}, today())
        lake.write(_file(market), _document(known, market))
    if not known.days:
        raise InputMissing(
            f"{lister.name} has no aggregate trades of {market.value}: expected some. Look at it, or name another."
        )
    listed_to = max(ranges[-1][1] for ranges in known.days.values())
    there = _on(known.days, on) if on <= listed_to else _probed(lister, known.days, listed_to, on)
    members = tuple(_member(listing, known.days[listing]) for listing in sorted(there))
    holes = sorted(one for one, ranges in known.days.items() if ranges[0][0] < on < ranges[-1][1] and one not in there)
    return Universe(
        market=market,
        on=on,
        source=lister.name,
        asked=known.asked,
        listed_to=listed_to,
        symbols=len(known.days),
        members=members,
        without_file=tuple(holes),
        others=known.others,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    source: str
    asked: date
    days: Mapping[Listing, Ranges]
    others: tuple[str, ...]


def _ask(lister: Lister, market: Market, known: Mapping[Listing, Ranges], today: date) -> _Known:
    def extended(listing: Listing) -> Ranges:
        before = known.get(listing, [])
        after = before[-1][1] if before else None
        later = lister.days(listing, after)
        joined = [*([before[-1][1]] if before else []), *later]
        new = ranges_of(joined)
        return [*before[:-1], (before[-1][0], new[0][1]), *new[1:]] if before else new

    symbols, others = lister.symbols(market)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(symbols, pool.map(extended, symbols), strict=True))
    days = {**known, **{listing: ranges for listing, ranges in found.items() if ranges}}
    return _Known(lister.name, today, days, others)


def _on(days: Mapping[Listing, Ranges], on: date) -> list[Listing]:
    return [listing for listing, ranges in days.items() if any(first <= on <= last for first, last in ranges)]


def _probed(lister: Lister, days: Mapping[Listing, Ranges], listed_to: date, on: date) -> list[Listing]:
    """Listings have lagged by months behind the files: those that go on are asked for one by one."""
    running = [listing for listing, ranges in days.items() if ranges[-1][1] == listed_to]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        there = pool.map(lambda listing: lister.has(listing, on), running)
        return [listing for listing, is_there in zip(running, there, strict=True) if is_there]


def _member(listing: Listing, ranges: Ranges) -> Member:
    first, last = ranges[0][0], ranges[-1][1]
    missing = (last - first).days + 1 - sum((end - begin).days + 1 for begin, end in ranges)
    return Member(listing, first, last, missing, multiplier_of(listing), changes_of(listing))


def _file(market: Market) -> str:
    return f"universe/{market.value}.json"


def _document(known: _Known, market: Market) -> bytes:
    symbols = {
        listing.symbol: [[str(one) for one in each] for each in ranges] for listing, ranges in known.days.items()
    }
    told = {"market": market.value, "source": known.source, "asked": str(known.asked), "symbols": symbols}
    return canonical_json(told | {"others": list(known.others)})


def _kept(lake: Lake, market: Market, source: str) -> _Known | None:
    """What was listed before, by the same source."""
    if lake.stat(_file(market)) is None:
        return None
    told = json.loads(lake.read(_file(market)))
    if told["source"] != source:
        return None
    days = _days(market, told["symbols"].items())
    return _Known(told["source"], date.fromisoformat(told["asked"]), days, tuple(told.get("others", ())))


def _days(market: Market, symbols: Iterable[tuple[str, list[list[str]]]]) -> dict[Listing, Ranges]:
    return {
        Listing(market, symbol): [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in ranges]
        for symbol, ranges in symbols
    }
