"""The page of a walk-forward: the curve of judged days, what was chosen when, and a way to each report."""

import json
import re
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from phoenix_core.sweeps.performance import Performance
from phoenix_core.sweeps.table import Judgement, Table
from phoenix_core.sweeps.walk_forward_page import chained, walk_forward_page

FIRST = date(2024, 3, 24)
NAMES = [f"{number:012x}" for number in range(3)]
FIELDS = ["strategy.lpi_entry_threshold", "venue.order_latency_ms", "venue.queue_depletion"]
SPAN = "2024-03-24_2024-03-27"
HOUR = (FIRST - date(1970, 1, 1)).days * 24


@pytest.fixture
def found():
    """Three points over four days, of which the last three are judged: the first chosen twice, then the third."""
    gains = np.zeros((96, 3))
    gains[24:48] = (1.0, 2.0, 0.0)  # by the hour of the second day
    gains[48:72] = (-0.5, 0.0, 1.0)
    gains[72:96] = (4.0, -1.0, 3.0)
    hours = Performance(NAMES, HOUR + np.arange(96), gains / 1e5, gains)
    points = pl.DataFrame(
        {"experiment": NAMES, FIELDS[0]: [0.5, 0.6, 0.7], FIELDS[1]: [10.0] * 3, FIELDS[2]: ["none", "none", "bounded"]}
    )
    rows = [
        {"train_first": FIRST, "train_last": FIRST, "test_first": FIRST + timedelta(n), "test_last": FIRST + timedelta(n),
         "experiment": NAMES[chosen], "in_sample_net": 5.0, "in_sample_sharpe": 3.0, "out_of_sample_net": net,
         "out_of_sample_sharpe": sharpe, "median_out_of_sample_sharpe": 0.5}
        for n, chosen, net, sharpe in ((1, 0, 24.0, 2.0), (2, 0, -12.0, -1.0), (3, 2, 72.0, 4.0))
    ]  # fmt: skip
    worth = Judgement(3, 0, NAMES[2], 2.0, 0.4, 12.0, None, None, 84.0, 1.5, 0.9)
    return Table(points, pl.DataFrame(rows), worth, None, hours=hours)


def page_of(found):
    return walk_forward_page("um:BTCUSDT", FIELDS, "0123456789ab", SPAN, found, "USDT")


def drawings(page):
    return json.loads(re.search(r'id="drawings">(.*?)</script>', page)[1])


def test_judged_days_are_joined_into_one_curve(found):
    """24 hours of each chosen one, end to end; beside it the median of all, and the one that gained most in the end."""
    series = chained(found.hours, found.windows)
    assert series["hour"].to_list() == [HOUR + n for n in range(24, 96)]
    assert series["gain"].cum_sum()[23, 47, 71].to_list() == [24.0, 12.0, 84.0]
    assert series["median"][23, 47, 71].to_list() == [24.0, 24.0, 96.0]
    assert series["highest"][23, 47, 71].to_list() == [24.0, 12.0, 108.0]


def test_every_point_leads_to_its_report_and_axes_that_vary_are_drawn(found):
    """One latency is no choice; a text has the order of its values."""
    page = page_of(found)
    ways = [f"../../../backtests/{NAMES[chosen]}/{SPAN}/report.html" for chosen in (0, 0, 2)]
    assert re.findall(r'<td class="t"><a href="(.*?)">', page) == ways
    drawn = drawings(page)
    assert list(drawn) == ["equity", "in-and-out", "chosen-0", "chosen-1"]
    assert drawn["equity"]["data"][2]["customdata"] == [way for way in ways for _ in range(24)]
    assert [trace["y"] for trace in drawn["in-and-out"]["data"]] == [[3.0] * 3, [2.0, -1.0, 4.0], [0.5] * 3]
    assert drawn["chosen-0"]["data"][0] | {"y": [0.5, 0.5, 0.7], "customdata": ways} == drawn["chosen-0"]["data"][0]
    assert drawn["chosen-1"]["data"][0]["y"] == ["none", "none", "bounded"]
    assert drawn["chosen-1"]["layout"]["yaxis"]["categoryarray"] == ["bounded", "none"]


def test_the_headlines_are_those_of_judged_days(found):
    """84 in 3 days, of which two gained and two were above the median; the choice changed once."""
    page = page_of(found)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<dl") : page.index("</dl>")]))
    assert "Net +84.00 USDT on judged days" in text
    assert "Windows that gained 2 of 3 2 above the median point" in text
    assert "Choice changed 1 times" in text
    assert "on each of 3 days what was chosen on earlier ones" in page
    assert 'href="sweep.html"' in page
    assert page == page_of(found)
