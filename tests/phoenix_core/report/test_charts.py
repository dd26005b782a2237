import base64

import numpy as np
import pytest
from fakes.results import made_up_result

from phoenix_core.report.charts import COLORS, capacity_charts, charts, distribution
from phoenix_core.report.summary import Summary


def array(packed):
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])


def drawn(result):
    return {chart.name: chart for chart in charts(result, Summary(result).hold)}


def test_equity_stands_beside_buy_and_hold():
    """The same balance, from the first price to the last; times in milliseconds."""
    found = drawn(made_up_result(equity=[100_000, 101_000], prices=[50_000, 55_000]))
    equity, hold = found["equity"].traces
    assert array(equity["y"]).tolist() == [100_000, 101_000]
    assert array(hold["y"]).tolist() == [100_000, 110_000]
    assert array(hold["x"]).tolist() == [1_711_238_400_000, 1_711_238_460_000]
    assert "USDT" in found["equity"].title
    assert "without fees or funding" in found["equity"].note


def test_the_worst_price_of_a_long_range_is_drawn():
    """Although equity did not move then: each curve is thinned by its own extremes."""
    prices = [50_000.0] * 20_000
    prices[7777] = 40_000.0
    price = drawn(made_up_result(equity=[100_000.0] * 20_000, prices=prices))["price"].traces[0]
    assert array(price["y"]).min() == 40_000
    assert array(price["y"]).size < 5_000


def test_a_missing_score_breaks_its_line():
    """It travels as not a number."""
    result = made_up_result(nets=[1])
    object.__setattr__(result, "signals", result.signals.with_columns(oi_z=None))
    assert np.isnan(array(drawn(result)["crowding"].traces[0]["y"])).all()


def test_without_a_trade_there_are_no_signals_and_no_distribution():
    """And the other charts are there, with nothing in them."""
    result = made_up_result()
    assert list(drawn(result)) == ["equity", "drawdown", "price", "parts", "position"]
    assert distribution(result) is None


def test_a_capacity_curve_is_drawn_by_balance():
    """Net, return and filled entries; the axis of balances is logarithmic, a little wider than the points."""
    result = made_up_result(curve=((4, "50", 1.0, False), (6, "-25000", None, True)))
    net, returns, shares = capacity_charts(result)
    assert array(net.traces[0]["x"]).tolist() == [1e4, 1e6]
    assert array(net.traces[0]["y"]).tolist() == [50, -25_000]
    (returned,), (filled,) = returns.traces, shares.traces
    assert array(returned["y"]).tolist() == [0.005, -0.025]
    assert array(filled["y"])[0] == 1
    assert np.isnan(array(filled["y"])[1])
    assert (net.layout["xaxis"]["type"], net.layout["xaxis"]["range"]) == ("log", [3.85, 6.15])
    assert capacity_charts(made_up_result()) == []


def luminance(color):
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", COLORS)
@pytest.mark.parametrize("paper", ["#ffffff", "#0f1419"])
def test_lines_are_seen_on_both_papers(name, paper):
    """With a contrast of 3 or more, as WCAG asks of graphics."""
    bright, dark = sorted((luminance(COLORS[name]), luminance(paper)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 3
