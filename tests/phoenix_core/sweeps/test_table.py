"""What a sweep is worth, from results made by hand, out of noise, and with an edge planted in one of them."""

import weakref
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from fakes.results import made_up_result, write_result

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.manifest import Entry
from phoenix_core.report.comparison import comparison
from phoenix_core.sweeps import table as judged
from phoenix_core.sweeps.grid import Grid
from phoenix_core.sweeps.sweep import Outcome
from phoenix_core.sweeps.table import table
from phoenix_core.sweeps.trials import Trials
from phoenix_core.sweeps.windows import Split, WalkForward

HOUR_NS = 3600 * 10**9
FIRST = date(2024, 3, 24)
YEAR = 8760**0.5


def outcomes_of(lake, returns):
    """A published result for each column of hourly returns."""
    days = len(returns) // 24
    base = Experiment.parse(listing="um:BTCUSDT", first=FIRST, last=FIRST + timedelta(days - 1))
    points = Grid.parse([f"strategy.lpi_entry_threshold=1:{returns.shape[1]}:1"]).points(base)
    return [outcome_of(lake, point, column) for point, column in zip(points, returns.T, strict=True)]


def outcome_of(lake, point, returns):
    equity = 100_000 * np.cumprod(1 + returns)
    # The first hour's return is from its own first minute, so it has two.
    result = made_up_result(equity=[100_000.0, *equity], every_ns=HOUR_NS, strategy=point.experiment.strategy)
    times = pl.Series("ts", [result.equity["ts"][0], *(result.equity["ts"][:-1] + HOUR_NS - 1)])
    object.__setattr__(result, "equity", result.equity.with_columns(times))
    span = f"{point.experiment.first}_{point.experiment.last}"
    folder = write_result(lake, result, point.experiment.name, span)
    return Outcome(point, Entry("um/btcusdt/continuous_backtest", span, published=True, facts={"folder": folder}))


def trials_of(returns):
    ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    return Trials(count=returns.shape[1], flat=0, variance=float(ratios.var(ddof=1)))


def noise(seed, days=40, experiments=12):
    return np.random.default_rng(seed).normal(0, 0.002, (24 * days, experiments))


def windows(days=40):
    return WalkForward(10, 5, 2).splits(FIRST, FIRST + timedelta(days - 1))


def test_a_planted_edge_is_found_and_survives(lake):
    """It is the best, chosen in every window, gains after it, and is neither luck nor overfit."""
    returns = noise(1)
    returns[:, 7] += 0.0006
    outcomes = outcomes_of(lake, returns)
    found = table(lake, outcomes, windows(), trials_of(returns))
    edge, worth = outcomes[7].point.experiment.name, found.judgement
    assert worth.best == edge
    assert set(found.windows["experiment"]) == {edge}
    assert worth.overfitting.probability < 0.02
    assert worth.deflated_sharpe > 0.99
    assert worth.chosen_net > 0
    assert worth.chosen_probabilistic_sharpe > 0.95
    assert worth.minimum_track_record_days < 40
    assert worth.minimum_backtest_days < 40


def test_the_best_of_noise_is_shown_for_what_it_is(lake):
    """Its choice is overfit, luck explains it, and what was chosen fades after its window."""
    returns = noise(5)
    found = table(lake, outcomes_of(lake, returns), windows(), trials_of(returns))
    worth = found.judgement
    assert worth.sharpe > 3
    assert worth.overfitting.probability >= 0.5
    assert worth.deflated_sharpe < 0.9
    assert found.windows["in_sample_sharpe"].min() > found.windows["out_of_sample_sharpe"].mean()


