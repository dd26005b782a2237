"""The ledger of trials: every experiment that was ever run on an instrument, so that none can be forgotten.

How much the best of many is worth depends on how many there were, and a result that was deleted was tried all the
same. Each trial is a small file below `trials/`, written when it begins and again when its result is there, and
never removed. Results that lie in the data folder and are not in the ledger yet are entered whenever it is asked.

An experiment is one trial, whatever ranges it was run over; trials on data that overlap count together. Luck makes
ratios over few days vary more than over many: by the square root of their number, which is taken out.
"""

import json
import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import PurePath
from statistics import variance
from typing import Any

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.report.metrics import hourly_returns
from phoenix_core.storage.digests import canonical_json
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.statistics import Moments

_LOG = logging.getLogger(__name__)
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment over a range of days.

    Attributes:
        experiment: Its name, which is the same over all ranges.
        first: First day.
        last: Last day, inclusive.
        identity: Of the result; empty while there is none, as of a trial that failed or was killed.
        ratio: Sharpe ratio of hourly returns, not annualized; 0 if it never traded, None if there is no result.
    """

    experiment: str
    first: date
    last: date
    identity: str = ""
    ratio: float | None = None

    @property
    def days(self) -> int:
        """How many it ran over."""
        return _days(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Trials:
    """What was tried on data that overlap with a range.

    Attributes:
        count: Experiments, however many ranges each was run over.
        flat: How many of them never traded.
        variance: Of the ratios that luck gives so many over this range; None of fewer than two that are known. One
            over another range is known by its own ratio, times the root of how much longer that range is.
        over_other_ranges: How many ran over other ranges that overlap, and not over this very one.
    """

    count: int
    flat: int
    variance: float | None
    over_other_ranges: int = 0


def begin(lake: Lake, experiment: Experiment) -> None:
    """Enter a trial before it runs; one that is there already stays as it is."""
    place = _place(Listing.parse(experiment.listing).path, experiment.name, experiment.first, experiment.last)
    if lake.stat(place) is None:
        _write(lake, place, Trial(experiment.name, experiment.first, experiment.last))


def remember(lake: Lake, entry: Entry) -> None:
    """Enter the trial of a published result, with what it earned.

    Raises:
        CatalogCorrupt: The trial is in the ledger and can't be read.
    """
    _enter(lake, entry.facts["folder"], entry.facts)


def enter_portfolio(lake: Lake, portfolio: Portfolio, identity: str = "") -> None:
    """Enter a portfolio as a trial on each of its listings: before it runs, and with its identity when it has.

    What it earned on one listing hangs on what it held of the others: its ratio is held against none.
    """
    for listing in map(Listing.parse, portfolio.listings):
        place = _place(listing.path, portfolio.name, portfolio.first, portfolio.last)
        if identity or lake.stat(place) is None:
            _write(lake, place, Trial(portfolio.name, portfolio.first, portfolio.last, identity))


def gather(lake: Lake, listing: Listing) -> None:
    """Enter all results of a listing that lie in the data folder."""
    for described in map(PurePath, lake.names("backtests")):
        if described.name == "experiment.json":
            document = document_in(lake, str(described.parent))
            if document["experiment"]["listing"] == str(listing):
                _enter(lake, str(described.parent), document)


def _enter(lake: Lake, folder: str, document: Mapping[str, Any]) -> None:
    """Enter a result by what is told of it.

    A result whose tables are damaged is a trial too; what it earned is then not known. The experiment is not read as
    one: results of earlier releases, whose parameters had other names, were tried as well.
    """
    told, name, identity = document["experiment"], PurePath(folder).parent.name, document["identity"]
    first, last = (date.fromisoformat(told[end]) for end in ("first", "last"))
    place = _place(Listing.parse(told["listing"]).path, name, first, last)
    known = _read(lake, place) if lake.stat(place) else None
    if known is None or known.identity != identity or known.ratio is None:
        _write(lake, place, Trial(name, first, last, identity, _ratio(lake, folder)))


def trials(lake: Lake, listing: Listing, first: date, last: date) -> Trials:
    """Count what was tried on data of a listing that overlap with a range, both days inclusive.

    Raises:
        CatalogCorrupt: A trial can't be read, so that the count would be too low.
    """
    gather(lake, listing)
    of_experiment: dict[str, list[Trial]] = {}
    for one in recorded(lake, listing):
        if one.first <= last and first <= one.last:
            of_experiment.setdefault(one.experiment, []).append(one)
    nearest = [_nearest(some, first, last) for some in of_experiment.values()]
    ratios = [one.ratio * math.sqrt(one.days / _days(first, last)) for one in nearest if one.ratio is not None]
    return Trials(
        count=len(of_experiment),
        flat=sum(ratio == 0 for ratio in ratios),
        variance=variance(ratios) if len(ratios) >= _LEAST else None,
        over_other_ranges=sum(
            (first, last) not in {(one.first, one.last) for one in some} for some in of_experiment.values()
        ),
    )


def _nearest(some: Iterable[Trial], first: date, last: date) -> Trial:
    """Of one experiment's trials the one that tells most of a range: with a ratio, and of the fewest other days."""
    return min(some, key=lambda one: (one.ratio is None, _days_apart(one, first, last), one.first))


def _days_apart(trial: Trial, first: date, last: date) -> int:
    return abs((trial.first - first).days) + abs((trial.last - last).days)


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def recorded(lake: Lake, listing: Listing) -> Iterator[Trial]:
    """Every trial in the ledger of a listing, in the order of experiments and ranges.

    Raises:
        CatalogCorrupt: One of them can't be read.
    """
    yield from (_read(lake, place) for place in lake.names(f"trials/{listing.path}"))


def _place(listing_path: str, name: str, first: date, last: date) -> str:
    return f"trials/{listing_path}/{name}@{first}_{last}.json"


def _read(lake: Lake, place: str) -> Trial:
    try:
        told = json.loads(lake.read(place))
        first, last = (date.fromisoformat(told[end]) for end in ("first", "last"))
        return Trial(told["experiment"], first, last, told["identity"], told["ratio"])
    except (ValueError, TypeError, KeyError) as error:
        raise CatalogCorrupt(
            f"The trial {lake.address(place)} can't be read ({type(error).__name__}: {error}), and what was tried "
            "must not be forgotten: delete it, then run the experiment again that its name says."
        ) from error


def _write(lake: Lake, place: str, trial: Trial) -> None:
    told = asdict(trial) | {"first": trial.first.isoformat(), "last": trial.last.isoformat()}
    lake.write(place, canonical_json(told))


def _ratio(lake: Lake, folder: str) -> float | None:
    try:
        returns = hourly_returns(table_in(lake, folder, "equity", document_in(lake, folder)))
    except (CatalogCorrupt, InputMissing) as error:
        _LOG.warning("%s counts as a trial whose ratio is not known: %s", folder, error)
        return None
    moments = Moments.of(returns.to_numpy())
    return moments.ratio if moments else 0.0
