"""The ledger of trials: every experiment that was ever run on an instrument, so that none can be forgotten.

How much the best of many is worth depends on how many there were, and a result that was deleted was tried all the
same. Each trial is a small file below `trials/`, written when it begins and again when its result is there, and
never removed. Results that the manifest knows and the ledger does not yet are entered whenever it is asked.

An experiment is one trial, whatever ranges it was run over; trials on data that overlap count together.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import PurePath
from statistics import variance

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import CatalogCorrupt, InputMissing
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import Listing
from phoenix_core.products import BACKTEST, CONTINUOUS_BACKTEST
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


@dataclass(frozen=True, slots=True)
class Trials:
    """What was tried on data that overlap with a range.

    Attributes:
        count: Experiments, however many ranges each was run over.
        flat: How many of those over this very range never traded.
        variance: Of the ratios of those over this very range, since only they vary by the same luck; None of one.
    """

    count: int
    flat: int
    variance: float | None


def begin(lake: Lake, experiment: Experiment) -> None:
    """Enter a trial before it runs; one that is there already stays as it is."""
    place = _place(Listing.parse(experiment.listing).path, experiment.name, experiment.first, experiment.last)
    if lake.stat(place) is None:
        _write(lake, place, Trial(experiment.name, experiment.first, experiment.last))


def remember(lake: Lake, entry: Entry) -> None:
    """Enter the trial of a published result, with what it earned.

    A result whose tables are damaged is a trial too; what it earned is then not known. The experiment is not read as
    one: results of earlier releases, whose parameters had other names, were tried as well.

    Raises:
        CatalogCorrupt: The trial is in the ledger and can't be read.
    """
    told, folder = entry.facts["experiment"], PurePath(entry.facts["folder"])
    name, identity = folder.parent.name, entry.facts["identity"]
    first, last = (date.fromisoformat(told[end]) for end in ("first", "last"))
    place = _place(entry.asset.rpartition("/")[0], name, first, last)
    known = _read(lake, place) if lake.stat(place) else None
    if known is None or known.identity != identity or known.ratio is None:
        _write(lake, place, Trial(name, first, last, identity, _ratio(lake, entry)))


def gather(lake: Lake, listing: Listing) -> None:
    """Enter all results of a listing that the manifest has."""
    manifest, assets = Manifest(lake), {one.asset(listing) for one in (BACKTEST, CONTINUOUS_BACKTEST)}
    for entry in manifest.find_many(key for key in manifest.recorded(listing.path) if key.asset in assets).values():
        if entry.published:
            remember(lake, entry)


def trials(lake: Lake, listing: Listing, first: date, last: date) -> Trials:
    """Count what was tried on data of a listing that overlap with a range, both days inclusive.

    Raises:
        CatalogCorrupt: A trial can't be read, so that the count would be too low.
    """
    gather(lake, listing)
    found = [one for one in recorded(lake, listing) if one.first <= last and first <= one.last]
    ratios = [one.ratio for one in found if (one.first, one.last) == (first, last) and one.ratio is not None]
    return Trials(
        count=len({one.experiment for one in found}),
        flat=sum(ratio == 0 for ratio in ratios),
        variance=variance(ratios) if len(ratios) >= _LEAST else None,
    )


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


def _ratio(lake: Lake, entry: Entry) -> float | None:
    folder = entry.facts["folder"]
    try:
        returns = hourly_returns(table_in(lake, folder, "equity", document_in(lake, folder)))
    except (CatalogCorrupt, InputMissing) as error:
        _LOG.warning("%s counts as a trial whose ratio is not known: %s", entry.key, error)
        return None
    moments = Moments.of(returns.to_numpy())
    return moments.ratio if moments else 0.0
