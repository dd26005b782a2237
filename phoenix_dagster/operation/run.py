"""`phoenix run`: days through Dagster in this process, one run a day, told as they go.

Nothing is printed here: a command shows what its watcher is told. A day that fails holds up no other, and in it an
asset that fails holds up only what needs it. A re-run finds done days done, since every asset keeps what it
has published.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import dagster as dg
from dagster import EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.execution.plan.objects import ErrorSource

from phoenix_core.errors import CatalogCorrupt
from phoenix_core.manifest import Key, Manifest
from phoenix_core.market import Listing
from phoenix_core.storage.lake import Lake
from phoenix_dagster.metadata import ROWS
from phoenix_dagster.operation.in_process import backtest_config, materialize, new_run_id, reason_of
from phoenix_dagster.operation.selection import Path, chosen

SPANNING = "range"
_VERSION = "dagster/data_version"


class Outcome(StrEnum):
    """What became of an asset on a day."""

    MADE = "made"
    KEPT = "kept"  # was there before, with the same data version
    FAILED = "failed"
    NOT_REACHED = "not reached"  # it needs one that failed, or the run was interrupted before


@dataclass(frozen=True, slots=True)
class Part:
    """An asset of a run that has ended.

    Attributes:
        asset: `market/symbol/name`.
        outcome: What became of it.
        rows: Rows that the day holds, where the asset counts them.
        seconds: How long it took.
        reason: Why it failed, or what is wrong with what was made, on one line.
        where: Where its result lies.
    """

    asset: str
    outcome: Outcome
    rows: int = 0
    seconds: float = 0.0
    reason: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class RunDone:
    """A day, or what spans all days, has ended.

    Attributes:
        day: The day; empty for what spans all of them.
        run_id: Its run in Dagster's history.
        parts: Its assets.
        seconds: How long it took.
    """

    day: str
    run_id: str
    parts: tuple[Part, ...]
    seconds: float

    def of(self, outcome: Outcome) -> list[Part]:
        """Assets that ended so."""
        return [part for part in self.parts if part.outcome is outcome]

    @property
    def is_good(self) -> bool:
        """Everything that was asked for is there, and no check says that it is wrong."""
        return not self.has_failed and not self.of(Outcome.NOT_REACHED)

    @property
    def has_failed(self) -> bool:
        """There is a reason why it is not good; without one it was interrupted."""
        return any(part.reason for part in self.parts)

    @property
    def is_kept(self) -> bool:
        """Everything was there before, and is good."""
        return self.is_good and all(part.outcome is Outcome.KEPT for part in self.parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be run.

    Attributes:
        days: Ascending.
        daily: Assets of each day, and the stage of each.
        spanning: Assets over all days, run once after them.
    """

    days: tuple[date, ...]
    daily: dict[dg.AssetKey, str]
    spanning: tuple[dg.AssetKey, ...]


class Watcher:
    """Is told what happens, and makes nothing of it."""

    def began(self, day: str, asset: str) -> None:
        """An asset is worked on."""

    def said(self, line: str) -> None:
        """Why nothing moves just now: it waits for a slot, or before it tries again."""

    def ended(self, day: str, part: Part) -> None:
        """An asset has ended."""

    def run_ended(self, done: RunDone) -> None:
        """A day has ended."""


def planned(defs: dg.Definitions, listing: Listing, wanted: Sequence[str], days: Sequence[date]) -> Plan:
    """Resolve names against the definitions; `all` means every daily asset, a stage its daily ones.

    Raises:
        ConfigInvalid: A name that is neither an asset nor a stage.
    """
    graph = defs.resolve_asset_graph()
    ordered = [key for key in graph.toposorted_asset_keys if key in graph.materializable_asset_keys]
    daily = {tuple(key.path): graph.get(key).group_name for key in ordered if graph.get(key).is_partitioned}
    # What spans all days has no part in a stage: continuous backtest and report are asked for by name.
    spanning: dict[Path, str] = {tuple(key.path): "" for key in ordered if tuple(key.path) not in daily}
    found = chosen(daily | spanning, listing.path, wanted, daily)
    return Plan(
        tuple(sorted(days)),
        {dg.AssetKey(list(path)): daily[path].rsplit("_", 1)[-1] for path in found if path in daily},
        tuple(dg.AssetKey(list(path)) for path in found if path in spanning),
    )


