"""A day with every cost and mechanism at once, and each setting of the venue alone, worked out by hand."""

from decimal import Decimal

import pytest
from fakes.scenario import Scenario, both

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.errors import ConfigInvalid
from phoenix_core.execution.decisions import OrderReason


def eventful_day():
    """A rejected entry, a stale one, one in two parts, funding with and without a position, a liquidation."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(5, "50000.0", "0.5").signal(5, 0.9)
    day.quote(5.002, "49990.0", "49990.1")  # the first entry would cross: rejected
    day.signal(8, 0.9).quote(9, "50000.0", "50000.1")  # the second rests at 49,990 for 60 s: cancelled
    day.quote(69, "50000.0", "50000.1", "0.5").signal(70, 0.9)  # 0.5 stand ahead
    day.trade(72, "50000.0", "2").quote(72.5, "50000.0", "50000.1", "0.5").trade(74, "50000.0", "9")
    day.quote(75, "50000.0", "50000.1").funds(100, "0.0001", "50020")
    day.quote(110, "50100.0", "50100.1").signal(120, 0.1, oi_z=-3.0).funds(125, "0.01", "50000")
    day.quote(130, "50000.0", "50000.1", "0.5").signal(131, 0.9).trade(133, "50000.0", "9")
    day.quote(134, "50000.0", "50000.1").quote(178, "25700.0", "25700.1").mark(179.999, "25700", low="25600")
    day.quote(239, "25500.0", "25500.1").mark(239.999, "25550", low="25500").quote(242, "25500.0", "25500.1")
    return day.signal(300, 0.5)


def test_all_costs_together():
    """From 100,000 to 649.41800045.

    First trip: 200,000 / 50,000 = 4 bought in parts of 1.5 and 2.5, maker fee 0.02 % of 200,000 = 40;
    funding 4 × 50,020 × 0.01 % = 20.008; sold a tick below 50,100, gain 4 × 99.9 = 399.6, taker fee
    0.05 % of 200,399.6 = 100.1998: 100,239.3922.
    Second: 200,478.7844 / 50,000 = 4.009 after the step, fee 40.09. At a mark of 25,600 equity is 2,379.70
    against a margin of 2 % = 2,052.61; at 25,500 it is 1,978.80 against 2,044.59: out, for 1.25 % of
    102,229.5 = 1,277.86875, a tick below 25,500: loss 4.009 × 24,500.1 = 98,220.9009, fee 51.11454955.
    """
    venue = {"maintenance_margin": "0.02", "prob_slippage": 1.0}
    outcome = both(eventful_day(), venue=venue, max_leverage=2.0)
    assert outcome.orders == {"REJECTED": 1, "CANCELED": 1, "FILLED": 4}
    assert [(str(fill.quantity), str(fill.price), fill.decision.reason, fill.liquidity) for fill in outcome.fills] == [
        ("1.5", "50000", OrderReason.ENTRY, "MAKER"),
        ("2.5", "50000", OrderReason.ENTRY, "MAKER"),
        ("4", "50099.9", OrderReason.EXIT, "TAKER"),
        ("4.009", "50000", OrderReason.ENTRY, "MAKER"),
        ("4.009", "25499.9", OrderReason.LIQUIDATION, "TAKER"),
    ]
    assert outcome.final == Decimal("649.41800045")
    parts = outcome.books.parts
    assert parts.funding == Decimal("-20.008")
    assert parts.fees == -(40 + Decimal("100.1998") + Decimal("40.09") + Decimal("51.11454955") + Decimal("1277.86875"))
    assert parts.price + parts.slippage == Decimal("399.6") - Decimal("98220.9009")
    # Against the mids 50,000.05, 50,100.05, 50,000.05 and 25,500.05 at the decisions.
    assert parts.slippage == (4 + Decimal("4.009")) * Decimal("0.05") - (4 + Decimal("4.009")) * Decimal("0.15")


def one_trip():
    """Enters at second 10 at 50,000.0, is sold 9, leaves at second 30."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    return day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1").signal(30, 0.1)


@pytest.mark.parametrize(
    ("venue", "bought"),
    [({"leverage": 1}, 2), ({"leverage": 3}, 6), ({"initial_margin": "0.25"}, 8), ({"initial_margin": "0.001"}, 250)],
)
def test_no_order_is_larger_than_the_initial_margin_allows(venue, bought):
    """100,000 by the margin by 50,000, however much Kelly would bet; at 125 times the instrument's own margin holds."""
    wild = {"max_leverage": 1000.0, "kelly_kappa": 1.0, "expected_alpha": 100.0}
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "900").quote(13, "50000.0", "50000.1", "900").signal(30, 0.1)
    fills = both(day, venue=venue, **wild).fills
    assert sum(fill.quantity for fill in fills if fill.side == "BUY") == bought


