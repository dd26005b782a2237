"""What we rely on in NautilusTrader 1.231: an upgrade that changes it is noticed here."""

from decimal import Decimal

import pytest
from fakes import scenario as made
from fakes.scenario import Scenario
from nautilus_trader.model.data import FundingRateUpdate

from phoenix_core.backtest import venue
from phoenix_core.backtest.replay import Replay


@pytest.fixture
def pair_with(monkeypatch):
    """Set the consumption of liquidity, whatever our own pairing would be."""
    ours = venue.engine_with_venue

    def pair(*, consumption):
        def engine(*arguments, quotes_implied):
            del quotes_implied
            return ours(*arguments, quotes_implied=consumption)

        monkeypatch.setattr(made, "engine_with_venue", engine)

    return pair


def entries(outcome):
    return [(str(fill.quantity), (fill.ts - made.START) // 10**9) for fill in outcome.fills if fill.side == "BUY"]


def with_quotes():
    """1 ahead at the bid, three sales of 2 there; we want 3: the truth is 1, then 2."""
    day = Scenario().quote(1, "50000.0", "50000.1", "1").trade(9, "50000.0", "0.001")
    day.quote(10, "50000.0", "50000.1", "1").trade(10, "50000.0", "0.001").signal(10, 0.9)
    day.quote(10.002, "50000.0", "50000.1", "1")
    for second in (11, 12, 13):
        day.trade(second, "50000.0", "2").quote(second + 0.5, "50000.0", "50000.1", "1")
    return day


@pytest.mark.parametrize(
    ("queue", "consumption", "fills"),
    [
        (False, False, [("2", 11), ("1", 12)]),
        (True, False, [("1", 11), ("2", 12)]),
        (True, True, [("1", 11)]),
    ],
)
def test_with_quotes_queue_alone_is_right(pair_with, queue, consumption, fills):
    """Without a queue we are served too early; with consumption too the rest never comes."""
    pair_with(consumption=consumption)
    outcome = with_quotes().run(full=True, venue={"queue_position": queue}, max_leverage=1.5)
    assert entries(outcome) == fills


def trades_alone():
    """0.5 ahead; sales of 0.2 and 0.4 there, 0.3 a tick lower, then 5 lower still; we want 1: 0.1, 0.3, 0.6."""
    day = Scenario().trade(1, "50000.0", "0.5").trade(2, "50000.1", "1", "BUYER").trade(10, "50000.0", "0.5")
    day.signal(10, 0.9).trade(11, "50000.0", "0.2").trade(12, "50000.0", "0.4").trade(13, "49999.9", "0.3")
    return day.trade(14, "49999.0", "5").trade(15, "49999.1", "5", "BUYER")


@pytest.mark.parametrize(
    ("consumption", "fills"),
    [(True, [("0.1", 12), ("0.3", 13), ("0.6", 14)]), (False, [("0.1", 12), ("0.3", 13), ("0.6", 13)])],
)
def test_with_trades_alone_both_are_right(pair_with, consumption, fills):
    """Each sale serves what is left of it; without consumption 0.3 serve 0.3 and then 0.6 more."""
    pair_with(consumption=consumption)
    assert entries(trades_alone().run(full=True)) == fills


def test_our_own_pairing_is_the_right_one():
    """Queue alone with quotes, both with trades alone."""
    assert entries(with_quotes().run(full=True, max_leverage=1.5)) == [("1", 11), ("2", 12)]
    assert entries(trades_alone().run(full=True)) == [("0.1", 12), ("0.3", 13), ("0.6", 14)]


def test_the_seed_of_the_fill_model_decides_touches():
    """With a chance of one half, the same seed gives the same fills, and some seed others."""
    day = Scenario().quote(1, "50000.0", "50000.1").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.quote(10.01, "50000.0", "50000.1")
    for second in range(11, 30):
        day.trade(second, "50000.0", "0.010").quote(second + 0.5, "50000.0", "50000.1")
    chance = {"prob_fill_on_limit": 0.5, "queue_position": False}
    runs = [entries(day.run(full=True, venue=chance | {"seed": seed})) for seed in (1, 1, 2, 3)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2] or runs[0] != runs[3]


def test_the_engine_itself_charges_no_funding(monkeypatch):
    """A rate of 1 % passes while 1 BTC is held, and only the fees leave the account: 100,000 - 10 - 25."""
    feed, known = Replay._feed, []

    def feed_with_rate(self, *batches):
        rate = FundingRateUpdate(made.INSTRUMENT, Decimal("0.01"), made.at(15), made.at(15))
        if not known:
            self.engine.add_data([rate], sort=False)
        feed(self, *batches)
        known.append(self.engine.cache.funding_rate(made.INSTRUMENT).rate)

    monkeypatch.setattr(Replay, "_feed", feed_with_rate)
    day = Scenario().quote(1, "50000.0", "50000.1").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1").signal(30, 0.1)
    assert day.run(full=True).final == Decimal(100_000) - 10 - 25
    assert set(known) == {Decimal("0.01")}


def test_the_engine_itself_lets_makers_slip(monkeypatch):
    """Its own fill model gives a maker a price beyond the limit of the order: 50,000.1 for an order at 50,000.0."""
    monkeypatch.setattr(venue, "_MarketOrdersSlip", venue.FillModel)
    day = Scenario().quote(1, "50000.0", "50000.1").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1").signal(30, 0.1)
    assert day.run(full=True, venue={"prob_slippage": 1.0}).fills[0].price == Decimal("50000.1")
