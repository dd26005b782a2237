"""What a sweep gave: its points, how the best of them fared on days it was not chosen on, and what that is worth.

Everything is read from published results, so that the same results give the same table. Money is in the currency of
settlement, Sharpe ratios are those of hourly returns, annualized as everywhere (`report/metrics.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from phoenix_core.instruments.table import specification
from phoenix_core.intervals.interval import Interval
from phoenix_core.market import Listing, day_from_text
from phoenix_core.report.baselines import Baselines, baselines
from phoenix_core.report.folder import document_in, table_in
from phoenix_core.report.metrics import HOURS_A_YEAR, hourly_returns, max_drawdown
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps.crossvalidation import Combined, combined
from phoenix_core.sweeps.performance import HOURS_A_DAY, Hourly, Performance, performance
from phoenix_core.sweeps.statistics import (
    Array,
    Moments,
    Overfitting,
    blocks_for,
    deflated_sharpe,
    minimum_backtest_years,
    minimum_track_record,
    overfitting,
    probabilistic_sharpe,
    sharpe_ratios,
)
from phoenix_core.sweeps.sweep import Outcome
from phoenix_core.sweeps.trials import Trials
from phoenix_core.sweeps.windows import Split

_ANNUAL = math.sqrt(HOURS_A_YEAR)
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the best point of a sweep is worth.

    Attributes:
        trials: Experiments that were ever tried on data that overlap; flat, failed and deleted ones too.
        flat: How many of those over this very range never traded.
        best: Name of the point with the highest Sharpe ratio; empty if no point has a result.
        sharpe: Its ratio, annualized; None if it never traded.
        deflated_sharpe: Chance that it is better than luck makes the best of so many trials.
        minimum_backtest_days: Days below which luck is expected to show such a ratio among so many trials.
        minimum_track_record_days: Days from which such returns would be above zero at 95 %.
        overfitting: Cross-validation of the choice; None with fewer than two points, or too few hours.
        chosen_net: What those that were chosen in each window gained on the days after it; None without windows.
        chosen_sharpe: Annual Sharpe ratio of these returns.
        chosen_probabilistic_sharpe: Chance that their true ratio is above zero: nobody chose on these days.
        combined: What purged combinations of days say of the choice; None if they were not asked.
    """

    trials: int
    flat: int
    best: str
    sharpe: float | None
    deflated_sharpe: float | None
    minimum_backtest_days: float | None
    minimum_track_record_days: float | None
    overfitting: Overfitting | None
    chosen_net: float | None = None
    chosen_sharpe: float | None = None
    chosen_probabilistic_sharpe: float | None = None
    combined: Combined | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A sweep's results.

    Attributes:
        points: A row a point, in the grid's order: experiment, a column for each field of the grid, net, round_trips,
            max_drawdown, sharpe, probabilistic_sharpe, identity, folder, and why it failed; `interval` of net as people
            write it, null where quotes were published.
        windows: A row a walk-forward window: its days, the point that was best in sample, its net and annual Sharpe
            ratio in and out of sample, and the median ratio of all points out of sample.
        judgement: What the best is worth.
        baselines: What it would have earned without its signals; None if no point has a result.
        combinations: A row a purged combination of days, `crossvalidation.combined`.
        hours: What the points earned by the hour; None if none has a result.
        missing: Days of the range that some point did not run over, and why.
    """

    points: pl.DataFrame
    windows: pl.DataFrame
    judgement: Judgement
    baselines: Baselines | None = None
    combinations: pl.DataFrame = field(default_factory=pl.DataFrame)
    hours: Performance | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the net of some point is an interval, since quotes were implied."""
        return self.points["interval"].null_count() < self.points.height


def table(
    lake: Lake, outcomes: Sequence[Outcome], splits: Sequence[Split], tried: Trials, combinations: Sequence[Split] = ()
) -> Table:
    """Judge a sweep.

    Args:
        lake: The data folder.
        outcomes: Of all points, in their order.
        splits: Windows to choose on and to judge by; empty for none.
        tried: What was ever tried on these data.
        combinations: Purged combinations of days to choose on and to judge by; empty for none.

    Raises:
        CatalogCorrupt: A table of a result is not what was published.
    """
    rows, hourly = [], {}
    for one in outcomes:
        row, by_hour = _row(lake, one)
        rows.append(row)
        if by_hour is not None:
            hourly[one.point.experiment.name] = by_hour
    points = pl.DataFrame(rows, infer_schema_length=None)
    points = points.with_columns(
        pl.col("interval").cast(pl.String), *(_typed(points[field]) for field in outcomes[0].point.values)
    )
    if not hourly:
        return Table(points, pl.DataFrame(), Judgement(tried.count, tried.flat, "", *[None] * 5))
    hours = performance(hourly)
    several = len(hourly) >= _LEAST and len(combinations) >= _LEAST
    ways, together = combined(hours, combinations) if several else (pl.DataFrame(), None)
    judged, chosen = [], []
    for split in splits:
        row, returns, gain = _window(hours, split)
        judged.append(row)
        chosen.append((returns, gain))
    judgement = replace(_judgement(hours, tried, chosen), combined=together)
    best = next(one for one in outcomes if one.point.experiment.name == judgement.best)
    beside = _baselines(lake, best)
    return Table(
        points,
        pl.DataFrame(judged, infer_schema_length=None),
        judgement,
        beside,
        ways,
        hours,
        _missing(lake, outcomes),
    )


