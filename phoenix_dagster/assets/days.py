"""How an asset works through the days of its run, be it one or a range.

One day gives one materialization with its own data version and checks. A range gives each day its own
metadata, keeps what is done, and at its end names the days that failed; a re-run finds the done ones
done.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.alone import made_alone
from phoenix_core.errors import PhoenixError
from phoenix_core.interrupts import ended_by_swallowed_interrupts
from phoenix_core.manifest import Entry, Key
from phoenix_core.market import Listing
from phoenix_core.products import Product
from phoenix_core.storage.digests import digest_of
from phoenix_dagster.assets.keys import OWNERS, check_specs_of, deps_of, group_of, key_of
from phoenix_dagster.failures import ONCE_MORE, failure
from phoenix_dagster.metadata import Metadata, of_entry, table
from phoenix_dagster.partitions import backfill_policy, daily
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.catalog.quality import Finding
    from phoenix_core.rules import Rule


@dataclass(frozen=True, slots=True)
class Check:
    """Outcome of one asset check on one day.

    Attributes:
        name: As in the asset's check specs.
        passed: Whether it held.
        message: One line about it.
        severity: WARN where it is odd, ERROR where it is wrong.
        rows: A few of the rows that break it.
    """

    name: str
    passed: bool
    message: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    rows: Sequence[Mapping[str, Any]] = ()

    @property
    def described(self) -> dict[str, Any]:
        """Its line, and its rows where it has some."""
        return {"message": self.message} | ({"rows": table(self.rows)} if self.rows else {})


def checks_of(findings: Iterable["Finding"], rules: Iterable["Rule"]) -> tuple[Check, ...]:
    """Findings of the core as checks: wrong data is an error, odd data a warning."""
    blocking = {rule.name for rule in rules if rule.blocks}
    return tuple(
        Check(
            finding.rule,
            finding.passed,
            finding.message,
            dg.AssetCheckSeverity.ERROR if finding.rule in blocking else dg.AssetCheckSeverity.WARN,
            finding.rows,
        )
        for finding in findings
    )


@dataclass(frozen=True, slots=True)
class Done:
    """A day that was worked through.

    Attributes:
        entry: What the manifest says of it.
        metadata: Shown with it.
        checks: Their outcomes.
        observed: What was found out of the same day of other assets, by name.
    """

    entry: Entry
    metadata: Metadata
    checks: tuple[Check, ...] = field(default=())
    observed: Mapping[str, Metadata] = field(default_factory=dict)


Work = Callable[[date], Done]
Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DayAsset:
    """What makes one daily asset differ from another.

    Attributes:
        product: Its entry in the registry: name, group, inputs, checks and words.
        listing: Market and symbol.
        pool: Which pool bounds its runs.
        code_version: The recipe of its days, as their entries have it.
        work: Does one day: (workspace, log, day).
        at_once: Days of a range that are worked on at the same time.
        metadata: Of the asset itself.
        retry_policy: For failures that may pass.
        looks_back: Makes what the day reads of earlier days and the folder does not have, entry by entry.
    """

    product: Product
    listing: Listing
    pool: str
    code_version: str
    work: Callable[[Workspace, Log, date], Done]
    at_once: int = 1
    metadata: Mapping[str, object] = field(default_factory=dict)
    retry_policy: dg.RetryPolicy = ONCE_MORE
    looks_back: Callable[[Workspace, Log, date], Iterator[Entry]] | None = None

    def build(self, settings: Settings) -> dg.AssetsDefinition:
        """Make the Dagster asset."""

        @dg.asset(
            key=key_of(self.listing, self.product.name),
            group_name=group_of(self.listing, self.product.stage),
            kinds=set(self.product.kinds),
            owners=OWNERS,
            description=self.product.description,
            metadata=dict(self.metadata),
            deps=deps_of(self.product, self.listing, settings.symbols),
            partitions_def=daily(settings),
            backfill_policy=backfill_policy(settings),
            retry_policy=self.retry_policy,
            code_version=self.code_version,
            pool=self.pool,
            check_specs=check_specs_of(self.product, self.listing),
        )
        def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
            made = _made(context)

            def work(day: date) -> Done:
                if self.looks_back is not None:
                    for entry in self.looks_back(workspace, context.log.info, day):
                        _record_earlier(context, workspace, entry, day)
                key = Key(self.product.asset(self.listing), day.isoformat())
                return made_alone(
                    workspace.lake(), key, lambda lake: self.work(workspace.over(lake, made), context.log.info, day)
                )

            return work_through(context, work, at_once=self.at_once)

        return asset


def _made(context: dg.AssetExecutionContext) -> frozenset[str]:
    """Names of the assets that this run makes; one that is executed again makes but some of its steps."""
    steps, keys = context.run.step_keys_to_execute, context.job_def.asset_layer.selected_asset_keys
    return frozenset("/".join(key.path) for key in keys if steps is None or key.to_python_identifier() in steps)


def _record_earlier(context: dg.AssetExecutionContext, workspace: Workspace, entry: Entry, day: date) -> None:
    """Tell the history of a day that another one's look-back made, as an event of that day's own asset.

    Without a run: this one is of another partition, and a backfill would count it as that day's own. A day
    before the first partition has its entry in the manifest alone.
    """
    definition = context.assets_def.partitions_def
    if definition is None or not definition.has_partition_key(entry.day):
        return
    location = workspace.manifest().address(entry) if entry.published else ""
    context.instance.report_runless_asset_event(
        dg.AssetMaterialization(
            dg.AssetKey(entry.asset.split("/")),
            partition=entry.day,
            description=f"Made since {context.asset_key.to_user_string()} of {day} looks back on it.",
            metadata=of_entry(entry, 0.0, location) | {"made_in_run": context.run.run_id},
            tags={"dagster/data_version": entry.data_version},
        )
    )


def work_through(context: dg.AssetExecutionContext, work: Work, *, at_once: int = 1) -> dg.MaterializeResult:
    """Work through the partitions of a run.

    Args:
        context: Of the asset.
        work: Does one day.
        at_once: Days of a range that are worked on at the same time.

    Raises:
        dg.Failure: A day failed; what was done of the others is kept and recorded.
    """
    days = [date.fromisoformat(key) for key in context.partition_keys]
    done: dict[date, Done] = {}
    failed: dict[date, PhoenixError] = {}

    def one(day: date) -> None:
        started = time.monotonic()
        try:
            done[day] = work(day)
            line = _line(done[day], time.monotonic() - started)
            context.log.info("%s %s: %s", context.asset_key.to_user_string(), day, line)
        except PhoenixError as error:
            failed[day] = error

    with ended_by_swallowed_interrupts():
        if len(days) == 1:
            one(days[0])
        else:
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(one, days))
    _observe(context, done)
    if failed:
        _keep(context, done)
        raise _failure(failed, len(days)) from failed[min(failed)].__cause__
    return _result(context, [done[day] for day in days])


def _observe(context: dg.AssetExecutionContext, done: Mapping[date, Done]) -> None:
    for day, result in sorted(done.items()):
        for asset, metadata in result.observed.items():
            key = dg.AssetKey(asset.split("/"))
            context.log_event(dg.AssetObservation(asset_key=key, partition=day.isoformat(), metadata=metadata))


def _line(done: Done, seconds: float) -> str:
    entry = done.entry
    if not entry.published:
        return entry.reason
    rows = f"{entry.rows:,} rows, " if entry.rows else ""
    return f"{rows}{entry.bytes:,} bytes, {seconds:.1f} s"


def _keep(context: dg.AssetExecutionContext, done: dict[date, Done]) -> None:
    for day, result in sorted(done.items()):
        context.log_event(
            dg.AssetMaterialization(
                asset_key=context.asset_key,
                partition=day.isoformat(),
                metadata=result.metadata,
                tags={"dagster/data_version": result.entry.data_version},
            )
        )


def _failure(failed: dict[date, PhoenixError], days: int) -> dg.Failure:
    first = next(iter(sorted(failed)))
    if days == 1:
        return failure(str(failed[first]), failed[first])
    lines = "\n".join(f"{day}: {error}" for day, error in sorted(failed.items()))
    named = ", ".join(day.isoformat() for day in sorted(failed))
    return dg.Failure(
        description=f"{len(failed)} of {days} days failed: {named}. The others are kept.\n{lines}",
        metadata={"failed_days": named},
        allow_retries=False,
    )


def _result(context: dg.AssetExecutionContext, results: Sequence[Done]) -> dg.MaterializeResult:
    if len(results) == 1:
        metadata, version = results[0].metadata, results[0].entry.data_version
    else:
        for result in results:
            context.add_asset_metadata(result.metadata, partition_key=result.entry.day)
        metadata = {"days": len(results)}
        version = digest_of({result.entry.day: result.entry.data_version for result in results})
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(version), check_results=_check_results(results)
    )


def _check_results(results: Sequence[Done]) -> list[dg.AssetCheckResult]:
    """One result a check: over a range it holds if it held on every day."""
    outcomes = []
    for name in dict.fromkeys(check.name for result in results for check in result.checks):
        by_day = {result.entry.day: check for result in results for check in result.checks if check.name == name}
        bad = {day: check for day, check in by_day.items() if not check.passed}
        worst = max((check.severity for check in bad.values()), key=lambda s: s.value == "ERROR", default=None)
        outcomes.append(
            dg.AssetCheckResult(
                check_name=name,
                passed=not bad,
                severity=worst or next(iter(by_day.values())).severity,
                metadata={
                    day if name == "message" else f"{day} {name}": value
                    for day, check in (bad or by_day).items()
                    for name, value in check.described.items()
                },
            )
        )
    return outcomes
