"""The page of a sweep: one self-contained HTML file that needs no network, in the look of a result's report.

Everything on it is in the published table; what is drawn is `charts.py`'s. Points lead to their reports by relative
addresses, which the report server makes when they are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from phoenix_core.instruments.specification import money_form
from phoenix_core.report.account import Headline, Notice
from phoenix_core.report.charts import Chart
from phoenix_core.report.figures import signed
from phoenix_core.report.page import environment, inlined
from phoenix_core.sweeps import charts
from phoenix_core.sweeps.table import Judgement, Table

PAGE = "sweep.html"  # beside the table; made of it, and anew with it
_TEMPLATE = Path(__file__).parent / "template"
_HEADS = ("round trips", "max drawdown", "Sharpe", "P(Sharpe > 0)")
_UP = "../../../"  # from sweeps/<name>/<span>/ to the data folder


def sweep_page(described: Mapping[str, Any], name: str, span: str, found: Table, money: str) -> str:
    """Compose the page: equal for equal tables.

    Args:
        described: The sweep as its document describes it.
        name: Its name.
        span: Its day, or `first_last`.
        found: Its table.
        money: Currency of every amount.
    """
    fields = list(described["grid"])
    return composed(
        PAGE,
        list(_panels(found, fields, span, money)),
        listing=described["experiment"]["listing"],
        span=span.replace("_", " to "),
        name=name,
        money=money,
        notices=list(_notices(found)),
        headlines=list(_headlines(found, money)),
        heads=["experiment", *fields, "net", *(["interval"] if found.is_open else []), *_HEADS, "why it failed"],
        rows=[_row(row, fields, money_form(money), is_open=found.is_open) for row in _sorted(found)],
        before=Markup(f"{_UP}backtests/"),  # noqa: S704 - ours
        after=f"/{span}/report.html",
        has_windows=bool(found.windows.height),
    )


def composed(template: str, panels: Sequence[Chart], **words: object) -> str:
    """A page of the sweep's folder with its charts."""
    drawings = {panel.name: panel.figure() for panel in panels}
    return environment(_TEMPLATE).get_template(template).render(inlined(drawings), panels=panels, **words)


def way_to(experiment: str, span: str) -> str:
    """From a page of the sweep's folder to the report of an experiment."""
    return f"{_UP}backtests/{experiment}/{span}/report.html"


def _panels(found: Table, fields: list[str], span: str, money: str) -> Iterator[Chart]:
    def way(experiment: str) -> str:
        return way_to(experiment, span)

    hours, varied = found.hours, [field for field in fields if found.points[field].n_unique() > 1]
    if hours is None:
        return
    yield from charts.heat_maps(found.points, varied, way)
    yield charts.parallel_coordinates(found.points, varied, way)
    if around := charts.stability(found.points, varied, found.judgement.best, way):
        yield around
    yield charts.halves(hours, way)
    yield charts.fan(hours, found.judgement.best, money)
    if found.windows.height:
        yield charts.walked(found.windows, money, way)
        yield charts.in_and_out(found.windows, "windows", "Chosen in each window, in and out of sample", way)
    if found.combinations.height:
        yield charts.in_and_out(found.combinations, "ways", "Chosen in each combination, in and out of sample", way)


def _notices(found: Table) -> Iterator[Notice]:
    points = found.points.height
    yield Notice(
        f"In-sample: {points:,} points were held against each other on these very days, so the figures of each are no "
        "evidence. What was walked forward, or judged in combinations, is.",
        is_grave=True,
    )
    if found.is_open:
        yield Notice(OPEN, is_grave=True)
    if found.missing:
        yield Notice(f"Not all days: {missing_told(found.missing)}.", is_grave=True)


OPEN = "Quotes were implied from trades: net lies in its interval, and all figures made of it are as uncertain."


def missing_told(missing: Mapping[str, str]) -> str:
    """Days that no point ran over, in words.

    >>> missing_told({"2024-03-24": "never materialized"})
    'no point ran over 2024-03-24 (never materialized)'
    """
    day, why = next(iter(missing.items()))
    more = f" and {len(missing) - 1} more days" if len(missing) > 1 else ""
    return f"no point ran over {day} ({why}){more}"


def _headlines(found: Table, money: str) -> Iterator[Headline]:
    worth = found.judgement
    yield Headline("Trials", f"{worth.trials:,}", f"ever run on these days; {worth.flat:,} never traded")
    yield Headline("Best Sharpe ratio", figure(worth.sharpe, ".2f"), worth.best or "no point has a result")
    yield Headline("More than luck", figure(worth.deflated_sharpe, ".0%"), "deflated Sharpe ratio, over all trials")
    yield Headline(
        "Minimum backtest",
        figure(worth.minimum_backtest_days, ",.1f"),
        "days in which luck alone shows such a ratio among so many trials",
    )
    if (halves := worth.overfitting) is not None:
        lost = f"degradation {figure(halves.slope, '+.2f')}; lost out of sample in {halves.probability_of_loss:.0%}"
        yield Headline("Probability of overfitting", f"{halves.probability:.0%}", lost)
    yield from _out_of_sample(worth, money)
    if found.baselines is not None:
        yield Headline(
            "Buy and hold",
            f"{signed(found.baselines.held_net, money_form(money))} {money}",
            "with the same balance and fees",
        )
        if (chance := found.baselines.random) is not None:
            beside = f"gained less than the best: {chance.draws:,} draws with its holding times"
            yield Headline("Random entries", f"{chance.rank:.0%}", beside)
        if (dealt := found.baselines.shuffled) is not None:
            beside = f"gained less than the best: {dealt.draws:,} replays with its signals shuffled within each day"
            yield Headline("Shuffled signals", f"{dealt.rank:.0%}", beside)


def _out_of_sample(worth: Judgement, money: str) -> Iterator[Headline]:
    if worth.chosen_net is not None:
        note = f"on days nobody chose on; Sharpe ratio {figure(worth.chosen_sharpe, '.2f')}"
        tone = "gain" if worth.chosen_net > 0 else "loss"
        yield Headline("Walked forward", f"{signed(worth.chosen_net, money_form(money))} {money}", note, tone)
    if (ways := worth.combined) is not None:
        note = f"overfit in so many of {ways.splits:,}; paths {ways.path_sharpe_low:.2f} to {ways.path_sharpe_high:.2f}"
        yield Headline("Purged combinations", f"{ways.probability:.0%}", note)


def _sorted(found: Table) -> list[dict[str, Any]]:
    return found.points.sort("sharpe", descending=True, nulls_last=True, maintain_order=True).to_dicts()


def _row(row: Mapping[str, Any], fields: list[str], form: str, *, is_open: bool) -> list[str]:
    values = [f"{row[field]:g}" if isinstance(row[field], float) else str(row[field]) for field in fields]
    forms = {
        "net": f"+{form}",
        "round_trips": ",d",
        "max_drawdown": ".2%",
        "sharpe": ".2f",
        "probabilistic_sharpe": ".0%",
    }
    net, *figures = (figure(row[name], form) for name, form in forms.items())
    interval = [row["interval"] or ""] if is_open else []
    return [row["experiment"], *values, net, *interval, *figures, row["failed"] or ""]


def figure(value: float | None, form: str) -> str:
    """A number, or that there is none."""
    return "none" if value is None else format(value, form)
