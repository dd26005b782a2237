"""Does a decision know the future? The experiment is run again with the future taken away.

At random instants everything that had not happened yet is removed from the catalog, signals are computed
anew from what is left, and every column of every signal and every order up to the instant (its side, size,
price and the values it used) must come out as before. When something has happened is read off the
published times themselves (a kline has happened at its close, a sample of a period at its end), not off the
times by which the catalog says it was known: those are under test. Two further questions need no instant: is any
row known before it happened, and are the published signals those that come out when they are computed anew?
"""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow.parquet as pq

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.run import run
from phoenix_core.catalog.store import catalog_asset, read_day
from phoenix_core.datasets import AGG_TRADES, KLINES, Dataset, LabelledBy
from phoenix_core.errors import InputMissing
from phoenix_core.execution.decisions import Decision, OrderReason
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.market import DAY_NS, NS_PER_SECOND, Listing, Market, day_of_ns, day_start_ns, days_between
from phoenix_core.products import BACKTEST, INSTRUMENT, SIGNALS, VOLUME_BUCKETS
from phoenix_core.signals.days import SignalDays
from phoenix_core.storage.digests import digest_of, sha256_of
from phoenix_core.storage.lake import Lake
from phoenix_core.tables.timestamps import label_of_file

_MILLISECOND = NS_PER_SECOND // 1000


@dataclass(frozen=True, slots=True)
class Leak:
    """Decisions or signals that came out otherwise when the future was taken away.

    Attributes:
        cut_ns: The instant after which nothing was left.
        before: Decisions up to then with the future.
        after: The same without it.
        signals: Columns of signals that differ, in words.
    """

    cut_ns: int
    before: tuple[Decision, ...]
    after: tuple[Decision, ...]
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guard found.

    Attributes:
        instants: Where the future was cut off.
        decisions: Decisions that were compared, over all instants.
        leaks: Those instants at which they or signals differed.
        early: Inputs that are known before they happened, in words.
        published: Published signals that are not those computed anew, likewise.
    """

    instants: tuple[int, ...]
    decisions: int
    leaks: tuple[Leak, ...]
    early: tuple[str, ...] = ()
    published: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Nothing was found."""
        return not (self.leaks or self.early or self.published)


def guard(lake: Lake, experiment: Experiment, *, instants: int, seed: int) -> Guarded:
    """Cut the future off at random instants of the range and compare decisions.

    Raises:
        PhoenixError: What `run` raises.
    """
    chosen = random.Random(seed)  # noqa: S311 - instants, not secrets
    start, end = day_start_ns(experiment.first), day_start_ns(experiment.last) + DAY_NS
    with TemporaryDirectory(prefix="phoenix-lookahead-") as folder:
        # Signals are computed anew on both sides, so that what they leak is seen.
        left = _without_future(lake, Lake.at(Path(folder) / "whole"), experiment, end)
        run(left, experiment)  # what can't be run at all says so here
        whole = _decisions(left, experiment, end)
        signals = _signals(left, experiment, end)
        published = _differences(_signals(lake, experiment, end), signals)
        closes = [ts for frame in signals.values() for ts in frame["ts_init"]]
        cuts = _instants((closes, [one.ts for one in whole]), (start, end), instants, chosen)
        leaks = []
        compared = 0
        for number, cut in enumerate(cuts):
            left = _without_future(lake, Lake.at(Path(folder) / str(number)), experiment, cut)
            before = tuple(decision for decision in whole if decision.ts < cut)
            after = _decisions(left, experiment, cut)
            compared += len(before)
            differing = _differences(_signals(left, experiment, cut), signals, cut)
            if before != after or differing:
                leaks.append(Leak(cut, before, after, differing))
            shutil.rmtree(Path(folder) / str(number))
    return Guarded(cuts, compared, tuple(leaks), _known_too_early(lake, experiment), published)


def _instants(
    events: Sequence[Sequence[int]], span: tuple[int, int], count: int, chosen: random.Random
) -> tuple[int, ...]:
    """In turns anywhere and a millisecond after one of each kind of event, where what it knew too early is missing."""
    kinds = [[], *events]
    return tuple(
        sorted(
            chosen.choice(kind) + _MILLISECOND if kind else chosen.randrange(*span)
            for kind in (kinds[number % len(kinds)] for number in range(count))
        )
    )


def _signals(lake: Lake, experiment: Experiment, until_ns: int) -> dict[date, pl.DataFrame]:
    """Published signals of the range's days, made with the experiment's parameters; none where it uses none."""
    if experiment.signals is None:
        return {}
    asset = SIGNALS.asset(Listing.parse(experiment.listing))
    digest = digest_of(experiment.signals.model_dump(mode="json"))
    found = {}
    days = days_between(experiment.first, min(experiment.last, day_of_ns(until_ns - 1)))
    for day, entry in Manifest(lake).find_days(asset, days).items():
        if entry.published and entry.facts.get("parameters") == digest:
            found[day] = read_day(lake, asset, day)
    return found


def _differences(
    ours: dict[date, pl.DataFrame], whole: dict[date, pl.DataFrame], until_ns: int = 2**62
) -> tuple[str, ...]:
    """Columns in which signals differ from those computed with everything, before an instant."""
    found = []
    for day, frame in ours.items():
        left, right = (one.filter(pl.col("ts_init") < until_ns) for one in (frame, whole.get(day, frame.clear())))
        if left.height != right.height:
            found.append(f"signals of {day}: {left.height} rows, {right.height} computed with everything")
            continue
        for column in left.columns:
            if not left[column].equals(right[column], null_equal=True):
                differs = left[column].ne_missing(right[column])
                row = differs.arg_true()[0]
                found.append(
                    f"signals of {day}: {column} in {differs.sum()} of {left.height} rows, first at "
                    f"{left['ts_init'][row]}: {left[column][row]} and {right[column][row]} computed with everything"
                )
    return tuple(found)


