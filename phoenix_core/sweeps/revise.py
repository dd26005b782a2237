"""Which results rest on data that were replaced since, and what they become when they are made anew.

Code that changed is no revision: results of other code are the business of whoever runs them. What a result became
is written down by `backtest/revision.py`, whoever makes it anew.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish, span_of
from phoenix_core.backtest.revision import Revision, revisions
from phoenix_core.backtest.run import run
from phoenix_core.errors import ConfigInvalid, PhoenixError
from phoenix_core.manifest import Entry, Manifest, Remembered
from phoenix_core.market import Listing
from phoenix_core.products import BACKTEST, CONTINUOUS_BACKTEST
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.grid import Point
from phoenix_core.sweeps.sweep import Standing, asset_of, run_points

Done = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outdated:
    """A result over data that are others now.

    Attributes:
        entry: Of the result.
        experiment: What was run; None if this release can't run it any more.
        inputs: What is another now, `asset@day`.
        reason: Why it can't be run any more.
    """

    entry: Entry
    experiment: Experiment | None
    inputs: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Revised:
    """What was made anew.

    Attributes:
        revisions: Those that changed inputs, by how much their net changed, most first.
        failed: Why others could not be made anew, by asset, span and experiment.
    """

    revisions: tuple[Revision, ...]
    failed: dict[str, str]


def outdated(lake: Lake, listing: Listing) -> list[Outdated]:
    """Results of a listing whose inputs are others now, in the order of assets, ranges and experiments.

    Raises:
        CatalogCorrupt: An entry of the manifest can't be read.
    """
    manifest, standing = Manifest(lake), Standing(lake)
    assets = [one.asset(listing) for one in (BACKTEST, CONTINUOUS_BACKTEST)]
    keys = [key for asset in assets for key in manifest.recorded(asset)]
    found = []
    for entry in manifest.find_many(keys).values():
        if not entry.published:
            continue
        try:
            experiment = Experiment.parse(**entry.facts["experiment"])
        except ConfigInvalid as error:
            found += _unknown(manifest, entry, str(error))
            continue
        if inputs := standing.changed_inputs(entry, experiment):
            found.append(Outdated(entry, experiment, tuple(inputs)))
    return found


def behind(lake: Lake, listing: Listing) -> list[str]:
    """Inputs of results, `asset@day`, that were themselves made from other bytes than are here: make them first."""
    manifest = Remembered(lake)
    keys = [key for one in (BACKTEST, CONTINUOUS_BACKTEST) for key in manifest.recorded(one.asset(listing))]
    names = {name for entry in manifest.find_many(keys).values() for name in entry.sources}
    return [name for name in sorted(names) if _is_behind(manifest, *name.split("@"))]


def _is_behind(manifest: Manifest, asset: str, day: str) -> bool:
    """Whether one of the sources that an entry names, of its own day or `asset@day`, has other bytes now."""
    entry = manifest.find(asset, day)
    for name, version in (entry.sources if entry else {}).items():
        source, _, of_day = name.partition("@")
        found = manifest.find(source, of_day or day)
        if found is None or found.data_version != version:
            return True
    return False


def revise(lake: Lake, listing: Listing, wanted: Sequence[Outdated], processes: int, done: Done) -> Revised:
    """Make results anew, and say what became of them.

    Args:
        lake: The data folder.
        listing: Of the results.
        wanted: Which.
        processes: How many ranges run at once; single days run one after another.
        done: Told of each as it ends.
    """
    failed = {_named(one.entry): one.reason for one in wanted if one.experiment is None}
    of_days = BACKTEST.asset(listing)
    for one in wanted:
        if one.experiment is not None and one.entry.asset == of_days:
            try:
                publish(lake, run(lake, one.experiment), asset=of_days)
            except PhoenixError as error:
                failed[_named(one.entry)] = f"{type(error).__name__}: {error}"
            done(_named(one.entry))
    for points in _of_one_range(one for one in wanted if one.entry.asset != of_days):
        for outcome in run_points(lake, points, processes, lambda ended: done(_of_point(ended.point))):
            if outcome.entry is None:
                failed[_of_point(outcome.point)] = outcome.reason
    before = {(one.entry.asset, one.entry.day, one.entry.facts["identity"]) for one in wanted}
    made = [one for one in revisions(lake, listing) if (one.asset, one.span, one.before.identity) in before]
    return Revised(tuple(sorted(made, key=lambda one: -abs(float(one.after.net) - float(one.before.net)))), failed)


def _of_one_range(wanted: Iterable[Outdated]) -> list[list[Point]]:
    """Points apart by range, since points are told apart by their names, which are the same over all ranges."""
    spans: dict[str, list[Point]] = {}
    for one in wanted:
        if one.experiment is not None:
            spans.setdefault(one.entry.day, []).append(Point({}, one.experiment))
    return list(spans.values())


def _of_point(point: Point) -> str:
    return f"{asset_of(point.experiment)} of {span_of(point.experiment)}, {point.experiment.name}"


def _unknown(manifest: Manifest, entry: Entry, reason: str) -> list[Outdated]:
    found = {name: manifest.find(*name.split("@")) for name in entry.sources}
    changed = [name for name, now in found.items() if now is None or now.data_version != entry.sources[name]]
    return [Outdated(entry, None, tuple(changed), reason)] if changed else []


def _named(entry: Entry) -> str:
    return f"{entry.asset} of {entry.day}, {entry.variant}"
