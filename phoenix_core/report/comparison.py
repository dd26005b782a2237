"""Several results side by side, what differs between them, and what the best of them is worth.

Results may be of different listings and ranges. What the best is worth is asked for each listing and range
apart, since luck is told by the spread of ratios over one period (Bailey and López de Prado 2014), and
over all experiments that were ever tried on data of that listing which overlap with it (`sweeps/trials.py`): leaving
some out of a table, deleting them, or running them over a week more, does not undo that they were tried.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath, PurePosixPath
from typing import Any

import polars as pl

from phoenix_core.errors import InputMissing
from phoenix_core.instruments.specification import money_form
from phoenix_core.instruments.table import specification
from phoenix_core.intervals.interval import Interval
from phoenix_core.market import Listing, day_from_text
from phoenix_core.report.figures import signed
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.report.metrics import Figure, Statistics, figures, hourly_returns, statistics
from phoenix_core.report.parameters import ABSENT, comparable, parameters, written
from phoenix_core.report.uncertainty import LEVEL, UNCERTAIN, Uncertainty, uncertainty
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.choices import InSample, choices, in_sample
from phoenix_core.sweeps.statistics import Moments, deflated_sharpe
from phoenix_core.sweeps.trials import trials

_SHOWN = ("round_trips", "max_drawdown", "sharpe", "probabilistic_sharpe")
_LEAST_TRIED = 2

Period = tuple[str, str]  # listing, and the name of the range


@dataclass(frozen=True, slots=True)
class Deflated:
    """What the best of the compared results of one listing and range is worth.

    Attributes:
        listing: market:SYMBOL.
        span: The range of days, as it names the folder.
        experiment: Name of the best.
        tried: Experiments that ever ran on some of these days of that listing, deleted and failed ones too.
        over_other_ranges: How many of these ran over other ranges alone, which overlap with this one.
        compared: How many results of this very range are compared.
        flat: How many of those tried never traded, or have too few returns; they count with a ratio of zero.
        chance: Chance that the best is better than luck makes the best of so many (the deflated Sharpe ratio);
            None with fewer than two, or where the best never traded.
    """

    listing: str
    span: str
    experiment: str
    tried: int
    over_other_ranges: int
    compared: int
    flat: int
    chance: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Results side by side.

    Attributes:
        rows: One row a result, best Sharpe ratio first, those without one last: experiment, listing, first,
            last, currency, net, net_low and net_high (bounds of it where quotes are missing; null: no bound),
            excludes_zero (whether they do; null: quotes were published), round_trips, max_drawdown, sharpe,
            probabilistic_sharpe, expectancy, in_sample (how many of its days were there to choose on; null: none), the
            ends of intervals (`sharpe_low`, `sharpe_high`, …) and probability_of_loss, null where there are none, and
            a column for each parameter that differs.
        differing: Those columns: `section.name`, values as text.
        deflated: One for each listing and range that is compared.
        choosing: Names of the sweeps that chose on some of these days.
    """

    rows: pl.DataFrame
    differing: tuple[str, ...]
    deflated: tuple[Deflated, ...]
    choosing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    period: Period
    document: Mapping[str, Any]
    statistics: Statistics
    uncertainty: Uncertainty
    returns: pl.Series
    in_sample: InSample | None


def results_over(lake: Lake, listing: str, span: str) -> list[str]:
    """Folders of all results of a listing over a range (`first_last`, or a day).

    Raises:
        InputMissing: There is none.
    """
    described = (PurePosixPath(name) for name in lake.names("backtests"))
    folders = [str(path.parent) for path in described if path.match(f"backtests/*/{span}/experiment.json")]
    found = [folder for folder in folders if document_in(lake, folder)["experiment"]["listing"] == listing]
    if not found:
        raise InputMissing(f"No backtest of {listing} over {span} lies in {lake.address('backtests')}.")
    return found


