"""Runs at work on all hosts: which host has which, and whether anybody still works on them.

A process is judged where it can be seen, on its own machine (phoenix_dagster/deployment/processes.py). Where workers do
the runs, they are asked about those elsewhere.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Protocol, runtime_checkable

from dagster import DagsterInstance, DagsterRun

from phoenix_dagster.deployment.claims import Judge, at_work, process_of, verdict_on
from phoenix_dagster.deployment.processes import Verdict

_SHOWN = 8
_UNNAMED = "an unknown host"


@runtime_checkable
class AsksWorkers(Protocol):
    """A launcher that can ask those who do its runs."""

    def verdicts(self, runs: Collection[DagsterRun]) -> dict[str, Verdict]:
        """Judge runs, by id; those that it knows nothing of are left out."""


def judge_of(instance: DagsterInstance) -> Judge:
    """Something that judges the runs that are at work now, asking workers about those of other hosts once."""
    launcher = instance.run_launcher
    if not isinstance(launcher, AsksWorkers):
        return verdict_on
    asked = launcher.verdicts([run for run in at_work(instance) if verdict_on(run) is Verdict.UNKNOWN])
    return lambda run: asked.get(run.run_id) or verdict_on(run)


def hosts_at_work(instance: DagsterInstance, judge: Judge) -> dict[str, list[str]]:
    """Runs that are not known to be without a process, by host; what can't be judged from here is marked so."""
    found = defaultdict(list)
    for run in at_work(instance):
        process, verdict = process_of(run), judge(run)
        if verdict is not Verdict.GONE:
            doubt = "" if verdict is Verdict.LIVES else " (can't be seen from here)"
            found[_UNNAMED if process is None else process.host].append(f"{run.run_id[:_SHOWN]}{doubt}")
    return {host: sorted(runs) for host, runs in sorted(found.items())}
