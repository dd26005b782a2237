"""The page of a backtest: one self-contained HTML file that needs no network.

What it says is composed here from the summary, the tables and the charts; how it looks and moves stands
in `template/`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from phoenix_core.report.account import Account, AccountFigures
from phoenix_core.report.charts import capacity_charts, charts, distribution
from phoenix_core.report.parameters import Parameter, parameters
from phoenix_core.report.result import PublishedResult
from phoenix_core.report.summary import Summary
from phoenix_core.report.tables import (
    Column,
    Table,
    capacity_table,
    listed,
    missing_days,
    monthly_returns,
    parameter_table,
    round_trips,
)
from phoenix_core.report.uncertainty import LEVEL

ROWS_SHOWN = 200
_TEMPLATE = Path(__file__).parent / "template"


@dataclass(frozen=True, slots=True)
class Section:
    """A table under a heading, some of its rows marked."""

    name: str
    table: Table
    marked: frozenset[int] = frozenset()


def report_page(result: PublishedResult) -> str:
    """Compose the page: HTML with everything inlined, equal for equal results."""
    summary = Summary(result)
    panels = charts(result, summary.hold)
    histogram = distribution(result)
    curves = capacity_charts(result)
    drawings = {chart.name: chart.figure() for chart in [*panels, *([histogram] if histogram else []), *curves]}
    return (
        environment()
        .get_template("page.html")
        .render(
            _words(result, summary) | _tables(result, summary),
            panels=panels,
            distribution=histogram,
            capacity_curves=curves,
            **inlined(drawings),
        )
    )


def inlined(drawings: Mapping[str, Any]) -> dict[str, Markup]:
    """What a page carries with it, so that it asks for nothing: look, scripts, plotly.js and what that draws."""
    return {
        "drawings": _inert(drawings),
        "plotly": Markup(get_plotlyjs()),  # noqa: S704 - the library's own source
        **{name: _source(file) for name, file in _SOURCES.items()},
    }


_SOURCES = {"style": "style.css", "scheme_script": "scheme.js", "page_script": "page.js"}


def _words(result: PublishedResult, summary: Summary) -> dict[str, Any]:
    document = result.document
    return {
        "listing": result.experiment["listing"],
        "span": result.span,
        "days_run": len(document["days"]),
        "days_asked": summary.days_asked,
        "currency": summary.currency,
        "quote": result.instrument.quote,
        "experiment_name": result.name,
        "notices": summary.notices(),
        "headlines": summary.headlines(),
        "assumptions": document["assumptions"],
        "signals_absent": result.signals_absent,
        "uncertainty_note": summary.uncertainty.told(),
        "rows_shown": ROWS_SHOWN,
    }


def _tables(result: PublishedResult, summary: Summary) -> dict[str, Any]:
    document, chosen = result.document, parameters(result.experiment)
    without = ((day, ", ".join(what)) for day, what in document["without"].items())
    return {
        "parts": parts_table(summary),
        "parts_in_quote": Table(
            [Column("part", is_number=False), Column("amount", result.instrument.quote)], summary.parts_in_quote()
        ),
        "months": monthly_returns(result.equity, summary.hold, float(result.starting)),
        "round_trips": round_trips(result),
        "intervals": intervals_table(summary),
        "baselines": Table(
            [
                Column("instead of the signals", is_number=False),
                Column("net, median of draws", summary.currency),
                Column("nine tenths of draws", summary.currency),
                Column("gained less than the result"),
                Column("what it is", is_number=False, is_prose=True),
            ],
            summary.baselines(),
        ),
        "capacity": capacity_table(result),
        "figures": listed(("figure", "value", "meaning"), summary.figures()),
        "changed_note": _changed(chosen),
        "sections": [_section(name, list(group)) for name, group in groupby(chosen, key=lambda one: one.section)],
        "missing": missing_days(document["missing"]),
        "without": listed(("day", "without"), without),
        "identities": identities(document),
    }


def parts_table[Published: Account](account: AccountFigures[Published]) -> Table:
    """Where an account's PnL comes from."""
    amounts = [Column("part", is_number=False), Column("amount", account.currency), Column("of starting balance")]
    return Table(amounts, account.parts())


def intervals_table[Published: Account](account: AccountFigures[Published]) -> Table:
    """How sure its figures are."""
    columns = [Column("figure", is_number=False), Column("value"), Column(f"{LEVEL:.0%} interval")]
    return Table(columns, account.intervals())


def _section(name: str, chosen: list[Parameter]) -> Section:
    marked = frozenset(number for number, one in enumerate(chosen) if not one.is_default)
    return Section(name, parameter_table(chosen), marked)


def _changed(chosen: list[Parameter]) -> str:
    changed = [f"{one.name} = {one.text(one.value)} ({one.text(one.default)})" for one in chosen if not one.is_default]
    if not changed:
        return f"All {len(chosen)} parameters are at their defaults."
    return f"{len(changed)} of {len(chosen)} parameters differ from their defaults: {', '.join(changed)}."


def identities(document: Mapping[str, Any]) -> list[Section]:
    """Identity of a result, and digests of its files, inputs and archives."""
    inputs = ((*name.split("@"), digest) for name, digest in document["inputs"].items())
    return [
        Section("Identity of the result", listed(("of", "SHA-256"), [("result", document["identity"])])),
        Section("Its files", listed(("file", "SHA-256"), document["files"].items())),
        Section("Data versions of its inputs", listed(("asset", "day", "data version"), inputs)),
        Section("Archives of the aggregate trades", listed(("zip", "SHA-256"), document["zips"].items())),
    ]


@cache
def environment(*folders: Path) -> Environment:
    """Templates of some folders, over those that every page shares: `head.html` and `tail.html`."""
    loader = FileSystemLoader([*folders, _TEMPLATE])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)


def _source(name: str) -> Markup:
    return Markup((_TEMPLATE / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of ours


def _inert(drawings: Mapping[str, Any]) -> Markup:
    """JSON that can't end the script element it stands in."""
    return Markup(json.dumps(drawings, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704 - see above
