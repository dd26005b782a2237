"""What the page of a backtest says of its result: a sentence, a picture, each figure, then what they rest on.

The UI shows the rows in this order and plots every number over days; amounts are in `currency`.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from phoenix_core.instruments.specification import money_form
from phoenix_core.instruments.table import specification
from phoenix_core.manifest import Entry
from phoenix_core.market import Listing
from phoenix_core.storage.digests import digest_of
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.choices import choices, in_sample
from phoenix_dagster.metadata import table

if TYPE_CHECKING:
    from phoenix_core.backtest.result import Result
    from phoenix_core.report.metrics import Statistics
    from phoenix_core.report.uncertainty import Uncertainty

_FILLS = 20
_DIGITS = 6  # of shares: a hundredth of a basis point


def result_metadata(lake: Lake, result: "Result", entry: Entry, seconds: float) -> dict[str, Any]:
    """Metadata of a published result.

    Args:
        lake: The data folder.
        result: What was run.
        entry: Its entry in the manifest.
        seconds: What it took.
    """
    from phoenix_core.report.metrics import statistics  # noqa: PLC0415 - brings NautilusTrader
    from phoenix_core.report.uncertainty import uncertainty  # noqa: PLC0415 - likewise

    stats = statistics(result.equity, result.ledger.round_trips)
    doubt = uncertainty(result.equity, result.ledger.round_trips, entry.facts["identity"])
    traded = specification(Listing.parse(result.experiment.listing), result.experiment.first)
    currency = traded.settlement
    return {
        "result": _sentence(result, stats, currency),
        **_in_sample(lake, result),
        **_picture(result, currency),
        **_figures(result, stats, doubt),
        **_interval(result, currency),
        "uncertainty": doubt.told(),
        "currency": currency,
        **_in_quote(result, traded.quote),
        **_balances(result),
        **_background(result),
        "experiment_id": result.experiment.name,
        "identity": entry.facts["identity"],
        "inputs_digest": digest_of(result.versions),
        "folder": dg.MetadataValue.path(lake.address(entry.facts["folder"])),
        "duration_seconds": round(seconds, 3),
        "published": True,
    }


def _in_sample(lake: Lake, result: "Result") -> dict[str, str]:
    """Whether some of its days were there to choose on when it was made."""
    asked = result.experiment
    found = in_sample(choices(lake, Listing.parse(asked.listing)), asked.first, asked.last)
    return {"in_sample": found.told} if found else {}


def _sentence(result: "Result", stats: "Statistics", currency: str) -> str:
    net = format(result.ledger.parts.net, f"+{money_form(currency)}")
    interval = f" in {result.interval.text()}" if result.interval else ""
    return (
        f"net {net} {currency}{interval} ({_return(result):+.2%}), {result.fills.height} fills, "
        f"drawdown {stats.max_drawdown:.2%}"
    )


def _balances(result: "Result") -> dict[str, Any]:
    """What is there of each currency, on spot."""
    told = {name: f"{value:f}" for name, value in result.balances.items()}
    return {"balances": dg.MetadataValue.json(told)} if told else {}


def _interval(result: "Result", currency: str) -> dict[str, Any]:
    """Bounds of net where quotes were implied; where they were published there is nothing to say."""
    found = result.interval
    if found is None:
        return {}
    ends = {"net_low": found.low, "net_high": found.high}
    return {
        "interval": f"{found.told(currency)}; {found.calibrated()}",
        **{name: float(end) for name, end in ends.items() if end is not None},
        "interval_excludes_zero": found.excludes_zero,
    }


def _in_quote(result: "Result", unit: str) -> dict[str, Any]:
    """Net and balances in quote units, where the account is in coins."""
    shown = ("net", "revaluation", "starting_balance", "final_balance")
    figures = {f"{name}_in_quote": float(result.in_quote[name]) for name in shown if result.in_quote}
    return figures | ({"quote_currency": unit} if figures else {})


def _return(result: "Result") -> float:
    return float(result.ledger.parts.net / result.experiment.venue.starting_balance)


def _picture(result: "Result", currency: str) -> dict[str, dg.MetadataValue[Any]]:
    from phoenix_core.report.overview import overview  # noqa: PLC0415 - brings Polars

    if result.equity.is_empty():
        return {}
    return {"equity": dg.MetadataValue.md(overview(result.equity, result.fills["ts"], currency))}


def _figures(result: "Result", stats: "Statistics", doubt: "Uncertainty") -> dict[str, float]:
    parts = result.ledger.parts
    figures = {
        "net_pnl": float(parts.net),
        "return": round(_return(result), _DIGITS),
        "max_drawdown": round(stats.max_drawdown, _DIGITS),
        "fills": result.fills.height,
        "round_trips": stats.round_trips,
        "won": stats.won,
        "price_pnl": float(parts.price),
        "slippage": float(parts.slippage),
        "fees": float(parts.fees),
        "funding": float(parts.funding),
        "final_balance": float(result.final_balance),
        "exposure": round(stats.exposure, _DIGITS),
    }
    # Too few hours, round trips or no change at all: there is none, and a gap in the plot says so.
    some = {"sharpe": stats.sharpe, "expectancy": stats.expectancy} | doubt.figures()
    return figures | {name: round(value, _DIGITS) for name, value in some.items() if value is not None}


def _background(result: "Result") -> dict[str, Any]:
    fills = result.fills.head(_FILLS).drop("decided_ns", "mid_at_decision", "order_id", "trade_id")
    without = {day.isoformat(): list(what) for day, what in result.without.items() if what}
    return {
        "fills_table": table(fills.to_dicts()),
        "days": len(result.days),
        "missing_days": dg.MetadataValue.json({day.isoformat(): why for day, why in result.missing.items()}),
        "ran_without": dg.MetadataValue.json(without),
        "excluded_seconds": result.excluded_seconds,
        "closed_at_end": result.closed_at_end,
        "share_of_volume_median": result.capacity.median,
        "share_of_volume_worst": result.capacity.worst,
        "orders": dg.MetadataValue.json(result.orders),
        "events": result.events,
        "assumptions": dg.MetadataValue.md("\n".join(f"- {note}" for note in result.assumptions)),
        "experiment": dg.MetadataValue.json(result.experiment.model_dump(mode="json")),
    }
