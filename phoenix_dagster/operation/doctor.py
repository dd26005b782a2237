"""`phoenix doctor`: the data folder against its manifest, and Dagster's history against both.

Dry by default. A repair deletes strays, materializes bad days again (and only those) through Dagster, and
tells the history what lies on the disk.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from phoenix_core.catalog.verification import Examined, Problem, Trouble, recorded, verify
from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Entry, Manifest
from phoenix_core.storage import Lake

_DAY = 10
_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
# What is wrong with bytes is mended by making them anew; holes are the user's choice, and what may be
# under way is left to the sweep of runs.
_REBUILT = {Trouble.ALTERED, Trouble.UNREADABLE, Trouble.CHECKSUM, Trouble.MIXED}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A day that Dagster's history and the disk see differently."""

    key: dg.AssetKey
    day: str
    says: str
    entry: Entry | None


def doctor(lake: Lake, defs: dg.Definitions, instance: dg.DagsterInstance, *, repair: bool, say: Say) -> int:
    """Examine, say what is wrong, repair it if asked; give the number of problems that remain."""
    examined = Examined()
    problems = list(verify(lake, examined))
    for problem in problems:
        say(f"{problem.trouble.value:<16}{problem.says}")
    say(f"examined {examined.entries:,} entries, {examined.files:,} files, {examined.bytes:,} bytes")
    if repair:
        problems = _repaired(lake, defs, instance, problems, say)
    disagreements = list(disagreements_of(lake, defs, instance))
    for one in disagreements:
        say(f"{'history':<16}{one.key.to_user_string()} of {one.day}: {one.says}")
    if repair and disagreements:
        _reconcile(defs, instance, disagreements, say)
        disagreements = list(disagreements_of(lake, defs, instance))
    say(f"examined the history: {len(disagreements)} disagreements")
    remaining = sum(problem.trouble is not Trouble.HOLE for problem in problems) + len(disagreements)
    say(f"{remaining} problems" + ("" if repair or not remaining else "; `phoenix doctor --repair` mends what it can"))
    return remaining


def disagreements_of(lake: Lake, defs: dg.Definitions, instance: dg.DagsterInstance) -> Iterator[Disagreement]:
    """Days that are materialized in the history alone, or on the disk alone."""
    graph = defs.resolve_asset_graph()
    on_disk: dict[str, set[str]] = defaultdict(set)
    for asset, day in recorded(lake):
        if len(day) == _DAY:
            on_disk[asset].add(day)
    for key in sorted(graph.materializable_asset_keys):
        partitions = graph.get(key).partitions_def
        if partitions is None:
            continue
        asset = key.to_user_string()
        in_history = instance.get_materialized_partitions(key)
        for day in sorted(in_history - on_disk[asset]):
            yield Disagreement(key, day, "the history has it, the disk does not: materialize it again", None)
        for day in sorted(on_disk[asset] - in_history):
            if not partitions.has_partition_key(day):
                continue  # before the first partition: made for a look-back, of which the history can't know
            try:
                entry = Manifest(lake).find(asset, day)
            except CatalogCorrupt:
                continue
            yield Disagreement(key, day, "the disk has it, the history does not", entry)


def _reconcile(
    defs: dg.Definitions, instance: dg.DagsterInstance, disagreements: Sequence[Disagreement], say: Say
) -> None:
    """Tell the history what the disk has, and make again what the disk lacks."""
    lacking: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for one in disagreements:
        if one.entry is None:
            lacking[one.day].append(one.key)
            continue
        materialization = dg.AssetMaterialization(
            one.key,
            partition=one.day,
            description="Found on the disk by `phoenix doctor`.",
            tags={"dagster/data_version": one.entry.data_version},
        )
        instance.report_runless_asset_event(materialization)
    _materialize(defs, instance, lacking, say)


def _materialize(
    defs: dg.Definitions, instance: dg.DagsterInstance, wanted: Mapping[str, Sequence[dg.AssetKey]], say: Say
) -> None:
    """Materialize assets by day, each day in a run of its own."""
    job = defs.resolve_implicit_global_asset_job_def()
    for day, keys in sorted(wanted.items()):
        names = ", ".join(sorted(key.to_user_string() for key in keys))
        done = job.execute_in_process(
            instance=instance, partition_key=day, asset_selection=list(keys), run_config=_QUIET, raise_on_error=False
        )
        say(f"{'':<16}{'materialized' if done.success else 'could not materialize'} {names} of {day}")


def _repaired(
    lake: Lake, defs: dg.Definitions, instance: dg.DagsterInstance, problems: Sequence[Problem], say: Say
) -> list[Problem]:
    """Mend what can be mended and give what is left, found by a second look."""
    graph = defs.resolve_asset_graph()
    known = {key.to_user_string(): key for key in graph.materializable_asset_keys}
    bad: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for problem in problems:
        if problem.trouble is Trouble.STRAY and problem.path is not None:
            problem.path.unlink()
            say(f"{'':<16}deleted {problem.path}")
        elif problem.trouble in _REBUILT and problem.asset in known and len(problem.day) == _DAY:
            lake.remove(Manifest.path(problem.asset, problem.day))
            partitions = graph.get(known[problem.asset]).partitions_def
            if partitions is None or partitions.has_partition_key(problem.day):
                bad[problem.day].append(known[problem.asset])
                continue
            if problem.path is not None:
                problem.path.unlink(missing_ok=True)
            say(f"{'':<16}withdrew {problem.asset} of {problem.day}: made anew when signals look back on it")
    _materialize(defs, instance, bad, say)
    return list(verify(lake))
