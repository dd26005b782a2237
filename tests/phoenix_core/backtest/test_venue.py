"""Settings of the venue, and what we rely on in NautilusTrader 1.231: an upgrade that changes it is noticed here."""

from decimal import Decimal

import pytest
from fakes import scenario as made
from fakes.scenario import Scenario, both
from nautilus_trader.model.data import FundingRateUpdate

from phoenix_core.backtest import venue
from phoenix_core.backtest.replay import Replay


@pytest.fixture
def by_the_engine(monkeypatch):
    """Orders go to NautilusTrader's own matching, as it stands out of the box."""
    ours = venue.engine_with_venue

    def engine(*arguments, **options):
        simulated = ours(*arguments, **options)
        clients = simulated.engine.kernel.exec_engine
        clients.deregister_client(simulated.exchange)
        clients.register_client(simulated.settlement.exchange.exec_client)
        return simulated

    monkeypatch.setattr(made, "engine_with_venue", engine)


def entries(outcome):
    return [(str(fill.quantity), (fill.ts - made.START) // 10**9) for fill in outcome.fills if fill.side == "BUY"]


def with_quotes():
    """1 ahead at the bid, three sales of 2 there; we want 3: the truth is 1, then 2."""
    day = Scenario().quote(1, "50000.0", "50000.1", "1").trade(9, "50000.0", "0.001").signal(10, 0.9)
    for second in (11, 12, 13):
        day.trade(second, "50000.0", "2").quote(second + 0.5, "50000.0", "50000.1", "9")
    return day


@pytest.mark.parametrize(("queue", "fills"), [(False, [("2", 11), ("1", 12)]), (True, [("1", 11), ("2", 12)])])
def test_without_a_queue_a_maker_is_served_at_once(queue, fills):
    """The size ahead can be ignored, for who wants to know what it costs."""
    outcome = both(with_quotes(), venue={"queue_position": queue}, max_leverage=1.5)
    assert entries(outcome) == fills


def test_with_trades_alone_each_sale_serves_once():
    """0.5 ahead; sales of 0.2 and 0.4 there, 0.3 a tick lower, then 5 lower still; we want 1: 0.1, 0.3, 0.6."""
    day = Scenario().trade(1, "50000.0", "0.5").trade(2, "50000.1", "1", "BUYER").trade(10, "50000.0", "0.5")
    day.signal(10, 0.9).trade(11, "50000.0", "0.2").trade(12, "50000.0", "0.4").trade(13, "49999.9", "0.3")
    day.trade(14, "49999.0", "5").trade(15, "49999.1", "5", "BUYER")
    assert entries(both(day)) == [("0.1", 12), ("0.3", 13), ("0.6", 14)]


def test_the_seed_decides_touches():
    """With a chance of one half, the same seed gives the same fills, and some seed others."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.quote(10.01, "50000.0", "50000.1")
    for second in range(11, 30):
        day.trade(second, "50000.0", "0.010").quote(second + 0.5, "50000.0", "50000.1")
    chance = {"prob_fill_on_limit": 0.5, "queue_position": False}
    runs = [entries(both(day, venue=chance | {"seed": seed})) for seed in (1, 1, 2, 3)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2] or runs[0] != runs[3]


def test_the_engine_itself_gives_a_maker_more_than_there_is(by_the_engine):
    """One ask of 0.1 crosses an order for 3 BTC: the engine fills all of it, the rule 0.1."""
    day = Scenario().quote(1, "50000.0", "50000.1", "1").trade(9, "50000.0", "0.001").signal(10, 0.9)
    day.quote(11, "49999.0", "49999.5", "1", "0.1").quote(20, "50000.0", "50000.1")
    outcome = day.run(full=True, max_leverage=1.5)
    assert sum(fill.quantity for fill in outcome.fills if fill.side == "BUY") == 3


def test_the_rule_gives_a_maker_what_was_shown():
    """The same day as in the pinned test above."""
    day = Scenario().quote(1, "50000.0", "50000.1", "1").trade(9, "50000.0", "0.001").signal(10, 0.9)
    day.quote(11, "49999.0", "49999.5", "1", "0.1").quote(20, "50000.0", "50000.1")
    outcome = both(day, max_leverage=1.5)
    assert sum(fill.quantity for fill in outcome.fills if fill.side == "BUY") == Decimal("0.1")


def test_the_engine_itself_fills_any_market_order_a_tick_further(by_the_engine):
    """0.001 at the bid, 3 BTC to sell: the engine finds a buyer for the other 2.999 one tick lower."""
    day = Scenario().quote(1, "50000.0", "50000.1", "1").signal(10, 0.9).quote(11, "49999.0", "49999.5", "1", "0.1")
    day.quote(20, "50000.0", "50000.1", "0.001").signal(21, 0.1)
    sold = [(str(fill.quantity), str(fill.price)) for fill in day.run(full=True, max_leverage=1.5).fills[-2:]]
    assert sold == [("0.001", "50000"), ("2.999", "49999.9")]


def test_the_engine_itself_charges_no_funding(monkeypatch):
    """A rate of 1 % passes while 1 BTC is held, and only the fees leave the account: 100,000 - 10 - 25."""
    feed, known = Replay._feed, []

    def feed_with_rate(self, *batches):
        rate = FundingRateUpdate(made.INSTRUMENT, Decimal("0.01"), made.at(15), made.at(15))
        if not known:
            self.lanes[0].simulated.engine.add_data([rate], sort=False)
        feed(self, *batches)
        known.append(self.lanes[0].simulated.engine.cache.funding_rate(made.INSTRUMENT).rate)

    monkeypatch.setattr(Replay, "_feed", feed_with_rate)
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "5").quote(13, "50000.0", "50000.1").signal(30, 0.1)
    assert day.run(full=True).final == Decimal(100_000) - 10 - 25
    assert set(known) == {Decimal("0.01")}
