"""The asset of portfolios: one backtest over several listings with one account, from the launchpad."""

import time
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.backtest.portfolio.portfolio import Portfolio
from phoenix_core.backtest.portfolio.recipe import portfolio_code
from phoenix_core.instruments.specification import money_form
from phoenix_core.market import Listing, Market, day_from_text
from phoenix_core.products import SIGNALS
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets.backtest import POOL, STRATEGY, strategy_in
from phoenix_dagster.assets.config_schema import exact, shape_of
from phoenix_dagster.assets.keys import OWNERS, key_of
from phoenix_dagster.failures import ONCE_MORE, as_failures
from phoenix_dagster.metadata import Metadata, table
from phoenix_dagster.operation.portfolio import made_portfolio
from phoenix_dagster.operation.report_server import url_of
from phoenix_dagster.partitions import backfill_policy
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings

if TYPE_CHECKING:
    from phoenix_core.backtest.portfolio.result import PortfolioResult
    from phoenix_core.manifest import Entry

KEY = dg.AssetKey(["portfolio"])
_LEAST = 2
_GIVEN = frozenset({"listings", "first", "last", "strategy", "strategy_of"})
_CONFIG = {
    "listings": dg.Field(
        [str],
        default_value=[],
        is_required=False,
        description="market:SYMBOL of each, linear futures that settle in one currency. Empty: nothing is run.",
    ),
    "first": dg.Field(str, default_value="", is_required=False, description="First day, YYYY-MM-DD."),
    "last": dg.Field(str, default_value="", is_required=False, description="Last day, inclusive. Empty: the first."),
    "strategy": STRATEGY,
    "strategy_of": dg.Field(
        dg.Permissive(),  # type: ignore[no-untyped-call]
        default_value={},
        is_required=False,
        description=Portfolio.model_fields["strategy_of"].description,
    ),
} | shape_of(Portfolio, without=_GIVEN)
_CHECKS = {
    "ledger": "The parts of the PnL of all listings add up to the account.",
    "solvent": "The account was always worth something.",
    "inputs": "No day of a listing is missing, and no input of a day.",
}


def shared_listings(listings: Iterable[Listing]) -> list[Listing]:
    """Those that can share an account."""
    return [one for one in listings if one.market is Market.UM]


def portfolio_assets(listings: Iterable[Listing], settings: Settings) -> list[dg.AssetsDefinition]:
    """The asset, where there are listings that can share an account."""
    shared = shared_listings(listings)
    return [portfolio_asset(shared, settings)] if len(shared) >= _LEAST else []


