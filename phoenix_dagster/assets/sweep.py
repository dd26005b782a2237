"""Sweeps in Dagster: each experiment a partition of `variant`, whatever machine runs it, and `sweep`, their table.

Keys begin with `sweeps/`, outside of `market/symbol/*`: what selects a symbol's assets for a day must not meet
partitions that are no days. No day leads to a variant either (docs/decisions/0018).
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.recipe import backtest_code
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing, Market, day_from_text
from phoenix_core.products import CONTINUOUS_BACKTEST
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.recipe import sweep_recipe
from phoenix_core.sweeps.request import Cut, Search
from phoenix_dagster.assets.backtest import POOL, config_on, experiment_of, scaffold_on
from phoenix_dagster.assets.config_schema import defaults_of, shape_of
from phoenix_dagster.assets.keys import OWNERS, deps_of, sweep_key_of, variants_of
from phoenix_dagster.failures import ONCE_MORE, as_failures
from phoenix_dagster.metadata import Metadata, table
from phoenix_dagster.operation.report_server import url_of
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings, search_storage

if TYPE_CHECKING:
    from phoenix_core.sweeps.publish import Sweep, Swept
    from phoenix_core.sweeps.sweep import Outcome

_VERSION = "dagster/data_version"
_IN_A_RUN = 20  # variants: a process costs some seconds, a variant often less
_SHOWN = 20  # rows of the table in the history; all are in its files
_HOW = {*Cut.model_fields, *Search.model_fields}
_GRID = dg.Field(
    [str],
    default_value=[],
    is_required=False,
    description="An axis each, such as strategy.lpi_entry_threshold=0.5:0.9:0.05. Without any there is no sweep.",
)
_DAYS = {
    end: dg.Field(str, default_value="", is_required=False, description=f"{end.title()} day, YYYY-MM-DD, inclusive.")
    for end in ("first", "last")
}


def sweep_scaffold_on(market: Market) -> dict[str, Any]:
    """Options of a sweep with their defaults, as config that can be run as it stands."""
    return {"grid": [], **defaults_of(Cut), **defaults_of(Search), **scaffold_on(market)}


def group_of_sweeps(listing: Listing) -> str:
    """Group of the two assets.

    >>> group_of_sweeps(Listing.parse("um:BTCUSDT"))
    'um_btcusdt_sweeps'
    """
    return f"{listing.path.replace('/', '_')}_sweeps"


def variant_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of experiments: a partition is one of them over its range, as a sweep has described it."""

    @dg.asset(
        key=sweep_key_of(listing, "variant"),
        group_name=group_of_sweeps(listing),
        kinds={"nautilus", "parquet"},
        owners=OWNERS,
        description="An experiment of a sweep over its range of days; its result is one of `continuous_backtest`.",
        # A mapping to no day at all: Dagster would follow any other downstream, and a backfill of a day would run
        # every variant there is. Without one it refuses to materialize the whole graph over days.
        deps=[
            dg.AssetDep(key, partition_mapping=dg.SpecificPartitionsPartitionMapping([]))
            for key in deps_of(CONTINUOUS_BACKTEST, listing)
        ],
        code_version=backtest_code(listing),
        partitions_def=dg.DynamicPartitionsDefinition(name=variants_of(listing)),
        backfill_policy=dg.BackfillPolicy.multi_run(_IN_A_RUN),
        pool=POOL,
        retry_policy=ONCE_MORE,
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        with as_failures():
            outcomes = _run(workspace.lake(), listing, context)
            return _result(context, workspace.lake(), settings, outcomes)

    return asset


def sweep_asset(listing: Listing, settings: Settings) -> dg.AssetsDefinition:
    """Build the asset of the table: runs what of a grid is not there yet, and judges all of it."""

    @dg.asset(
        key=sweep_key_of(listing, "sweep"),
        group_name=group_of_sweeps(listing),
        kinds={"html", "plotly"},
        owners=OWNERS,
        description="What the points of a grid earned, and what the best of them is worth: the last sweep's table.",
        deps=[sweep_key_of(listing, "variant")],
        code_version=sweep_recipe(),
        pool=POOL,
        retry_policy=ONCE_MORE,
        check_specs=[
            dg.AssetCheckSpec(
                "every_point", asset=sweep_key_of(listing, "sweep"), description="Every point has a result."
            )
        ],
        config_schema={"grid": _GRID} | _DAYS | shape_of(Cut) | shape_of(Search) | config_on(listing.market),
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        config = context.op_execution_context.op_config
        if not config["grid"]:
            return _as_before(context)
        started = time.monotonic()
        with as_failures():
            swept = _sweep(workspace.lake(), sweep_of(listing, config), settings, context)
            _tell_variants(context, workspace.lake(), settings, swept.outcomes)
        return dg.MaterializeResult(
            metadata=_described(swept, workspace.lake(), settings)
            | {"duration_seconds": round(time.monotonic() - started, 3)},
            data_version=dg.DataVersion(swept.entry.data_version),
            check_results=[_every_point(swept)],
        )

    return asset


def sweep_of(listing: Listing, config: Mapping[str, Any]) -> "Sweep":
    """The sweep that a run's config asks for.

    Raises:
        ConfigInvalid: A day, an axis or a value that is none.
    """
    from phoenix_core.sweeps.publish import Sweep  # noqa: PLC0415 - brings NautilusTrader

    first = day_from_text(config["first"])
    last = day_from_text(config["last"]) if config["last"] else first
    fields = {name: value for name, value in config.items() if name != "grid" and name not in _HOW}
    cut = Cut(**{name: config[name] for name in Cut.model_fields})
    search = Search(**{name: config[name] for name in Search.model_fields})
    return Sweep.of(experiment_of(listing, fields, first, last), config["grid"], cut, search)


def _run(lake: Lake, listing: Listing, context: dg.AssetExecutionContext) -> "list[Outcome]":
    from phoenix_core.sweeps.grid import Point  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.sweeps.sweep import run_points  # noqa: PLC0415 - likewise
    from phoenix_core.sweeps.variants import variant  # noqa: PLC0415 - likewise

    spans: dict[str, list[Experiment]] = {}
    for key in context.partition_keys:
        spans.setdefault(key.partition("@")[2], []).append(variant(lake, listing, key))
    outcomes = []
    for experiments in spans.values():  # points are told apart by their names, which are the same over all ranges
        outcomes += run_points(lake, [Point({}, one) for one in experiments], 1, lambda one: _log(context, one))
    return outcomes


def _log(context: dg.AssetExecutionContext, outcome: "Outcome") -> None:
    became = "kept" if outcome.is_kept else "made" if outcome.entry else f"failed: {outcome.reason}"
    context.log.info("%s: %s", _key(outcome), became)


def _key(outcome: "Outcome") -> str:
    from phoenix_core.sweeps.variants import key_of_variant  # noqa: PLC0415 - brings NautilusTrader

    return key_of_variant(outcome.point.experiment)


def _result(
    context: dg.AssetExecutionContext, lake: Lake, settings: Settings, outcomes: "Sequence[Outcome]"
) -> dg.MaterializeResult:
    """One result for one variant; for several, an event each, and a failure if one of them failed."""
    failed = [one for one in outcomes if one.entry is None]
    if failed:
        for one in outcomes:
            if one.entry is not None:
                context.log_event(_materialized(context.asset_key, lake, settings, one))
        lines = "\n".join(f"{_key(one)}: {one.reason}" for one in failed)
        raise dg.Failure(
            description=f"{len(failed)} of {len(outcomes)} variants failed, the others are kept.\n{lines}",
            allow_retries=False,
        )
    if len(outcomes) == 1:
        made = _materialized(context.asset_key, lake, settings, outcomes[0])
        return dg.MaterializeResult(metadata=made.metadata, tags=made.tags)
    for one in outcomes:
        context.add_asset_metadata(_figures(lake, settings, one), partition_key=_key(one))
    return dg.MaterializeResult(metadata={"variants": len(outcomes)})


def _materialized(key: dg.AssetKey, lake: Lake, settings: Settings, outcome: "Outcome") -> dg.AssetMaterialization:
    version = outcome.entry.data_version if outcome.entry else ""
    return dg.AssetMaterialization(
        asset_key=key,
        partition=_key(outcome),
        metadata=_figures(lake, settings, outcome),
        tags={_VERSION: version},
    )


def _figures(lake: Lake, settings: Settings, outcome: "Outcome") -> Metadata:
    """What a variant's page says: its figures, the way to its report, and what was run."""
    from phoenix_core.report.folder import document_in, table_in  # noqa: PLC0415 - brings Polars
    from phoenix_core.report.metrics import statistics  # noqa: PLC0415 - likewise

    experiment, folder = outcome.point.experiment, outcome.entry.facts["folder"] if outcome.entry else ""
    document = document_in(lake, folder)
    stats = statistics(*(table_in(lake, folder, name, document) for name in ("equity", "positions")))
    return {
        "report": _address(lake, settings, f"{folder}/report.html"),
        "net_pnl": float(document["parts"]["net"]),
        "currency": specification(Listing.parse(experiment.listing), experiment.first).settlement,
        **({} if stats.sharpe is None else {"sharpe": round(stats.sharpe, 6)}),
        "max_drawdown": round(stats.max_drawdown, 6),
        "round_trips": stats.round_trips,
        "missing_days": len(document["missing"]),
        "experiment": dg.MetadataValue.json(document["experiment"]),
        "identity": document["identity"],
        "folder": dg.MetadataValue.path(lake.address(folder)),
    }


def _sweep(lake: Lake, wanted: "Sweep", settings: Settings, context: dg.AssetExecutionContext) -> "Swept":
    from phoenix_core.sweeps.publish import run_sweep  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.sweeps.search import Home  # noqa: PLC0415 - likewise

    home = Home(search_storage(settings) if wanted.search else "")
    return run_sweep(lake, wanted, 1, lambda one: _log(context, one), home)


def _tell_variants(
    context: dg.AssetExecutionContext, lake: Lake, settings: Settings, outcomes: "Sequence[Outcome]"
) -> None:
    """Let the points stand among the variants, whoever ran them; those that stand there already are left."""
    from phoenix_core.sweeps.variants import describe_variants  # noqa: PLC0415 - brings NautilusTrader

    listing = Listing.parse(outcomes[0].point.experiment.listing)
    key = sweep_key_of(listing, "variant")
    keys = describe_variants(lake, [one.point.experiment for one in outcomes])
    context.instance.add_dynamic_partitions(variants_of(listing), keys)
    known = context.instance.get_materialized_partitions(key)
    for one in outcomes:
        if one.entry is not None and _key(one) not in known:
            context.instance.report_runless_asset_event(_materialized(key, lake, settings, one))


def _as_before(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Nothing was asked: what was said last stands, since materializing a whole graph comes by here."""
    event = context.instance.get_latest_materialization_event(context.asset_key)
    before = event.asset_materialization if event else None
    nothing: Metadata = {
        "published": False,
        "reason": "No grid was given: give one in the launchpad, or use `phoenix sweep`.",
    }
    check = dg.AssetCheckResult(
        check_name="every_point", passed=True, severity=dg.AssetCheckSeverity.WARN, metadata={"message": "not asked"}
    )
    return dg.MaterializeResult(
        metadata=dict(before.metadata) if before else nothing,
        data_version=dg.DataVersion(before.tags[_VERSION]) if before and before.tags else None,
        check_results=[check],
    )


def _every_point(swept: "Swept") -> dg.AssetCheckResult:
    failed = [f"{_key(one)}: {one.reason}" for one in swept.failed]
    return dg.AssetCheckResult(
        check_name="every_point",
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"message": "; ".join(failed[:_SHOWN]) or f"{len(swept.outcomes)} points, {len(swept.pruned)} pruned"},
    )


def _described(swept: "Swept", lake: Lake, settings: Settings) -> Metadata:
    from phoenix_core.sweeps.page import PAGE  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.sweeps.walk_forward_page import PAGE as WALK_FORWARD_PAGE  # noqa: PLC0415 - likewise

    worth, folder, walked = swept.table.judgement, swept.entry.facts["folder"], swept.table.windows.height
    figures = {
        "sharpe": worth.sharpe,
        "deflated_sharpe": worth.deflated_sharpe,
        "overfitting": worth.overfitting.probability if worth.overfitting else None,
        "walked_forward_net": worth.chosen_net,
        "combinations_overfit": worth.combined.probability if worth.combined else None,
    }
    best = swept.table.points.sort("sharpe", descending=True, nulls_last=True, maintain_order=True).head(_SHOWN)
    return {
        "page": _address(lake, settings, f"{folder}/{PAGE}"),
        **({"walk_forward": _address(lake, settings, f"{folder}/{WALK_FORWARD_PAGE}")} if walked else {}),
        "points": swept.table.points.height,
        "missing_days": len(swept.table.missing),
        "trials": worth.trials,
        "best": worth.best,
        **{name: round(value, 6) for name, value in figures.items() if value is not None},
        "best_points": table(best.drop("identity", "folder", "failed", strict=False).to_dicts()),
        "sweep": swept.sweep.name,
        "identity": swept.entry.facts["identity"],
        "folder": dg.MetadataValue.path(lake.address(folder)),
        "published": True,
    }


def _address(lake: Lake, settings: Settings, file: str) -> dg.MetadataValue[Any]:
    """Where a browser finds a page of the data folder."""
    return dg.MetadataValue.url(url_of(settings.reports_port, file) if settings.reports_port else lake.uri(file))
