"""The page of a sweep: what it says is what the table has, and every point leads to its report."""

import json
import re
from dataclasses import replace

import bench_sweep_page
import numpy as np
import polars as pl
import pytest

from phoenix_core.sweeps.page import sweep_page
from phoenix_core.sweeps.performance import Performance
from phoenix_core.sweeps.table import Judgement, Table

FIELDS = {"strategy.lpi_entry_threshold": ["0.5", "0.6"], "venue.order_latency_ms": ["10", "30"]}
DESCRIBED = {"grid": FIELDS, "experiment": {"listing": "um:BTCUSDT"}}
NAMES = [f"{number:012x}" for number in range(4)]
SPAN = "2024-03-24_2024-03-25"


@pytest.fixture
def found():
    """Two by two points over two days, the last of which failed."""
    rows = [
        {"experiment": name, "strategy.lpi_entry_threshold": threshold, "venue.order_latency_ms": latency, "net": net,
         "interval": None, "round_trips": 3, "max_drawdown": 0.01, "sharpe": sharpe, "probabilistic_sharpe": 0.5, "failed": failed}
        for name, threshold, latency, net, sharpe, failed in zip(
            NAMES, (0.5, 0.5, 0.6, 0.6), (10.0, 30.0) * 2, (10.0, -5.0, 20.0, None), (1.0, -0.5, 2.0, None),
            (None, None, None, "StrategyFailed: <it> did"), strict=True,
        )
    ]  # fmt: skip
    returns = np.random.default_rng(1).normal(0, 0.001, (48, 3))
    hours = Performance(NAMES[:3], np.arange(475_000, 475_048), returns, returns * 1e5)
    judgement = Judgement(7, 1, NAMES[2], 2.0, 0.4, 12.0, None, None)
    return Table(pl.DataFrame(rows, infer_schema_length=None), pl.DataFrame(), judgement, None, hours=hours)


def page_of(found):
    return sweep_page(DESCRIBED, "0123456789ab", SPAN, found, "USDT")


def test_what_the_benchmark_opens_is_a_page_of_today():
    """Its made-up table has every column that the page asks for."""
    fields = {name: [] for name in bench_sweep_page._FIELDS}
    assert sweep_page(DESCRIBED | {"grid": fields}, "0123456789ab", SPAN, bench_sweep_page.swept(8, 160), "USDT")


def drawings(page):
    return json.loads(re.search(r'id="drawings">(.*?)</script>', page)[1])


def test_points_lead_to_their_reports(found):
    """Rows best first, heat map's cells, lines and dots; all by an address that holds wherever the data folder lies."""
    page = page_of(found)
    ways = [f"../../../backtests/{name}/{SPAN}/report.html" for name in NAMES]
    assert re.findall(r'<td class="t"><a href="(.*?)">', page) == [ways[place] for place in (2, 0, 1, 3)]
    drawn = drawings(page)
    assert list(drawn) == ["heat-0", "parallel", "stability", "halves", "fan"]
    assert drawn["heat-0"]["data"][0]["z"] == [[1.0, 2.0], [-0.5, None]]
    assert drawn["heat-0"]["data"][0]["customdata"] == [[ways[0], ways[2]], [ways[1], None]]
    assert {way for trace in drawn["parallel"]["data"] for way in trace["customdata"]} == set(ways[:3])
    assert drawn["halves"]["data"][0]["customdata"] == ways[:3]


def test_the_neighbours_of_the_best_stand_beside_it(found):
    """Along each axis with the best's value on the other; the best is at nought."""
    threshold, latency = drawings(page_of(found))["stability"]["data"]
    assert (threshold["x"], threshold["y"]) == ([-1, 0], [1.0, 2.0])
    assert (latency["x"], latency["y"], latency["text"]) == ([0, 1], [2.0, None], ["10", "30"])


def test_figures_of_points_are_marked_and_nothing_is_fetched(found):
    """In-sample is said first; a failed point's words can't become markup; the page may ask for nothing."""
    page = page_of(found)
    assert "In-sample: 4 points were held against each other on these very days" in page
    assert "StrategyFailed: &lt;it&gt; did" in page
    assert "default-src 'none'" in page
    assert page == page_of(found)


def test_windows_and_combinations_have_charts_of_their_own(found):
    """What was walked forward, by window and in all; what was chosen, in and out of sample."""
    row = {"experiment": NAMES[0], "in_sample_sharpe": 3.0, "out_of_sample_sharpe": 1.0}
    windows = [row | {"test_first": "2024-03-24", "test_last": "2024-03-24", "out_of_sample_net": 5.0},
               row | {"test_first": "2024-03-25", "test_last": "2024-03-25", "out_of_sample_net": -2.0}]  # fmt: skip
    drawn = drawings(page_of(replace(found, windows=pl.DataFrame(windows), combinations=pl.DataFrame([row]))))
    assert list(drawn)[-3:] == ["walked", "windows", "ways"]
    assert [trace["y"] for trace in drawn["walked"]["data"]] == [[5.0, -2.0], [5.0, 3.0]]


def test_a_sweep_without_a_result_has_a_page(found):
    """All failed: rows with their reasons, and no chart."""
    points = found.points.with_columns(pl.lit(None, pl.Float64).alias("sharpe"))
    page = page_of(Table(points, pl.DataFrame(), Judgement(4, 0, "", *[None] * 5)))
    assert drawings(page) == {}
    assert "no point has a result" in page


def test_a_point_that_never_traded_is_drawn_and_one_that_failed_is_not(found):
    """At a ratio of nought; all axes have room for their labels."""
    points = found.points.with_columns(pl.Series("sharpe", [1.0, -0.5, None, None]))
    drawn = drawings(page_of(replace(found, points=points)))["parallel"]
    ways = {way for trace in drawn["data"] for way in trace["customdata"]}
    assert ways == {f"../../../backtests/{name}/{SPAN}/report.html" for name in NAMES[:3]}
    assert len(drawn["layout"]["xaxis"]["ticktext"]) == 4
    assert drawn["layout"]["xaxis"]["range"] == [-0.4, 3.4]


def test_missing_days_are_said(found):
    """Before any figure."""
    page = page_of(
        replace(found, missing={"2024-03-24": "signals were <never> materialized", "2024-03-25": "likewise"})
    )
    assert (
        "Not all days: no point ran over 2024-03-24 (signals were &lt;never&gt; materialized) and 1 more days." in page
    )
    assert "Not all days" not in page_of(found)


def test_an_interval_stands_beside_net(found):
    """Where quotes were implied, with a notice; else there is no such column."""
    assert ">interval</th>" not in page_of(found)
    points = found.points.with_columns(interval=pl.Series(["[-5.00, +12.00]", "unbounded", None, None]))
    page = page_of(replace(found, points=points))
    assert "Quotes were implied from trades" in page
    assert "[-5.00, +12.00]" in page
    assert "unbounded" in page
    assert ">interval</th>" in page