def comparison(lake: Lake, locations: Sequence[str]) -> Comparison:
    """Compare published results.

    Args:
        lake: The data folder.
        locations: Their folders below it, or full paths; a folder that is named twice counts once.

    Raises:
        InputMissing: None is given, or there is no result in one of them.
        CatalogCorrupt: A table is not what was published.
    """
    folders = dict.fromkeys(lake.name(location) for location in locations)
    if not folders:
        raise InputMissing("Nothing to compare: give folders of results, such as backtests/b290a847ea04/2024-03-24.")
    chosen = [_read(lake, folder) for folder in folders]
    values = [_values(one.document) for one in chosen]
    differing = tuple(name for name in _names(values) if _differs(name, values))
    rows = [_row(one, its, differing) for one, its in zip(chosen, values, strict=True)]
    table = pl.DataFrame(rows, infer_schema_length=None).sort("sharpe", descending=True, nulls_last=True)
    deflated = tuple(_deflated(lake, chosen, period) for period in _periods(chosen))
    choosing = {name for one in chosen if one.in_sample for name in one.in_sample.sweeps}
    return Comparison(table, differing, deflated, tuple(sorted(choosing)))


def printable(found: Comparison) -> list[list[str]]:
    """Give a comparison as rows of text, the names of the columns first; the listing where it differs."""
    known = figures()
    several, marked = found.rows["listing"].n_unique() > 1, bool(found.choosing)
    is_open = found.rows["excludes_zero"].count() > 0
    headers = ["experiment", *(["listing"] if several else []), "range", "net", *(["interval"] if is_open else [])]
    headers += [known[name].name for name in _SHOWN]
    headers += ["in-sample"] if marked else []
    lines = [[*headers, *_short(found.differing)]]
    for row in found.rows.iter_rows(named=True):
        span = row["first"] if row["first"] == row["last"] else f"{row['first']} to {row['last']}"
        cells = [
            row["experiment"],
            *([row["listing"]] if several else []),
            span,
            f"{signed(row['net'], money_form(row['currency']))} {row['currency']}",
            *([_bounds(row)] if is_open else []),
        ]
        told = [known[name].text(row[name], row["currency"]) + _between(known[name], name, row) for name in _SHOWN]
        told += [row["in_sample"] or "no"] if marked else []
        lines.append([*cells, *told, *(row[name] for name in found.differing)])
    return lines


def remarks(found: Comparison) -> list[str]:
    """Say what the table can't: what the best of each range is worth, and over what."""
    lines = [_remark(one) for one in found.deflated]
    if found.choosing:
        lines.append(f"In-sample: days that {', '.join(found.choosing)} chose on; figures over them are no evidence.")
    if found.rows["excludes_zero"].count():
        lines.append("Interval: bounds of net where quotes are missing, by trades alone; ± marks those that hold zero.")
    if found.rows["sharpe_low"].count():
        lines.append(f"In brackets: {LEVEL:.0%} intervals, from days drawn anew in blocks.")
    if found.rows.height > 1 and not found.differing:
        lines.append("No parameter differs between them.")
    return lines


def _bounds(row: Mapping[str, Any]) -> str:
    """Bounds of net, with a mark where they do not exclude zero."""
    if row["excludes_zero"] is None:
        return ""
    if row["net_low"] is None or row["net_high"] is None:
        return "unbounded"
    return f"[{signed(row['net_low'])}, {signed(row['net_high'])}]{'' if row['excludes_zero'] else ' ±'}"


def _remark(one: Deflated) -> str:
    over = f"{one.listing} over {one.span.replace('_', ' to ')}"
    if one.tried < _LEAST_TRIED:
        return f"{over}: one experiment; the deflated Sharpe ratio needs two that were tried on the same days."
    flat = f", {one.flat} of which never traded (a ratio of 0)" if one.flat else ""
    others = f", {one.over_other_ranges} over other ranges that overlap" if one.over_other_ranges else ""
    beside = f", {one.compared} compared here" if one.compared < one.tried else ""
    tried = f"{one.tried} experiments tried{flat}{others}{beside}"
    if one.chance is None:
        return f"{over}: {tried}; no deflated Sharpe ratio, since {one.experiment} never traded, or no other is known."
    return f"{over}: {one.chance:.0%} that {one.experiment} is more than luck: deflated Sharpe ratio, {tried}."