def portfolio_asset(listings: Iterable[Listing], settings: Settings) -> dg.AssetsDefinition:
    """Build the asset.

    Args:
        listings: On whose signals it depends; each run's config chooses some of them, or others.
        settings: Of the code location.
    """

    @dg.asset(
        key=KEY,
        group_name="portfolio",
        kinds={"nautilus", "parquet"},
        owners=OWNERS,
        description="A strategy over several listings with one account: what came of each and of all.",
        deps=[key_of(listing, SIGNALS.name) for listing in listings],
        code_version=portfolio_code(),
        pool=POOL,
        retry_policy=ONCE_MORE,
        check_specs=[dg.AssetCheckSpec(name, asset=KEY, description=text) for name, text in _CHECKS.items()],
        config_schema=_CONFIG,
        # A range in one run wants the policy on every selected asset, partitioned or not.
        backfill_policy=backfill_policy(settings) if settings.days_per_run == "all" else None,
    )
    def asset(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
        config = context.op_execution_context.op_config
        if not config["listings"]:
            return _as_before(context)
        started = time.monotonic()
        with as_failures():
            wanted = portfolio_of(config)
            result, entry = made_portfolio(workspace.lake(), wanted, _teller(wanted, context))
            _write_page(workspace.lake(), entry)
        return dg.MaterializeResult(
            metadata=_described(workspace.lake(), settings, result, entry)
            | {"duration_seconds": round(time.monotonic() - started, 3)},
            data_version=dg.DataVersion(entry.data_version),
            check_results=_checked(result),
        )

    return asset


def portfolio_of(config: Mapping[str, Any]) -> Portfolio:
    """The portfolio that a run's config asks for.

    Raises:
        ConfigInvalid: A value that it refuses, or listings that can't share an account.
    """
    chosen = {name: config[name] for name in Portfolio.model_fields if name not in _GIVEN}
    return Portfolio.parse(
        listings=config["listings"],
        first=day_from_text(config["first"]),
        last=day_from_text(config["last"] or config["first"]),
        strategy=exact(strategy_in(config["strategy"])),
        strategy_of=exact(config["strategy_of"]),
        **exact(chosen),
    )


def _teller(wanted: Portfolio, context: dg.AssetExecutionContext) -> Any:  # noqa: ANN401 - a function
    days = (wanted.last - wanted.first) // timedelta(1) + 1

    def day_done(day: date, events: int) -> None:
        if days > 1:
            context.log.info("%s: %s events so far", day, f"{events:,}")

    return day_done


def _as_before(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Nothing was asked: what was said last stands, since materializing a whole graph comes by here."""
    event = context.instance.get_latest_materialization_event(KEY)
    before = event.asset_materialization if event else None
    nothing: Metadata = {
        "published": False,
        "reason": "No listings were given: give some in the launchpad, or use `phoenix portfolio`.",
    }
    version = (before.tags or {}).get("dagster/data_version") if before else None
    checks = [
        dg.AssetCheckResult(
            check_name=name, passed=True, severity=dg.AssetCheckSeverity.WARN, metadata={"message": "not asked"}
        )
        for name in _CHECKS
    ]
    return dg.MaterializeResult(
        metadata=dict(before.metadata) if before else nothing,
        data_version=dg.DataVersion(version) if version else None,
        check_results=checks,
    )


def _write_page(lake: Lake, entry: "Entry") -> None:
    from phoenix_core.report.portfolio import portfolio_page  # noqa: PLC0415 - brings plotly

    folder = entry.facts["folder"]
    lake.write(f"{folder}/report.html", portfolio_page(lake, folder).encode())


def _described(lake: Lake, settings: Settings, result: "PortfolioResult", entry: "Entry") -> Metadata:
    from phoenix_core.report.account import AccountFigures  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.report.portfolio_result import portfolio_in  # noqa: PLC0415 - likewise

    folder, parts = entry.facts["folder"], result.ledger.parts
    page, stats = f"{folder}/report.html", portfolio_in(lake, folder)
    found = AccountFigures(stats).statistics
    currency = stats.currency
    refused = {name: sum(counts.values()) for name, counts in result.refused.items()}
    rows = [
        {
            "listing": one.experiment.listing,
            "net": format(one.ledger.parts.net, f"+{money_form(currency)}"),
            "round_trips": one.ledger.round_trips.height,
            "fills": one.fills.height,
            "refused": refused[one.experiment.listing],
            "days": len(one.days),
        }
        for one in result.results
    ]
    return {
        "report": dg.MetadataValue.url(
            url_of(settings.reports_port, page) if settings.reports_port else lake.uri(page)
        ),
        "net_pnl": float(parts.net),
        "fees": float(parts.fees),
        "funding": float(parts.funding),
        "currency": currency,
        **({} if found.sharpe is None else {"sharpe": round(found.sharpe, 6)}),
        "max_drawdown": round(found.max_drawdown, 6),
        "most_leverage": round(float(max(stats.leverage["gross"], default=0.0)), 6),
        "round_trips": found.round_trips,
        "won": found.won,
        "fills": result.fills.height,
        "refused": sum(refused.values()),
        "by_listing": table(rows),
        "assumptions": dg.MetadataValue.md("\n".join(f"- {note}" for note in stats.assumptions())),
        "portfolio_id": result.portfolio.name,
        "identity": entry.facts["identity"],
        "folder": dg.MetadataValue.path(lake.address(folder)),
        "published": True,
    }


def _checked(result: "PortfolioResult") -> list[dg.AssetCheckResult]:
    parts, ruined = result.ledger.parts, result.insolvent_ns
    lacking = [
        f"{one.experiment.listing} {day}: {why}"
        for one in result.results
        for day, why in [
            *one.missing.items(),
            *((day, f"without {', '.join(what)}") for day, what in one.without.items() if what),
        ]
    ]
    said = {
        # A result that does not add up is none: it fails before it gets here.
        "ledger": (True, f"{result.portfolio.starting} + {parts.net} = {result.final_balance}"),
        "solvent": (ruined is None, "always" if ruined is None else f"worth nothing at {ruined} ns"),
        "inputs": (not lacking, "; ".join(lacking[:20]) or "all there"),
    }
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN if name == "inputs" else dg.AssetCheckSeverity.ERROR,
            metadata={"message": message},
        )
        for name, (passed, message) in said.items()
    ]
