"""What the page of a backtest says of a result whose quotes are missing."""

import shutil

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.publish import publish
from phoenix_core.backtest.run import run
from phoenix_core.storage.lake import Lake
from phoenix_dagster.assets.result_metadata import result_metadata


def told(market, tmp_path, **venue):
    lake = Lake.at(shutil.copytree(market.lake.store.root, tmp_path / f"data{len(venue)}"))
    day = market.days[1]
    result = run(lake, Experiment.parse(listing="um:BTCUSDT", first=day, last=day, venue=venue))
    entry = publish(lake, result, asset="um/btcusdt/backtest")
    return result.interval, result_metadata(lake, result, entry, 1.0)


def test_net_stands_in_its_interval(market, tmp_path):
    """In the sentence, as numbers to plot, and with how far the hull can be trusted."""
    interval, found = told(market, tmp_path, imply_quotes=True)
    assert f" USDT in {interval.text()} (" in found["result"]
    assert (found["net_low"], found["net_high"]) == (float(interval.low), float(interval.high))
    assert found["interval_excludes_zero"] == interval.excludes_zero
    assert found["interval"].endswith("the hull of trades is not calibrated: no day with quotes is known")


def test_without_a_bound_it_is_unbounded(market, tmp_path):
    """With the reason, and without numbers to plot."""
    _, found = told(market, tmp_path, imply_quotes=True, order_latency_spread_ms=1)
    assert " USDT in unbounded (" in found["result"]
    assert "latencies are drawn at random" in found["interval"]
    assert "net_low" not in found


def test_on_published_quotes_nothing_is_said(market, tmp_path):
    """Net is what it is."""
    interval, found = told(market, tmp_path)
    assert interval is None
    assert not {"interval", "net_low", "interval_excludes_zero"} & found.keys()