def test_the_engine_itself_looks_at_no_margin(monkeypatch):
    """Pinned: NautilusTrader 1.231 would take 4 BTC on 100,000 at a leverage of 1, so the size must hold it."""
    from phoenix_core.strategies.phoenix.strategy import PhoenixStrategy  # noqa: PLC0415 - to be made reckless

    monkeypatch.setattr(PhoenixStrategy, "_quantity", lambda *_: Decimal(4))
    assert sum(fill.quantity for fill in both(one_trip(), venue={"leverage": 1}).fills if fill.side == "BUY") == 4


@pytest.mark.parametrize(("late_ms", "price", "mid"), [(5, "50000.6", "50001.25"), (15, "50000.1", "50000.5")])
def test_quotes_are_seen_late(late_ms, price, mid):
    """A quote of 10 ms ago is seen through a feed of 5 ms and not through one of 15, where the older one counts."""
    day = Scenario().quote(1, "50000.0", "50001.0").quote(10.010, "50000.5", "50002.0").signal(10.020, 0.9)
    day.quote(10.030, "50000.5", "50002.0").trade(12, "49000.0", "9").quote(13, "50000.0", "50000.1").signal(30, 0.1)
    entry = both(day, venue={"feed_latency_ms": late_ms}).fills[0]
    assert (entry.price, entry.decision.mid) == (Decimal(price), Decimal(mid))


def test_a_protected_exit_waits_for_its_price():
    """The market fell by 100 ticks on the way: nothing is sold there until a quote lets it be decided anew."""
    day = one_trip().quote(30.002, "49990.0", "49990.1").quote(31, "49992.0", "49992.1").quote(32, "49992.0", "49992.1")
    free, protected = both(day), both(day, venue={"price_protection_ticks": 3})
    assert [fill.price for fill in free.fills[1:]] == [Decimal("49990.0")]
    assert [fill.price for fill in protected.fills[1:]] == [Decimal("49992.0")]
    assert protected.orders == {"FILLED": 2, "CANCELED": 1}


def test_a_protected_exit_takes_what_is_shown_once():
    """0.2 of 1 stand at the bid and nothing is known of what is behind: the rest waits for the next quote, protected or not."""
    day = (
        one_trip()
        .quote(29, "50000.0", "50000.1", "0.2")
        .quote(31, "49999.9", "50000.1")
        .quote(33, "49999.9", "50000.1")
    )
    free, protected = both(day), both(day, venue={"price_protection_ticks": 1})
    sold = [[(str(fill.quantity), str(fill.price)) for fill in one.fills[1:]] for one in (free, protected)]
    assert sold == [[("0.2", "50000"), ("0.8", "49999.9")], [("0.2", "50000"), ("0.8", "49999.9")]]
    assert [fill.ts for fill in protected.fills] == [fill.ts for fill in free.fills]
    assert protected.orders == free.orders == {"FILLED": 2, "CANCELED": 1}


def test_a_maker_never_pays_more_than_its_limit():
    """At a certain slippage only the exit pays a tick."""
    outcome = both(one_trip(), venue={"prob_slippage": 1.0})
    assert [fill.price for fill in outcome.fills] == [Decimal("50000.0"), Decimal("49999.9")]


@pytest.mark.parametrize(
    "values",
    [
        {"leverage": 0},
        {"initial_margin": 0},
        {"maintenance_margin": 2},
        {"taker": 1},
        {"maker_fee": "-0.5"},
        {"taker_fee": "2"},
        {"taker_fee": "0.0501"},
        {"liquidation_fee": "1.25"},
        {"largest_share": 0},
        {"queue_depletion": "all"},
        {"liquidity_consumption": True},
    ],
)
def test_settings_that_make_no_sense_are_named(values):
    """Before anything runs."""
    with pytest.raises(ConfigInvalid, match=next(iter(values))):
        Experiment.parse(listing="um:BTCUSDT", first="2024-03-30", last="2024-03-30", venue=values)


@pytest.mark.parametrize(
    "signal", [{"lpi": float("nan")}, {"lpi": 0.9, "rv": float("nan")}, {"lpi": 0.9, "oi_z": float("nan")}]
)
def test_what_is_not_a_number_buys_nothing(signal):
    """No comparison with NaN holds, and no size comes of it; nor is anything sold on it."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, **signal)
    assert both(day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1")).orders == {}
    held = one_trip()
    held.signals[-1]["lpi"] = float("nan")
    assert both(held).fills[-1].decision.reason is OrderReason.SESSION_END


def test_an_insolvent_account_buys_nothing_more():
    """Liquidated at 25,100 with a fee of more than is left: below zero, and the next signal finds no money."""
    day = Scenario().quote(1, "50000.0", "50000.1", "0.5").trade(10, "50000.0", "0.5").signal(10, 0.9)
    day.trade(12, "50000.0", "9").quote(13, "50000.0", "50000.1").mark(119.999, "25100")
    day.quote(119, "25100.0", "25100.1").quote(122, "25100.0", "25100.1").signal(200, 0.9).trade(210, "25100.0", "9")
    outcome = both(day, max_leverage=2.0)
    assert outcome.final < 0
    assert [fill.decision.reason for fill in outcome.fills] == [OrderReason.ENTRY, OrderReason.LIQUIDATION]