def _inputs(listing: Listing) -> list[Dataset]:
    """What a backtest reads, and the bars that a strategy may ask for besides."""
    bars = [KLINES] if listing.market in KLINES.columns else []
    return [*BACKTEST.datasets(listing.market), *bars]


def _days_back(listing: Listing) -> int:
    """How far before its own days a backtest's inputs reach."""
    return max(one.days_back for one in BACKTEST.upstream(listing.market))


def _known_too_early(lake: Lake, experiment: Experiment) -> tuple[str, ...]:
    """Inputs with rows that are known before they happened."""
    listing = Listing.parse(experiment.listing)
    found = []
    for dataset in _inputs(listing):
        asset = catalog_asset(dataset, listing)
        days = days_between(experiment.first - timedelta(_days_back(listing)), experiment.last)
        for day, entry in Manifest(lake).find_days(asset, days).items():
            if not entry.published:
                continue
            frame = read_day(lake, asset, day, ("ts_event", "ts_init")).cast(pl.Int64)
            happens_after = _happens_after(dataset, listing.market, day, frame["ts_event"])
            early = frame.filter(pl.col("ts_init") < pl.col("ts_event") + happens_after)
            if early.height:
                found.append(f"{asset} of {day}: {early.height} rows known before they happened, first {early.row(0)}")
    return tuple(found)


def _happens_after(dataset: Dataset, market: Market, day: date, labels: pl.Series) -> int:
    """How long after its label a row has happened, whatever the converter took the label for."""
    if not dataset.labels:
        return 0
    is_start = label_of_file(dataset, market, day, labels) is LabelledBy.START
    return dataset.period_ns if is_start else 0


def _decisions(lake: Lake, experiment: Experiment, until_ns: int) -> tuple[Decision, ...]:
    """What was decided before an instant, on signals alone: the end of the session is no decision."""
    last = min(experiment.last, day_of_ns(until_ns - 1))
    try:
        result = run(lake, experiment.model_copy(update={"last": last}))
    except InputMissing:
        return ()  # nothing had happened yet that could be traded on
    return tuple(one for one in result.decisions if one.ts < until_ns and one.reason is not OrderReason.SESSION_END)


def _without_future(lake: Lake, left: Lake, experiment: Experiment, cut_ns: int) -> Lake:
    """A data folder that holds what had happened before an instant, with signals computed from it."""
    listing = Listing.parse(experiment.listing)
    last = day_of_ns(cut_ns - 1)
    days = days_between(experiment.first - timedelta(_days_back(listing)), last)
    for dataset in _inputs(listing):
        for day in days:
            _copy(lake, left, dataset, catalog_asset(dataset, listing), day, cut_ns)
    for day in days:
        _copy(lake, left, None, INSTRUMENT.asset(listing), day, cut_ns)
    if experiment.signals is None:
        return left
    signals = SignalDays(left, listing, experiment.signals)
    before = timedelta(SIGNALS.days_back(VOLUME_BUCKETS.name))
    for day in days_between(experiment.first - before, last):
        if Manifest(left).find(catalog_asset(AGG_TRADES, listing), day) is not None:
            signals.publish_buckets(day)
    for day in days_between(experiment.first, last):
        signals.publish_signals(day)
    return left


def _copy(lake: Lake, left: Lake, dataset: Dataset | None, asset: str, day: date, cut_ns: int) -> None:
    ours, theirs = Manifest(lake), Manifest(left)
    entry = ours.find(asset, day)
    if entry is None:
        return
    if not entry.published:
        theirs.record(entry)
        return
    source = ours.fetch(entry)
    with left.publishing(entry.file) as staged:
        rows = _rows_before(source, staged, dataset, entry, day, cut_ns)
        digest, size = sha256_of(staged), staged.stat().st_size
    if not rows:
        left.remove(entry.file)
        theirs.record(replace(entry, published=False, reason="nothing of it had happened", file="", sha256=""))
        return
    theirs.record(replace(entry, sha256=digest, bytes=size, rows=rows))


def _rows_before(source: Path, staged: Path, dataset: Dataset | None, entry: Entry, day: date, cut_ns: int) -> int:
    """Write what had happened; a day that was over, with what its last labels name, is taken as it is."""
    late = dataset.period_ns if dataset is not None else 0
    if dataset is None or cut_ns > day_start_ns(day) + DAY_NS + late:
        shutil.copyfile(source, staged)
        return entry.rows
    table = pq.read_table(source)
    labels = pl.Series(table["ts_event"].to_numpy()).cast(pl.Int64)
    happened_after = _happens_after(dataset, Market(entry.asset.partition("/")[0]), day, labels)
    kept = table.filter((labels + happened_after < cut_ns).to_arrow())
    pq.write_table(kept, staged, row_group_size=131_072)
    return int(kept.num_rows)


def described(found: Guarded) -> Sequence[str]:
    """What the guard found, in lines for people."""
    lines = [f"{len(found.instants)} instants, {found.decisions} decisions compared, {len(found.leaks)} leaks"]
    lines += [*found.early, *(f"published, and not what its inputs give: {one}" for one in found.published)]
    for leak in found.leaks:
        changed = [decision for decision in leak.before if decision not in leak.after]
        appeared = [decision for decision in leak.after if decision not in leak.before]
        what = f"{len(changed)} gone {changed[:2]}, {len(appeared)} new {appeared[:2]}"
        lines += [f"without what came after {leak.cut_ns}: {one}" for one in (what, *leak.signals)]
    return lines