def _between(figure: Figure, name: str, row: Mapping[str, Any]) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None or high is None:
        return ""
    return f" ({figure.text(low, row['currency'])} to {figure.text(high, row['currency'])})"


def _read(lake: Lake, folder: str) -> _Read:
    document = document_in(lake, folder)
    equity = table_in(lake, folder, "equity", document)
    round_trips = table_in(lake, folder, "positions", document)
    name, span = PurePath(folder).parts[-2:]
    listing = document["experiment"]["listing"]
    first, last = _ends(span)
    return _Read(
        name=name,
        period=(listing, span),
        document=document,
        statistics=statistics(equity, round_trips),
        uncertainty=uncertainty(equity, round_trips, document["identity"]),
        returns=hourly_returns(equity),
        in_sample=in_sample(choices(lake, Listing.parse(listing)), first, last),
    )


def _ends(span: str) -> tuple[date, date]:
    first, _, last = span.partition("_")
    return day_from_text(first), day_from_text(last or first)


def _row(one: _Read, values: Mapping[str, Any], differing: Sequence[str]) -> dict[str, Any]:
    experiment = one.document["experiment"]
    return {
        "experiment": one.name,
        **{name: experiment[name] for name in ("listing", "first", "last")},
        "currency": specification(Listing.parse(experiment["listing"]), day_from_text(experiment["first"])).settlement,
        "net": float(one.document["parts"]["net"]),
        **_interval(one.document),
        **{name: getattr(one.statistics, name) for name in (*_SHOWN, "expectancy")},
        "in_sample": one.in_sample.share if one.in_sample else None,
        **dict.fromkeys(UNCERTAIN) | one.uncertainty.figures(),
        **{name: written(values.get(name, ABSENT)) for name in differing},
    }


def _interval(document: Mapping[str, Any]) -> dict[str, float | bool | None]:
    found = Interval.parse(document["interval"]) if document.get("interval") else None
    ends = {"net_low": found.low if found else None, "net_high": found.high if found else None}
    return {
        **{name: None if end is None else float(end) for name, end in ends.items()},
        "excludes_zero": found.excludes_zero if found else None,
    }


def _values(document: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{one.section}.{one.name}": one.value for one in parameters(document["experiment"])}


def _names(values: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in values for name in one))


def _differs(name: str, values: Sequence[Mapping[str, Any]]) -> bool:
    return len({comparable(one.get(name, ABSENT)) for one in values}) > 1


def _short(names: Sequence[str]) -> list[str]:
    """Last parts of dotted names, where they are told apart by these."""
    last = Counter(name.rpartition(".")[2] for name in names)
    return [name if last[name.rpartition(".")[2]] > 1 else name.rpartition(".")[2] for name in names]


def _periods(chosen: Sequence[_Read]) -> list[Period]:
    return list(dict.fromkeys(one.period for one in chosen))


def _deflated(lake: Lake, chosen: Sequence[_Read], period: Period) -> Deflated:
    compared = [one for one in chosen if one.period == period]
    listing, span = period
    tried = trials(lake, Listing.parse(listing), *_ends(span))
    # One that never traded has no ratio: it is better than none that lost, and worse than none that gained.
    best = max(compared, key=lambda one: one.statistics.sharpe or 0.0)
    moments = Moments.of(best.returns.to_numpy())
    return Deflated(
        *period,
        experiment=best.name,
        tried=tried.count,
        over_other_ranges=tried.over_other_ranges,
        compared=len(compared),
        flat=tried.flat,
        chance=deflated_sharpe(moments, tried.count, tried.variance)
        if moments and tried.variance is not None
        else None,
    )
