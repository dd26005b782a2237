"""What a strategy can subscribe to reaches it by NautilusTrader's own calls, at the time when it could be known."""

import pytest
from fakes import watching
from nautilus_trader.model.data import QuoteTick, TradeTick

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.feeds import FEED_DATASETS, FeedReader
from phoenix_core.backtest.run import run
from phoenix_core.catalog.store import read_day
from phoenix_core.market import DAY_NS, day_start_ns
from phoenix_core.strategies.contract import Feed

KINDS = {
    "TradeTick": "trade_ticks",
    "QuoteTick": "quote_ticks",
    "Bar": "bars_1m",
    "MarkPriceUpdate": "mark_prices",
    "FundingRateUpdate": "funding_updates",
    "DepthBand": "depth",
    "OpenInterest": "open_interest",
    "SignalTick": "signals",
}


def seen(market, **venue):
    watching.SEEN.clear()
    chosen = Experiment.parse(
        listing="um:BTCUSDT", first=market.days[1], last=market.days[1], venue=venue,
        strategy={"path": "fakes.watching:Watching", "wants_signals": True},
    )  # fmt: skip
    result = run(market.lake, chosen)
    assert result.fills.is_empty()
    return watching.SEEN, result


@pytest.mark.slow
def test_everything_is_seen_when_it_could_be_known(market):
    """Each published row of the day once, at its `ts_init`, and an input of the result."""
    found, result = seen(market)
    assert found.keys() == KINDS.keys()
    for kind, name in KINDS.items():
        published = read_day(market.lake, f"um/btcusdt/{name}", market.days[1])["ts_init"].to_list()
        own = [ts for ts in published if ts < day_start_ns(market.days[1]) + DAY_NS]
        assert len(own) >= len(published) - 1  # the last sample of open interest is known at midnight
        assert [init for _, init, _ in found[kind]] == own, kind
        assert all(now == init for _, init, now in found[kind]), kind
        assert f"um/btcusdt/{name}@{market.days[1]}" in result.versions


@pytest.mark.slow
def test_a_late_feed_delays_all_of_it(market):
    """By half a second to the nanosecond; what would be seen after the day is not."""
    late, end = 500_000_000, day_start_ns(market.days[1]) + DAY_NS - 1
    found, _ = seen(market, feed_latency_ms=500)
    for kind, name in KINDS.items():
        published = read_day(market.lake, f"um/btcusdt/{name}", market.days[1])["ts_init"].to_list()
        expected = [ts + late for ts in published]
        inits = [init for _, init, _ in found[kind]]
        assert inits == expected[: len(inits)], kind
        assert len(inits) >= sum(ts <= end - 10**9 for ts in expected), kind
        assert all(now == init for _, init, now in found[kind]), kind


def test_every_feed_has_a_dataset_and_rows(market):
    """None is forgotten in a table."""
    assert FEED_DATASETS.keys() == set(Feed)
    for feed in Feed:
        assert FeedReader(market.lake, market.listing, frozenset({feed})).events(market.days[0]), feed
    assert {TradeTick, QuoteTick}.isdisjoint(
        map(type, FeedReader(market.lake, market.listing, frozenset(Feed)).events(market.days[0]))
    )
