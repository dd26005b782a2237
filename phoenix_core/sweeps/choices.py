"""Which days were there to choose on: every sweep writes its range down before it runs, and nothing removes it.

A result over such days is in-sample, whatever its experiment: whoever ran it could know what did well there. Each
choice is a small file below `choices/`. Low in the house on purpose, so that whatever shows a result can ask.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.market import Listing, days_between
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake

_LEAST = 2  # of one experiment nothing is chosen


@dataclass(frozen=True, slots=True)
class Choice:
    """Days on which experiments were held against each other.

    Attributes:
        sweep: Name of the sweep that did.
        first: First day.
        last: Last day, inclusive.
        experiments: How many there were.
    """

    sweep: str
    first: date
    last: date
    experiments: int


@dataclass(frozen=True, slots=True)
class InSample:
    """How much of a range was there to choose on.

    Attributes:
        days: Days of the range that were.
        of: Days of the range.
        sweeps: Names of the sweeps that chose on them.
    """

    days: int
    of: int
    sweeps: tuple[str, ...]

    @property
    def share(self) -> str:
        """For a cell.

        >>> InSample(3, 4, ("a",)).share
        '3 of 4 days'
        """
        return f"{self.days} of {self.of} day{'' if self.of == 1 else 's'}"

    @property
    def told(self) -> str:
        """For a reader.

        >>> InSample(1, 1, ("a", "b")).told
        'In-sample: sweeps a, b chose on 1 of 1 day of this range, so these figures are no evidence.'
        """
        who = f"sweep{'s' if len(self.sweeps) > 1 else ''} {', '.join(self.sweeps)}"
        return f"In-sample: {who} chose on {self.share} of this range, so these figures are no evidence."


def choose_on(lake: Lake, listing: Listing, choice: Choice) -> None:
    """Write down that a sweep chooses on some days; one that is there already stays as it is."""
    if choice.experiments < _LEAST:
        return
    place = f"choices/{listing.path}/{choice.sweep}@{choice.first}_{choice.last}.json"
    told = {
        "sweep": choice.sweep,
        "first": choice.first.isoformat(),
        "last": choice.last.isoformat(),
        "experiments": choice.experiments,
    }
    lake.put_if_absent(place, canonical_json(told))


def choices(lake: Lake, listing: Listing) -> tuple[Choice, ...]:
    """Every choice on a listing, in the order of names.

    Raises:
        CatalogCorrupt: One can't be read, so that days would seem untouched.
    """
    return tuple(_read(lake, place) for place in lake.names(f"choices/{listing.path}"))


def in_sample(known: Sequence[Choice], first: date, last: date) -> InSample | None:
    """How much of a range was there to choose on; None where nothing of it was."""
    reaching = [one for one in known if one.first <= last and first <= one.last]
    if not reaching:
        return None
    return InSample(len(_shared(reaching, first, last)), (last - first).days + 1, _names(reaching))


def _shared(reaching: Iterable[Choice], first: date, last: date) -> set[date]:
    spans = (days_between(max(first, one.first), min(last, one.last)) for one in reaching)
    return {day for span in spans for day in span}


def _names(reaching: Iterable[Choice]) -> tuple[str, ...]:
    return tuple(sorted({one.sweep for one in reaching}))


def _read(lake: Lake, place: str) -> Choice:
    try:
        told = json.loads(lake.read(place))
        first, last = (date.fromisoformat(told[end]) for end in ("first", "last"))
        return Choice(told["sweep"], first, last, int(told["experiments"]))
    except (ValueError, TypeError, KeyError) as error:
        raise CatalogCorrupt(
            f"The choice {lake.address(place)} can't be read ({type(error).__name__}: {error}), and its days must not "
            "seem untouched: delete it, then run the sweep again that its name says."
        ) from error
