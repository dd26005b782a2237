"""`phoenix doctor`: the data folder against its manifest, Dagster's history against both, and runs without a process.

Dry by default. A repair ends such runs, deletes strays, materializes bad days again (and only those) through
Dagster, and tells the history what lies on the disk.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import dagster as dg

from phoenix_core.catalog.verification import Examined, Problem, Trouble, verify
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Key, Manifest
from phoenix_core.products import DERIVED, Partitions, Product
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets.config_schema import config_of
from phoenix_dagster.deployment.claims import Judge, end_forsaken, forsaken, process_of
from phoenix_dagster.deployment.hosts import hosts_at_work, judge_of
from phoenix_dagster.operation.history import report
from phoenix_dagster.operation.in_process import materialize

_DAY = 10
_OF_EXPERIMENTS = {product.name: product for product in DERIVED if product.has_variants}
# What is wrong with bytes is mended by making them anew; holes are the user's choice, and what may be
# under way is left to the sweep of runs.
_REBUILT = {Trouble.ALTERED, Trouble.UNREADABLE, Trouble.CHECKSUM, Trouble.MIXED}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A day that Dagster's history and the disk see differently."""

    key: dg.AssetKey
    day: str
    message: str
    entry: Entry | None


@dataclass(slots=True)
class Diagnosis:
    """What the doctor found, for programs.

    Attributes:
        examined: How much was looked at.
        problems: What is wrong on the disk; after a repair, what still is.
        disagreements: Where Dagster's history and the disk differ; after a repair, where they still do.
        forsaken: Runs that are at work in the history while their process is gone, by id; after a repair, those left.
        hosts: Runs at work by host, the first letters of each id and what is known of it.
    """

    examined: Examined = field(default_factory=Examined)
    problems: list[Problem] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    forsaken: list[str] = field(default_factory=list)
    hosts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def remaining(self) -> int:
        """Defects; a hole is the user's choice and none."""
        defects = sum(problem.trouble is not Trouble.HOLE for problem in self.problems)
        return defects + len(self.disagreements) + len(self.forsaken)

    def document(self) -> dict[str, Any]:
        """All of it as values of JSON."""
        return {
            "examined": asdict(self.examined),
            "problems": [asdict(problem) for problem in self.problems],
            "disagreements": [
                {"asset": one.key.to_user_string(), "day": one.day, "message": one.message}
                for one in self.disagreements
            ],
            "forsaken_runs": self.forsaken,
            "runs_by_host": self.hosts,
            "remaining": self.remaining,
        }


def doctor(
    lake: Lake,
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    *,
    repair: bool,
    say: Say,
    diagnosis: Diagnosis | None = None,
) -> int:
    """Examine, say what is wrong, repair it if asked; give the number of problems that remain.

    Args:
        lake: The data folder.
        defs: The assets that should lie there.
        instance: Dagster's history.
        repair: Whether to mend; without it nothing is changed.
        say: Prints a line.
        diagnosis: Takes what was found.
    """
    diagnosis = diagnosis or Diagnosis()
    # First of all: they may hold the slots that a repair needs.
    judge = judge_of(instance)
    diagnosis.forsaken = list(_without_process(instance, judge, repair=repair, say=say))
    diagnosis.hosts = hosts_at_work(instance, judge)
    for host, runs in diagnosis.hosts.items():
        say(f"{'host':<16}{host} has runs at work: {', '.join(runs)}")
    examined = diagnosis.examined
    problems = list(verify(lake, examined))
    for problem in problems:
        say(f"{problem.trouble.value:<16}{problem.message}")
    say(f"examined {examined.entries:,} entries, {examined.files:,} files, {examined.bytes:,} bytes")
    if repair:
        problems = _repaired(lake, defs, instance, problems, say)
    disagreements = list(disagreements_of(lake, defs, instance))
    for one in disagreements:
        say(f"{'history':<16}{one.key.to_user_string()} of {one.day}: {one.message}")
    if repair and disagreements:
        _reconcile(defs, instance, disagreements, say)
        disagreements = list(disagreements_of(lake, defs, instance))
    say(f"examined the history: {len(disagreements)} disagreements")
    diagnosis.problems, diagnosis.disagreements = problems, disagreements
    remaining = diagnosis.remaining
    say(f"{remaining} problems" + ("" if repair or not remaining else "; `phoenix doctor --repair` mends what it can"))
    return remaining


def _without_process(instance: dg.DagsterInstance, judge: Judge, *, repair: bool, say: Say) -> Iterator[str]:
    """Name runs whose process is gone, and end them if asked; give the ids of those that are left."""
    if repair:
        for line in end_forsaken(instance, judge):
            say(f"{'run':<16}{line}")
    for run in forsaken(instance, judge):
        process = process_of(run)
        named = "its process" if process is None else f"its {process.named}"
        say(f"{'run':<16}{run.run_id[:8]} is {run.status.value.lower()} in the history, and {named} is gone")
        yield run.run_id


