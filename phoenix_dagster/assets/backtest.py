"""Backtest assets: a day on its own, and one experiment over any range."""

import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.alone import made_alone
from phoenix_core.backtest.experiment import COINS_AT_START, Experiment, VenueParameters
from phoenix_core.backtest.recipe import backtest_code
from phoenix_core.errors import ConfigInvalid, InputMissing, PhoenixError
from phoenix_core.execution.holding import payoff_of
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Entry, Key
from phoenix_core.market import Listing, Market, day_from_text
from phoenix_core.products import SIGNALS, Product
from phoenix_core.storage.lake import Lake
from phoenix_core.strategies.contract import ImportedStrategy, default_strategy
from phoenix_dagster.assets.config_schema import defaults_of, exact, shape_of
from phoenix_dagster.assets.days import Check, Done, work_through
from phoenix_dagster.assets.keys import OWNERS, check_specs_of, deps_of, group_of, key_of
from phoenix_dagster.assets.result_metadata import result_metadata
from phoenix_dagster.failures import ONCE_MORE, as_failures
from phoenix_dagster.partitions import backfill_policy, daily
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.backtest.result import Result

POOL = "backtest"


# The listing is the asset's and the range the run's; all else comes from the experiment's own model.
_GIVEN = frozenset({"listing", "first", "last"})
_PARAMETERS = default_strategy().parameters
# Either parameters of the default strategy, or another one's `path` and `config`: one shape, so that run config
# from before there was a choice is still valid, and the launchpad checks the names of both.
_STRATEGY = dg.Shape(shape_of(ImportedStrategy) | shape_of(_PARAMETERS))  # type: ignore[no-untyped-call]
STRATEGY = dg.Field(_STRATEGY, description="Parameters of the default strategy; or the path and config of any other.")
_CONFIG = {"strategy": STRATEGY} | shape_of(Experiment, without=_GIVEN | {"strategy"})
RANGE = {
    "first": dg.Field(
        str,
        default_value="",
        is_required=False,
        description="First day, YYYY-MM-DD. Empty: of the run's partitions, or the first published.",
    ),
    "last": dg.Field(
        str,
        default_value="",
        is_required=False,
        description="Last day, inclusive. Empty: of the run's partitions, or the last published.",
    ),
}


def config_on(market: Market) -> dict[str, dg.Field]:
    """Config of an experiment on a market; where that settles in coins the account begins with a few."""
    if market is not Market.CM:
        return _CONFIG
    coins = dg.Field(dg.Float, default_value=int(COINS_AT_START), is_required=False, description="Coins at the start.")
    venue = dg.Shape(shape_of(VenueParameters) | {"starting_balance": coins})  # type: ignore[no-untyped-call]
    return _CONFIG | {"venue": dg.Field(venue, description=_CONFIG["venue"].description)}


def scaffold_on(market: Market) -> dict[str, Any]:
    """The same with its defaults, as config that can be run as it stands."""
    defaults = {"first": "", "last": ""} | defaults_of(Experiment, without=_GIVEN)
    if market is Market.CM:
        defaults["venue"] |= {"starting_balance": int(COINS_AT_START)}
    return defaults


