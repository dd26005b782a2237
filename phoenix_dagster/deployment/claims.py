"""Slots of pools: whose they are, and that those of the dead are free.

Dagster 1.13 frees the slots of a run that ended. A run that was killed never ends by itself, and one started
by `dagster asset materialize` is seen by nobody: it keeps its slots, and the next run asks for one in a loop
that never sleeps. So every run names its process when it starts, ends the runs whose process is gone, and
does so again while it waits. Rests on private parts of Dagster; tests pin each.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, EventLogEntry, RunsFilter
from dagster._core.errors import raise_execution_interrupts
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._utils.concurrency import ConcurrencyClaimStatus

from phoenix_dagster.deployment.processes import Identity, Verdict

if TYPE_CHECKING:
    from dagster import RunRecord

PROCESS_TAG = ".dagster/phoenix_process"  # by its prefix the UI leaves it out of lists of runs
# A run that ended may still have a process that finishes its step, where we can't see it.
_AFTER_END_SECONDS = 60.0
_LOOK_SECONDS = 2.0
# Who starts a run in its own process names it beforehand; others that were not started are not judged.
_AT_WORK = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
# Has no handler of its own: Python then prints warnings on stderr, which is where a shell's user looks.
_LOG = logging.getLogger(__name__)

Judge = Callable[[DagsterRun], Verdict]


def process_tags(run_id: str) -> dict[str, str]:
    """Tags of a run that say that this process does its work."""
    # Retries copy the tags of the run before them: the run's own id tells whose process is meant.
    return {PROCESS_TAG: f"{run_id} {Identity.own()}"}


def process_of(run: DagsterRun) -> Identity | None:
    """The process that a run named as its own."""
    run_id, _, text = run.tags.get(PROCESS_TAG, "").partition(" ")
    return Identity.parse(text) if run_id == run.run_id else None


def verdict_on(run: DagsterRun) -> Verdict:
    """Whether the process of a run lives. One that has not named itself can't be judged."""
    process = process_of(run)
    return Verdict.UNKNOWN if process is None else process.verdict(Identity.own())


def at_work(instance: DagsterInstance) -> list[DagsterRun]:
    """Runs that have begun and not ended in the history."""
    return list(instance.get_runs(filters=RunsFilter(statuses=_AT_WORK)))


def forsaken(instance: DagsterInstance, judge: Judge = verdict_on) -> Iterator[DagsterRun]:
    """Runs that are at work in the history while their process is gone."""
    for run in at_work(instance):
        if judge(run) is Verdict.GONE:
            yield run


def end_forsaken(instance: DagsterInstance, judge: Judge = verdict_on) -> list[str]:
    """End runs whose process is gone, free their slots, and give a line about each."""
    lines = []
    for run in forsaken(instance, judge):
        # Its process may have ended it and gone since we asked for the list.
        now = instance.get_run_by_id(run.run_id)
        process = process_of(run)
        if now is None or now.is_finished or process is None:
            continue
        line = f"Run {run.run_id[:8]} has ended as failed: its {process.named} is gone. Its slots are free."
        instance.report_run_failed(now, line)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        lines.append(line)
    return lines


def free_ended(instance: DagsterInstance, run_ids: Iterable[str]) -> None:
    """Free what runs still hold that have ended, or were deleted."""
    for run_id in run_ids:
        record = instance.get_run_record_by_id(run_id)
        if record is None or _is_over(record):
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def _is_over(record: "RunRecord") -> bool:
    if not record.dagster_run.is_finished:
        return False
    verdict = verdict_on(record.dagster_run)
    long_ago = time.time() - (record.end_time or 0.0) > _AFTER_END_SECONDS
    return verdict is Verdict.GONE or (verdict is Verdict.UNKNOWN and long_ago)


class WatchedClaims(SqlEventLogStorage):
    """Events and pools, of which no slot stays with the dead. To be mixed into a storage."""

    _looked: float = 0.0
    _said: str = ""

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event; before a run's start, name its process and end what the dead left."""
        if event.dagster_event and event.dagster_event.event_type is DagsterEventType.RUN_START:
            # The only event that always comes from the process that does the work, before any slot is claimed.
            self._instance.add_run_tags(event.run_id, process_tags(event.run_id))
            super().store_event(event)
            self._tell(event.run_id, end_forsaken(self._instance))
            return
        super().store_event(event)

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Claim a slot. Where none is free, free those of the dead, or say who is waited for."""
        claim = super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)
        if claim.is_claimed:
            return claim
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._look(concurrency_key, run_id)
            self._looked = time.monotonic()
            claim = super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)
        # Dagster would wait up to 15 s between two looks.
        return claim if claim.is_claimed else claim.with_sleep_interval(_LOOK_SECONDS)

    def _look(self, pool: str, run_id: str) -> None:
        self._tell(run_id, end_forsaken(self._instance))
        others = self._holders(pool) - {run_id}
        free_ended(self._instance, others)
        if others := self._holders(pool) - {run_id}:
            waits = f"Waiting for a slot of pool {pool}: {', '.join(map(self._described, sorted(others)))}."
            if waits != self._said:
                self._said = waits
                self._tell(run_id, [waits])

    def _holders(self, pool: str) -> set[str]:
        found = self.get_concurrency_info(pool)
        return found.active_run_ids | found.assigned_run_ids | found.pending_run_ids

    def _described(self, run_id: str) -> str:
        run = self._instance.get_run_by_id(run_id)
        process = None if run is None else process_of(run)
        if run is None or process is None:
            return f"run {run_id[:8]} (its process is not known; end it in the UI if it is gone)"
        hint = "" if verdict_on(run) is Verdict.LIVES else ", which can't be seen from here; end it in the UI if gone"
        return f"run {run_id[:8]} ({process.named}{hint})"

    def _tell(self, run_id: str, lines: Iterable[str]) -> None:
        run = self._instance.get_run_by_id(run_id)
        for line in lines:
            _LOG.warning(line)
            self._instance.report_engine_event(line, run)


def sleep_while_waiting() -> None:
    """Let a run sleep until its next look at a pool, or its next try, and wake when it is interrupted.

    Dagster 1.13 takes the least of zero and the seconds that are left, which is never more than zero; and what
    interrupts a run between two steps is noted and looked at when the next step begins, so after all waiting.
    """
    InstanceConcurrencyContext.interval_to_next_pending_claim_check = _seconds_to_next_look  # type: ignore[assignment, method-assign]
    ActiveExecution.sleep_til_ready = _sleep_til_ready  # type: ignore[assignment, method-assign]


def _seconds_to_next_look(context: InstanceConcurrencyContext) -> float:
    return max(0.0, min(context._pending_timeouts.values(), default=0.0) - time.time())  # noqa: SLF001 - see above


def _sleep_til_ready(execution: ActiveExecution) -> None:
    with raise_execution_interrupts():
        time.sleep(max(0.0, execution.sleep_interval()))  # type: ignore[no-untyped-call]