def disagreements_of(lake: Lake, defs: dg.Definitions, instance: dg.DagsterInstance) -> Iterator[Disagreement]:
    """Days that are materialized in the history alone, or on the disk alone."""
    graph = defs.resolve_asset_graph()
    on_disk: dict[str, dict[str, Key]] = defaultdict(dict)
    manifest = Manifest(lake)
    for found in manifest.recorded():
        if len(found.day) == _DAY:
            on_disk[found.asset][found.day] = found
    for key in sorted(graph.materializable_asset_keys):
        partitions = graph.get(key).partitions_def
        if partitions is None:
            continue
        asset = key.to_user_string()
        in_history = instance.get_materialized_partitions(key)
        for day in sorted(in_history - on_disk[asset].keys()):
            yield Disagreement(key, day, "the history has it, the disk does not: materialize it again", None)
        # Before the first partition are days made for a look-back, of which the history can't know.
        untold = [day for day in sorted(on_disk[asset].keys() - in_history) if partitions.has_partition_key(day)]
        for found, entry in manifest.examined(on_disk[asset][day] for day in untold):
            if not isinstance(entry, CatalogCorrupt):
                yield Disagreement(key, found.day, "the disk has it, the history does not", entry)


def _reconcile(
    defs: dg.Definitions, instance: dg.DagsterInstance, disagreements: Sequence[Disagreement], say: Say
) -> None:
    """Tell the history what the disk has, and make again what the disk lacks."""
    lacking: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for one in disagreements:
        if one.entry is None:
            lacking[one.day].append(one.key)
            continue
        report(instance, one.key, one.entry, "Found on the disk by `phoenix doctor`.")
    _materialize(defs, instance, lacking, say)


def _materialize(
    defs: dg.Definitions, instance: dg.DagsterInstance, wanted: Mapping[str, Sequence[dg.AssetKey]], say: Say
) -> None:
    """Materialize assets by day, each day in a run of its own."""
    for day, keys in sorted(wanted.items()):
        names = ", ".join(sorted(key.to_user_string() for key in keys))
        done = materialize(defs, instance, keys, day=day)
        say(f"{'':<16}{'materialized' if done.success else 'could not materialize'} {names} of {day}")


def _run_again(lake: Lake, defs: dg.Definitions, instance: dg.DagsterInstance, key: Key, say: Say) -> None:
    """Run the experiment of a result again, with its own settings; a report comes with its result.

    The entry stays until it is overwritten, since it holds those settings.
    """
    from phoenix_core.backtest.recovery import experiment_of  # noqa: PLC0415 - only when a result is bad

    experiment = experiment_of(lake, key)
    if experiment is None:
        say(f"{'':<16}can't tell the experiment of {key}: materialize it again with its config")
        return
    path, _, name = key.asset.rpartition("/")
    product = _OF_EXPERIMENTS[name]
    is_daily = product.partitions is Partitions.DAILY
    keys = [dg.AssetKey([*path.split("/"), one]) for one in _made_with(product)]
    given_otherwise = {"listing", *({"first", "last"} if is_daily else ())}
    config = config_of(experiment, without=frozenset(given_otherwise))
    day = key.day if is_daily else ""
    done = materialize(defs, instance, keys, day=day, config={keys[0]: config})
    say(f"{'':<16}{'ran' if done.success else 'could not run'} {key} again")


def _made_with(product: Product) -> list[str]:
    """Names of a product and of what else is made of its experiment before it: a report comes with its result."""
    before = [one.product for one in product.inputs if one.product.has_variants]
    return [name for one in before for name in _made_with(one)] + [product.name]


def _repaired(
    lake: Lake, defs: dg.Definitions, instance: dg.DagsterInstance, problems: Sequence[Problem], say: Say
) -> list[Problem]:
    """Mend what can be mended and give what is left, found by a second look."""
    graph = defs.resolve_asset_graph()
    known = {key.to_user_string(): key for key in graph.materializable_asset_keys}
    bad: dict[str, list[dg.AssetKey]] = defaultdict(list)
    results: dict[Key, None] = {}
    for problem in problems:
        if problem.trouble is Trouble.STRAY:
            lake.remove(problem.name)
            say(f"{'':<16}deleted {problem.path}")
        elif problem.trouble not in _REBUILT or problem.asset not in known:
            continue
        elif problem.asset.rpartition("/")[2] in _OF_EXPERIMENTS:
            results[problem.key] = None
        elif len(problem.day) == _DAY:
            lake.remove(problem.key.path)
            partitions = graph.get(known[problem.asset]).partitions_def
            if partitions is None or partitions.has_partition_key(problem.day):
                bad[problem.day].append(known[problem.asset])
                continue
            if problem.name:  # what is somebody's own is never deleted
                lake.remove(problem.name)
            say(f"{'':<16}withdrew {problem.asset} of {problem.day}: made anew when signals look back on it")
    _materialize(defs, instance, bad, say)
    for key in results:
        _run_again(lake, defs, instance, key, say)
    return list(verify(lake))