def _missing(lake: Lake, outcomes: Sequence[Outcome]) -> dict[str, str]:
    ended = [_folder(one) for one in outcomes if one.entry is not None]
    found = {day: why for folder in ended for day, why in document_in(lake, folder)["missing"].items()}
    return dict(sorted(found.items()))


def _folder(outcome: Outcome) -> str:
    return str(outcome.entry.facts["folder"]) if outcome.entry else ""


def _row(lake: Lake, outcome: Outcome) -> tuple[dict[str, object], Hourly | None]:
    """A row of the table, and what is kept of the curve; curves of a year are too large to hold those of all points."""
    row: dict[str, object] = {"experiment": outcome.point.experiment.name, **outcome.point.values}
    if outcome.entry is None:
        figures = (
            "net", "interval", "round_trips", "max_drawdown", "sharpe", "probabilistic_sharpe", "identity", "folder",
        )  # fmt: skip
        return row | dict.fromkeys(figures) | {"failed": outcome.reason}, None
    folder = _folder(outcome)
    document = document_in(lake, folder)
    equity = table_in(lake, folder, "equity", document)
    moments = Moments.of(hourly_returns(equity).to_numpy())
    return row | {
        "net": float(document["parts"]["net"]),
        "interval": Interval.parse(document["interval"]).text() if document.get("interval") else None,
        "round_trips": table_in(lake, folder, "positions", document).height,
        "max_drawdown": max_drawdown(equity),
        "sharpe": moments.ratio * _ANNUAL if moments else None,
        "probabilistic_sharpe": probabilistic_sharpe(moments) if moments else None,
        "identity": document["identity"],
        "folder": folder,
        "failed": None,
    }, Hourly.of(equity)


def _baselines(lake: Lake, outcome: Outcome) -> Baselines:
    folder = _folder(outcome)
    document = document_in(lake, folder)
    equity, round_trips = (table_in(lake, folder, name, document) for name in ("equity", "positions"))
    starting = float(document["experiment"]["venue"]["starting_balance"])
    traded = specification(
        Listing.parse(document["experiment"]["listing"]), day_from_text(document["experiment"]["first"])
    )
    return baselines(equity, round_trips, starting, traded)


def _typed(texts: pl.Series) -> pl.Series:
    """Numbers where all texts are, as they stand elsewhere."""
    numbers = texts.cast(pl.Float64, strict=False)
    return texts if numbers.null_count() else numbers


def _window(hours: Performance, split: Split) -> tuple[dict[str, object], Array, float]:
    """A row of the table, and hourly returns and the gain of the chosen point on the days it is judged by."""
    inside, outside = hours.on(split.train), hours.on(split.test)
    train, test = sharpe_ratios(hours.returns[inside]), sharpe_ratios(hours.returns[outside])
    best = int(train.argmax())
    gain = float(hours.gains[outside, best].sum())
    row: dict[str, object] = {
        "train_first": split.train[0],
        "train_last": split.train[-1],
        "test_first": split.test[0],
        "test_last": split.test[-1],
        "experiment": hours.names[best],
        "in_sample_net": float(hours.gains[inside, best].sum()),
        "in_sample_sharpe": float(train[best]) * _ANNUAL,
        "out_of_sample_net": gain,
        "out_of_sample_sharpe": float(test[best]) * _ANNUAL,
        "median_out_of_sample_sharpe": float(np.median(test)) * _ANNUAL,
    }
    return row, hours.returns[outside, best], gain


def _judgement(hours: Performance, tried: Trials, chosen: Sequence[tuple[Array, float]]) -> Judgement:
    ratios = sharpe_ratios(hours.returns)
    best = int(ratios.argmax())
    moments = Moments.of(hours.returns[:, best])
    shortest = minimum_track_record(moments) if moments else None
    blocks = blocks_for(len(hours.returns))
    after = Moments.of(np.concatenate([returns for returns, _ in chosen])) if chosen else None
    return Judgement(
        trials=tried.count,
        flat=tried.flat,
        best=hours.names[best],
        sharpe=moments.ratio * _ANNUAL if moments else None,
        deflated_sharpe=(
            deflated_sharpe(moments, tried.count, tried.variance) if moments and tried.variance is not None else None
        ),
        minimum_backtest_days=(
            minimum_backtest_years(tried.count, moments.ratio * _ANNUAL) * HOURS_A_YEAR / HOURS_A_DAY
            if moments and moments.ratio > 0
            else None
        ),
        minimum_track_record_days=shortest / HOURS_A_DAY if shortest else None,
        overfitting=overfitting(hours.returns, blocks) if len(ratios) >= _LEAST and blocks else None,
        chosen_net=sum(gain for _, gain in chosen) if chosen else None,
        chosen_sharpe=after.ratio * _ANNUAL if after else None,
        chosen_probabilistic_sharpe=probabilistic_sharpe(after) if after else None,
    )