def backtest_asset(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of single days: flat at 00:00, flat at 24:00."""

    @dg.asset(
        key=key_of(listing, product.name),
        group_name=group_of(listing, product.stage),
        kinds=set(product.kinds),
        owners=OWNERS,
        description=product.description,
        deps=deps_of(product, listing),
        code_version=backtest_code(listing),
        partitions_def=daily(settings),
        backfill_policy=backfill_policy(settings),
        pool=POOL,
        retry_policy=ONCE_MORE,
        check_specs=check_specs_of(product, listing),
        config_schema=config_on(listing.market),
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        config = context.op_execution_context.op_config

        def work(day: date) -> Done:
            return _run(workspace, experiment_of(listing, config, day, day), product.asset(listing), context)

        return work_through(context, work)

    return asset


def continuous_asset(product: Product, listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of one experiment over a range, position and balance carried from day to day."""

    @dg.asset(
        key=key_of(listing, product.name),
        group_name=group_of(listing, product.stage),
        kinds=set(product.kinds),
        owners=OWNERS,
        description=product.description,
        deps=deps_of(product, listing),
        code_version=backtest_code(listing),
        pool=POOL,
        retry_policy=ONCE_MORE,
        check_specs=check_specs_of(product, listing),
        config_schema=RANGE | config_on(listing.market),
        # A range in one run wants the policy on every selected asset, partitioned or not.
        backfill_policy=backfill_policy(settings) if settings.days_per_run == "all" else None,
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        config = context.op_execution_context.op_config
        with as_failures():
            first, last = _range(listing, config, workspace, context)
            chosen = experiment_of(listing, config, first, last)
            done = _run(workspace, chosen, product.asset(listing), context, settings.shuffles)
        return dg.MaterializeResult(
            metadata=done.metadata,
            data_version=dg.DataVersion(done.entry.data_version),
            check_results=[
                dg.AssetCheckResult(
                    check_name=check.name,
                    passed=check.passed,
                    severity=check.severity,
                    metadata={"message": check.message},
                )
                for check in done.checks
            ],
        )

    return asset


def experiment_of(listing: Listing, config: Mapping[str, Any], first: date, last: date) -> Experiment:
    """The experiment of a run's config over a range.

    Raises:
        ConfigInvalid: A value that the experiment refuses.
    """
    chosen = {name: value for name, value in config.items() if name not in RANGE}
    chosen["strategy"] = strategy_in(chosen.get("strategy", {}))
    return Experiment.parse(listing=str(listing), first=first, last=last, **exact(chosen))


def strategy_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen of the two halves of a strategy's config: Dagster fills in the defaults of both.

    Raises:
        ConfigInvalid: Something of both was chosen.
    """
    others, own = ImportedStrategy.model_fields, _PARAMETERS.model_fields
    by_default = defaults_of(ImportedStrategy) | defaults_of(_PARAMETERS)
    changed = [name for name, value in config.items() if value != by_default.get(name)]
    if config.get("path"):
        kept, stray = others, [name for name in changed if name not in others]
        remedy = "it is a parameter of the default strategy; those of this one stand in strategy.config"
    else:
        kept, stray = own, [name for name in changed if name not in own]
        remedy = "it belongs to a strategy that is imported: give strategy.path as well"
    if stray:
        raise ConfigInvalid(f"strategy.{stray[0]} is set, and strategy.path is {config.get('path', '')!r}: {remedy}.")
    return {name: value for name, value in config.items() if name in kept}


def _range(
    listing: Listing, config: Mapping[str, Any], workspace: Workspace, context: dg.AssetExecutionContext
) -> tuple[date, date]:
    """The range of the config; else of the run's partitions; else all days that have signals."""
    first, last = config["first"], config["last"]
    if bool(first) != bool(last):
        raise ConfigInvalid("A range needs both of first and last: give the other one, or neither.")
    if first:
        return day_from_text(first), day_from_text(last)
    tags = context.run.tags
    if "dagster/partition" in tags:
        day = day_from_text(tags["dagster/partition"])
        return day, day
    if "dagster/asset_partition_range_start" in tags:
        return (
            day_from_text(tags["dagster/asset_partition_range_start"]),
            day_from_text(tags["dagster/asset_partition_range_end"]),
        )
    days = sorted(day_from_text(key.day) for key in workspace.manifest().recorded(SIGNALS.asset(listing)))
    if not days:
        raise InputMissing(
            f"No day of {listing} has signals in {workspace.data}: expected some. Materialize days first."
        )
    return days[0], days[-1]


def _run(
    workspace: Workspace, experiment: Experiment, asset: str, context: dg.AssetExecutionContext, shuffles: int = 0
) -> Done:
    from phoenix_core.backtest.publish import span_of  # noqa: PLC0415 - brings NautilusTrader

    key = Key(asset, span_of(experiment), experiment.name)
    return made_alone(workspace.lake(), key, lambda lake: _run_alone(lake, experiment, asset, context, shuffles))


def _run_alone(
    lake: Lake, experiment: Experiment, asset: str, context: dg.AssetExecutionContext, shuffles: int
) -> Done:
    from phoenix_core.backtest.publish import publish, record_absent  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.backtest.run import nothing_to_run, run  # noqa: PLC0415 - likewise
    from phoenix_core.sweeps.trials import begin, remember  # noqa: PLC0415 - likewise

    started = time.monotonic()
    if why := nothing_to_run(lake, experiment):
        entry = record_absent(lake, experiment, asset=asset, reason=why)
        return Done(
            entry,
            {"published": False, "reason": why, "span": entry.day},
            (
                Check("ledger", passed=True, message=why),
                Check("solvent", passed=True, message=why),
                Check("inputs", passed=False, message=why),
                Check("capacity", passed=True, message=why),
            ),
        )
    days = (experiment.last - experiment.first) // timedelta(1) + 1

    def day_done(day: date, events: int) -> None:
        if days > 1:
            context.log.info("%s: %s events so far", day, f"{events:,}")

    begin(lake, experiment)  # a trial also if it fails
    result = run(lake, experiment, day_done)
    entry = publish(lake, result, asset=asset)
    remember(lake, entry)
    seconds = time.monotonic() - started
    beside = _shuffle(lake, experiment, entry, shuffles, context) if shuffles else {}
    return Done(entry, result_metadata(lake, result, entry, seconds) | beside, _checks(result))


def _shuffle(
    lake: Lake, experiment: Experiment, entry: Entry, draws: int, context: dg.AssetExecutionContext
) -> dict[str, str]:
    """Put replays with shuffled signals beside a result, where all of them cost less than it; say what came of it."""
    from phoenix_core.backtest.shuffled import publish_shuffled, shuffled_nets, why_dear  # noqa: PLC0415 - heavy
    from phoenix_core.report.folder import document_in  # noqa: PLC0415 - likewise

    if why := why_dear(experiment):
        return {"shuffled_signals": f"left out, since each would cost as much as the result: {why}"}
    started, document = time.monotonic(), document_in(lake, entry.facts["folder"])
    try:
        nets = shuffled_nets(lake, experiment, draws)
    except PhoenixError as error:  # the result stands without them
        context.log.warning("No replays with shuffled signals: %s", error)
        return {"shuffled_signals": f"left out: {error}"}
    if nets is None:
        return {}
    publish_shuffled(lake, document, nets)
    context.log.info("%d replays with shuffled signals took %.1f s", draws, time.monotonic() - started)
    share = float((nets < float(document["parts"]["net"])).mean())
    return {"shuffled_signals": f"{share:.0%} of {draws} replays with shuffled signals gained less"}


def _checks(result: "Result") -> tuple[Check, ...]:
    parts, experiment = result.ledger.parts, result.experiment
    traded = specification(Listing.parse(experiment.listing), experiment.first)
    off = abs(experiment.venue.starting_balance + parts.net - result.final_balance)
    lacking = [f"{day}: {why}" for day, why in result.missing.items()]
    lacking += [f"{day}: without {', '.join(what)}" for day, what in result.without.items() if what]
    return (
        Check(
            "ledger",
            passed=off < payoff_of(traded).tolerance,
            message=f"price {parts.price} + slippage {parts.slippage} + fees {parts.fees} + funding {parts.funding} "
            f"= {parts.net}",
            severity=dg.AssetCheckSeverity.ERROR,
        ),
        Check(
            "solvent",
            passed=result.insolvent_ns is None,
            message="always" if result.insolvent_ns is None else f"worth nothing at {result.insolvent_ns} ns",
            severity=dg.AssetCheckSeverity.ERROR,
        ),
        Check("inputs", not lacking, "; ".join(lacking[:20]) or "all there"),
        Check("capacity", not result.capacity.above, _capacity(result)),
    )


def _capacity(result: "Result") -> str:
    got = result.capacity
    return (
        f"{got.median:.2%} of a minute's volume at the median, {got.worst:.2%} at worst (minute to {got.worst_ns} ns); "
        f"above {result.experiment.venue.largest_share:.0%} in {got.above} of {got.minutes} minutes"
    )