def test_figures_by_hand(lake):
    """Two points over two days, chosen on the first, judged on the second; by sums and by the report's own functions."""
    pattern = np.tile([0.01, -0.005], 12)
    returns = np.column_stack([np.r_[pattern, -pattern], np.r_[pattern / 2, pattern]])
    outcomes = outcomes_of(lake, returns)
    split = Split((FIRST,), (FIRST + timedelta(1),))
    found = table(lake, outcomes, [split], Trials(2, 0, float(np.var([0.1, 0.2], ddof=1))))
    (row,) = found.windows.to_dicts()
    ratio = pattern.mean() / pattern.std(ddof=1)
    first = 100_000 * np.prod(1 + pattern)
    assert row["experiment"] == outcomes[0].point.experiment.name  # both have that ratio; the first of equals
    assert row["in_sample_sharpe"] == pytest.approx(ratio * YEAR)
    assert row["out_of_sample_sharpe"] == pytest.approx(-ratio * YEAR)
    assert row["median_out_of_sample_sharpe"] == pytest.approx(0, abs=1e-9)
    assert row["in_sample_net"] == pytest.approx(first - 100_000)
    assert row["out_of_sample_net"] == pytest.approx(first * np.prod(1 - pattern) - first)
    assert found.judgement.chosen_net == row["out_of_sample_net"]
    assert found.judgement.best == outcomes[1].point.experiment.name


def test_ratios_are_those_that_compare_shows(lake):
    """One figure has one value, wherever it is shown."""
    returns = noise(2, days=3, experiments=3)
    outcomes = outcomes_of(lake, returns)
    found = table(lake, outcomes, [], trials_of(returns)).points.sort("experiment")
    shown = comparison(lake, [one.entry.facts["folder"] for one in outcomes]).rows.sort("experiment")
    for name in ("sharpe", "probabilistic_sharpe", "max_drawdown", "net"):
        assert found[name].to_list() == pytest.approx(shown[name].to_list()), name


def test_flat_and_failed_points_have_rows_and_no_figures(lake):
    """A flat one has a net of nothing and no ratio; a failed one has a reason alone; neither is the best of gainers."""
    flat, good = np.zeros(48), np.tile([0.01, -0.005], 24)
    outcomes = outcomes_of(lake, np.column_stack([flat, good, flat]))
    outcomes[2] = Outcome(outcomes[2].point, None, "StrategyFailed: it did")
    found = table(lake, outcomes, [], Trials(3, 1, None))
    assert found.points["sharpe"].is_null().to_list() == [True, False, True]
    assert found.points["net"].to_list() == [0, 0, None]
    assert found.points["failed"].to_list() == [None, None, "StrategyFailed: it did"]
    assert found.points["strategy.lpi_entry_threshold"].to_list() == [1, 2, 3]
    worth = found.judgement
    assert (worth.best, worth.deflated_sharpe, worth.chosen_net) == (outcomes[1].point.experiment.name, None, None)
    assert worth.overfitting.probability == 0
    assert (found.baselines.held_net, found.baselines.random) == (0, None)


def test_losers_are_not_better_than_nothing(lake):
    """The best of losers is the one that never traded; of it nothing is claimed."""
    flat, bad = np.zeros(24), np.tile([-0.01, 0.005], 12)
    worth = table(lake, outcomes_of(lake, np.column_stack([bad, flat])), [], Trials(2, 1, 0.1)).judgement
    assert (worth.sharpe, worth.deflated_sharpe, worth.minimum_backtest_days) == (None, None, None)
    assert worth.minimum_track_record_days is None


def test_no_more_than_one_equity_curve_is_held(lake, monkeypatch):
    """Those of a thousand points over a year are 20 GB: each is dropped before the next is read."""
    returns, read, most = noise(3, days=4, experiments=6), [], 0
    outcomes = outcomes_of(lake, returns)

    def counted(lake, folder, name, document, table_in=judged.table_in):
        nonlocal most
        frame = table_in(lake, folder, name, document)
        if name == "equity":
            read.append(weakref.ref(frame))
            most = max(most, sum(one() is not None for one in read))
        return frame

    monkeypatch.setattr(judged, "table_in", counted)
    found = table(lake, outcomes, [], trials_of(returns))
    assert (len(read), most) == (7, 1)  # that of the best once more, for what stands beside it
    assert found.baselines is not None
