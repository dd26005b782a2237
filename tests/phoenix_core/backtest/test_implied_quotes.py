from fakes.scenario import Scenario
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.objects import Price

from phoenix_core.backtest.implied_quotes import ImpliedQuotes


def quotes(*trades):
    day = Scenario()
    for second, (price, side) in enumerate(trades):
        day.trade(second, price, "1", side)
    mixed = ImpliedQuotes(Price.from_str("0.10")).between(day.trades)
    return [(str(q.bid_price), str(q.ask_price)) for q in mixed if isinstance(q, QuoteTick)]


def test_the_last_sale_is_the_bid_and_the_last_purchase_the_ask():
    """There are no quotes until both sides have traded."""
    assert quotes(("100.0", "SELLER"), ("100.1", "BUYER"), ("99.9", "SELLER")) == [
        ("100.00", "100.10"),
        ("99.90", "100.10"),
    ]


def test_quotes_are_kept_uncrossed():
    """A purchase at or below the bid pushes the bid down a tick, a sale at or above the ask pushes that up."""
    assert quotes(("100.0", "SELLER"), ("99.5", "BUYER"))[-1] == ("99.40", "99.50")
    assert quotes(("100.0", "BUYER"), ("100.0", "SELLER"))[-1] == ("100.00", "100.10")


def test_each_trade_is_followed_by_its_quote():
    """In published order, nothing lost."""
    day = Scenario().trade(1, "100.0", "1").trade(1, "100.1", "2", "BUYER").trade(1, "100.0", "3")
    mixed = ImpliedQuotes(Price.from_str("0.10")).between(day.trades)
    assert [type(item).__name__ for item in mixed] == ["TradeTick", "TradeTick", "QuoteTick", "TradeTick", "QuoteTick"]
    assert [str(item.bid_size) for item in mixed if isinstance(item, QuoteTick)] == ["1.000", "3.000"]