@dataclass(slots=True)
class Runner:
    """Runs a plan.

    Attributes:
        defs: The code location.
        instance: Where runs are recorded.
        lake: The data folder.
        watcher: Is told what happens.
        is_interrupted: Whether somebody asked to end; then no further run is begun.
        interrupt: Interrupts again what is under way: the first time may have been swallowed.
        run_id: The run that is under way; empty between two.
        strategy: What backtests run, by fields of their config; empty: the default.
    """

    defs: dg.Definitions
    instance: dg.DagsterInstance
    lake: Lake
    watcher: Watcher = field(default_factory=Watcher)
    is_interrupted: Callable[[], bool] = lambda: False
    interrupt: Callable[[], None] = lambda: None
    run_id: str = ""
    strategy: Mapping[str, Any] = field(default_factory=dict)

    def run(self, plan: Plan) -> Iterator[RunDone]:
        """Run each day, then what spans them; give each as it ends."""
        for day in plan.days if plan.daily else ():
            yield from self._one(list(plan.daily), day.isoformat())
        if plan.spanning:
            yield from self._one(plan.spanning, "", (plan.days[0].isoformat(), plan.days[-1].isoformat()))

    def end(self, why: str) -> None:
        """End the run that is under way in the history, where its own process can't any more."""
        run = self.instance.get_run_by_id(self.run_id) if self.run_id else None
        if run is not None and not run.is_finished:
            self.instance.report_run_canceled(run, why)
            self.instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)

    def _one(self, keys: Sequence[dg.AssetKey], day: str, span: tuple[str, str] | None = None) -> Iterator[RunDone]:
        if self.is_interrupted():
            return
        started = time.monotonic()
        record = _Record(day, {key.to_python_identifier(): key for key in keys}, self._versions(keys, day), self)
        self.run_id = run_id = new_run_id()
        self.instance.add_event_listener(run_id, record.hear)
        config = backtest_config(keys, self.strategy, span)
        materialize(self.defs, self.instance, keys, day=day, config=config, run_id=run_id)
        self.run_id = ""
        done = RunDone(day, run_id, record.parts(), time.monotonic() - started)
        self.watcher.run_ended(done)
        yield done

    def _versions(self, keys: Sequence[dg.AssetKey], day: str) -> dict[str, str]:
        """Data versions that are there before the run."""
        asked = [Key(key.to_user_string(), day) for key in keys] if day else []
        return {
            key.asset: entry.data_version
            for key, entry in Manifest(self.lake).examined(asked)
            if not isinstance(entry, CatalogCorrupt)  # it will be made anew
        }


@dataclass(slots=True)
class _Record:
    """What the events of one run say, as they come."""

    day: str
    keys: dict[str, dg.AssetKey]
    before: dict[str, str]
    runner: Runner
    _done: dict[str, Part] = field(default_factory=dict)
    _made: dict[str, dg.AssetMaterialization] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    _wrong: dict[str, list[str]] = field(default_factory=dict)
    _whole: str = ""
    _is_canceling: bool = False

    def hear(self, entry: EventLogEntry) -> None:
        """Take in an event."""
        self._cancel(entry.run_id)
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type is dg.DagsterEventType.RUN_FAILURE:
            self._whole = reason_of(event)
        elif event.step_key in self.keys:
            self._hear_of(self.keys[event.step_key].to_user_string(), event)
        elif event.event_type is dg.DagsterEventType.ENGINE_EVENT and (event.message or "").startswith("Waiting"):
            self.runner.watcher.said(event.message or "")

    def _hear_of(self, asset: str, event: dg.DagsterEvent) -> None:
        kind, watcher = event.event_type, self.runner.watcher
        if kind is dg.DagsterEventType.STEP_START or kind is dg.DagsterEventType.STEP_RESTARTED:
            self._since[asset] = time.monotonic()
            watcher.began(self.day, asset)
        elif kind is dg.DagsterEventType.ASSET_MATERIALIZATION:
            self._made[asset] = event.step_materialization_data.materialization
        elif kind is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._check(asset, event.asset_check_evaluation_data)
        elif kind is dg.DagsterEventType.STEP_UP_FOR_RETRY:
            watcher.said(f"{asset} is tried again in a while: {reason_of(event)}")
        elif kind is dg.DagsterEventType.STEP_SUCCESS:
            self._end(self._good(asset))
        elif kind is dg.DagsterEventType.STEP_FAILURE:
            self._end(self._bad(asset, event))

    def parts(self) -> tuple[Part, ...]:
        """All assets of the run, once it has ended."""
        failed = any(part.reason for part in self._done.values())
        for asset in (key.to_user_string() for key in self.keys.values()):
            if asset not in self._done:
                # A run that failed before any asset has a reason of its own.
                why = "" if failed else self._whole
                self._end(Part(asset, Outcome.FAILED if why else Outcome.NOT_REACHED, reason=why))
        return tuple(self._done.values())

    def _check(self, asset: str, found: AssetCheckEvaluation) -> None:
        """Note a check that says that data are wrong; it may hold back what needs them, without any failure."""
        if not found.passed and found.severity is dg.AssetCheckSeverity.ERROR:
            message = [str(value.value) for name, value in found.metadata.items() if name.startswith("message")]
            self._wrong.setdefault(asset, []).append(f"check {found.check_name}: {' '.join(message).strip()}")

    def _good(self, asset: str) -> Part:
        made = self._made[asset]
        metadata = {name: value.value for name, value in made.metadata.items()}
        version = (made.tags or {}).get(_VERSION)
        return Part(
            asset,
            Outcome.KEPT if version and version == self.before.get(asset) else Outcome.MADE,
            int(str(metadata.get(ROWS) or 0)),
            self._seconds(asset),
            "; ".join(self._wrong.get(asset, ())),
            where=str(metadata.get("folder") or metadata.get("path") or ""),
        )

    def _bad(self, asset: str, event: dg.DagsterEvent) -> Part:
        if event.step_failure_data.error_source is ErrorSource.INTERRUPT:
            return Part(asset, Outcome.NOT_REACHED, seconds=self._seconds(asset))
        return Part(asset, Outcome.FAILED, seconds=self._seconds(asset), reason=reason_of(event))

    def _end(self, part: Part) -> None:
        self._done[part.asset] = part
        self.runner.watcher.ended(self.day, part)

    def _seconds(self, asset: str) -> float:
        return time.monotonic() - self._since.get(asset, time.monotonic())

    def _cancel(self, run_id: str) -> None:
        """Say in the history that somebody asked for the end: the run is then cancelled, not failed."""
        if self.runner.is_interrupted() and not self._is_canceling:
            self._is_canceling = True
            run = self.runner.instance.get_run_by_id(run_id)
            if run is not None and not run.is_finished:
                self.runner.instance.report_run_canceling(run, "`phoenix run` was interrupted.")
            self.runner.interrupt()
