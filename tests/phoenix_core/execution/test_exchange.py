"""The scenario sheet of docs/fills.md: each case worked out by hand, by the exchange, and by the second implementation.

The market: bid 50,000.0 × 1, ask 50,000.1 × 2, from second 1 on. Orders arrive 5.5 ms after they were sent.
"""

import pytest
from fakes.scenario import Scenario, at
from fakes.scripted import Script, played
from hypothesis import given, settings
from hypothesis import strategies as st


def calm():
    return Scenario().quote(1, "50000.0", "50000.1", "1", "2")


def buys(quantity="3", limit="50000.0", **how):
    return Script().send(2, "BUY", quantity, limit, **how)


# -- rules 1 and 2: arrival and ties ----------------------------------------------------------------------


def test_an_order_stands_behind_what_is_shown_when_it_arrives():
    """1 lot when it was sent, 4 when it arrived: of a sale of 6 it gets 2."""
    day = calm().quote(2.003, "50000.0", "50000.1", "4", "2").trade(3, "50000.0", "6")
    assert played(day, buys()).of(0) == [("2", "50000.0")]


def test_what_happens_in_the_millisecond_of_arrival_was_there_before():
    """Sent at 2.000, latency 5 ms: the sale of 2.005 is before 2.0055, that of 2.006 after. 1 ahead, so 2 of 3."""
    day = calm().trade(2.005, "50000.0", "9").quote(2.005, "50000.0", "50000.1", "1", "2").trade(2.006, "50000.0", "3")
    assert played(day, buys()).of(0) == [("2", "50000.0")]


def test_a_quote_is_the_state_after_the_trades_of_its_millisecond():
    """A sale of 5 and a new bid of 7 at 3.000: the queue of 1 is served, 3 are filled; the 7 came behind us."""
    day = calm().quote(3, "50000.0", "50000.1", "7", "2").trade(3, "50000.0", "5")
    assert played(day, buys("4")).of(0) == [("4", "50000.0")]


def test_a_trade_without_a_quote_leaves_the_book_as_it_was():
    """After a lone sale of 0.01 the bid still shows 1, and a seller at market gets 1 there, not 0.01."""
    day = calm().trade(1.9, "50000.0", "0.01")
    assert played(day, Script().send(2, "SELL", "3")).of(0) == [("1", "50000.0")]


# -- rules 3 and 4: queue and trades -----------------------------------------------------------------------


def test_partial_fills_in_order():
    """1 ahead; sales of 0.4, 0.9, 0.5: nothing, 0.3, 0.5 of 3."""
    day = calm().trade(3, "50000.0", "0.4").trade(4, "50000.0", "0.9").trade(5, "50000.0", "0.5")
    assert played(day, buys()).of(0) == [("0.3", "50000.0"), ("0.5", "50000.0")]


def test_a_sale_below_passes_the_whole_queue():
    """Nobody sells at 49,999.9 while somebody at 50,000 still buys: all of its 0.7, at our price."""
    assert played(calm().trade(3, "49999.9", "0.7"), buys()).of(0) == [("0.7", "50000.0")]


def test_purchases_and_sales_above_do_nothing():
    """Whoever bought, or sold for more, did not meet us."""
    day = calm().trade(3, "50000.0", "9", "BUYER").trade(4, "49999.0", "9", "BUYER").trade(5, "50000.1", "9")
    assert played(day, buys()).fills == []


def test_inside_the_spread_nobody_is_ahead():
    """Bid 50,000.0, ask 50,000.5, limit 50,000.2: the first sale there or below is ours."""
    day = Scenario().quote(1, "50000.0", "50000.5", "9", "9").trade(3, "50000.0", "2")
    assert played(day, buys(limit="50000.2")).of(0) == [("2", "50000.2")]


def test_below_the_bid_the_queue_is_unknown_until_its_price_is_shown():
    """A sale at 49,999.9 fills nothing yet; then 5 are shown there: of 6 sold one is ours."""
    day = calm().trade(3, "49999.9", "2").quote(4, "49999.9", "50000.1", "5", "2").trade(5, "49999.9", "6")
    assert played(day, buys(limit="49999.9")).of(0) == [("1", "49999.9")]


def test_a_level_that_is_gone_has_no_queue():
    """9 ahead at 50,000; the bid falls below and comes back with 9 new ones, which stand behind us."""
    day = Scenario().quote(1, "50000.0", "50000.1", "9", "2").quote(3, "49999.9", "50000.1", "1", "2")
    day.quote(4, "50000.0", "50000.1", "9", "2").trade(5, "50000.0", "0.5")
    assert played(day, buys()).of(0) == [("0.5", "50000.0")]


@pytest.mark.parametrize(("depletion", "got"), [("none", []), ("bounded", ["1"]), ("proportional", ["3.25"])])
def test_cancellations_move_the_queue_as_asked(depletion, got):
    """10 ahead, 6 more join, 10 of the 16 are cancelled, and 7 are sold.

    none: 10 were ahead of them. bounded: at most the 6 shown, so 1 is ours. proportional: of the 10 that left 10/16 stood
    ahead, 6.25, so 3.75 are left there, and 3.25 are ours.
    """
    day = Scenario().quote(1, "50000.0", "50000.1", "10", "2").quote(3, "50000.0", "50000.1", "16", "2")
    day.quote(4, "50000.0", "50000.1", "6", "2").trade(5, "50000.0", "7")
    fills = played(day, buys("9"), queue_depletion=depletion).of(0)
    assert [quantity for quantity, _ in fills] == got


def test_what_traded_was_not_cancelled():
    """proportional: of 10 ahead 4 are sold and then 3 of 6 shown: half of the 6 ahead leave with them, so 2 of 5 sold are ours."""
    day = Scenario().quote(1, "50000.0", "50000.1", "10", "2").trade(3, "50000.0", "4")
    day.quote(4, "50000.0", "50000.1", "6", "2").quote(5, "50000.0", "50000.1", "3", "2").trade(6, "50000.0", "5")
    assert played(day, buys("9"), queue_depletion="proportional").of(0) == [("2", "50000.0")]
    # Had the 4 counted as cancelled, 4/10 of those ahead would have left once more.
    joined = Scenario().quote(1, "50000.0", "50000.1", "10", "2").quote(2.5, "50000.0", "50000.1", "20", "2")
    joined.trade(3, "50000.0", "4").quote(4, "50000.0", "50000.1", "16", "2").trade(6, "50000.0", "8")
    assert played(joined, buys("9"), queue_depletion="proportional").of(0) == [("2", "50000.0")]


def test_an_order_is_filled_by_a_quote_before_the_strategy_sees_it():
    """Whoever acts on a quote knows what it did to his orders."""
    day = calm().quote(3, "49999.9", "50000.0", "1", "0.4").quote(4, "49999.9", "50000.1", "1", "0.4")
    script = buys()
    script.log = []
    played(day, script)
    assert script.log == ["quote at 1", "filled at 3", "quote at 3", "quote at 4"]


def test_a_sweep_gives_what_it_sold():
    """One seller sweeps 0.8 at 50,000.0, 0.5 at 49,999.9 and 0.6 at 49,999.5: 0.2 of the queue are still ahead."""
    day = calm().trade(3, "50000.0", "0.8").trade(3, "49999.9", "0.5").trade(3, "49999.5", "0.6")
    day.quote(3, "49999.4", "50000.1", "1", "1")
    assert played(day, buys()).of(0) == [("0.5", "50000.0"), ("0.6", "50000.0")]


# -- rule 5: quotes ----------------------------------------------------------------------------------------


def test_an_ask_at_our_price_gives_what_it_shows_once():
    """0.4 come to 50,000.0, shown twice; then 0.6, of which 0.2 are new; then the ask leaves and 0.3 come back."""
    day = calm().quote(3, "49999.9", "50000.0", "1", "0.4").quote(4, "49999.9", "50000.0", "2", "0.4")
    day.quote(5, "49999.9", "50000.0", "1", "0.6").quote(6, "49999.9", "50000.1", "1", "5")
    day.quote(7, "49999.9", "50000.0", "1", "0.3")
    assert [quantity for quantity, _ in played(day, buys()).of(0)] == ["0.4", "0.2", "0.3"]


def test_lots_that_move_are_no_new_ones():
    """0.5 are shown and taken; 0.2, 0.3 at a better price and 0.5 again may be the same ones; of 0.6 one tenth is not."""
    day = calm().quote(3, "49999.9", "50000.0", "1", "0.5").quote(4, "49999.9", "50000.0", "1", "0.2")
    day.quote(5, "49999.7", "49999.8", "1", "0.3").quote(6, "49999.9", "50000.0", "1", "0.5")
    day.quote(7, "49999.7", "49999.8", "1", "0.6")
    assert played(day, buys()).of(0) == [("0.5", "50000.0"), ("0.1", "50000.0")]


def test_lots_shown_after_others_bought_are_new_ones():
    """0.5 are shown and taken by us; in truth somebody bought 0.3 of them: of the 0.4 shown then 0.2 are new."""
    day = calm().quote(3, "49999.9", "50000.0", "1", "0.5").trade(4, "50000.0", "0.3", "BUYER")
    day.quote(4, "49999.9", "50000.0", "1", "0.4")
    assert played(day, buys()).of(0) == [("0.5", "50000.0"), ("0.2", "50000.0")]


def test_implied_quotes_fill_no_maker():
    """Their sizes were never shown."""
    day = calm().quote(3, "49999.9", "50000.0", "1", "0.4")
    assert played(day, buys(), implied=True).fills == []


# -- rules 6 to 9: taking ----------------------------------------------------------------------------------


def test_a_post_only_order_that_would_take_is_rejected():
    """The ask came to its price on the way."""
    day = calm().quote(2.003, "49999.9", "50000.0", "1", "2")
    assert played(day, buys(post_only=True)).statuses == ["REJECTED"]


def test_without_a_quote_nothing_is_accepted():
    """There is no market to stand in."""
    day = Scenario().quote(30, "50000.0", "50000.1", "1", "2")
    script = buys(post_only=True).send(3, "BUY", "1")
    assert played(day, script).statuses == ["REJECTED", "REJECTED"]


def deep():
    """100 within 1 % of the mid of 50,000.05, which is up to 50,500.0505, and 300 within 2 %."""
    return calm().depth(1, [(1, "100"), (2, "300")], [(1, "100"), (2, "300")])


def test_a_market_order_walks_through_the_depth():
    """200: 2 at the ask, 98 up to 50,500.0505, 100 of the 200 up to 51,000.051.

    The 98 lie evenly from 50,000.1 to 50,500.0505, their middle 50,250.075: paid 50,250.1. The 100 lie from
    50,500.0505 half way on to 51,000.051; their middle a quarter on, 50,625.0506: paid 50,625.1.
    """
    fills = played(deep(), Script().send(2, "BUY", "200")).of(0)
    assert fills == [("2", "50000.1"), ("98", "50250.1"), ("100", "50625.1")]


def test_a_seller_walks_downward():
    """1 at the bid; 99 from 50,000 to 49,500.0495, middle 49,750.02: 49,750.0. Rounded against him."""
    fills = played(deep(), Script().send(2, "SELL", "100")).of(0)
    assert fills == [("1", "50000.0"), ("99", "49750.0")]


def test_beyond_the_depth_there_is_nothing():
    """300 lots are known, so of 1,000 asked for 300 come and the rest is cancelled."""
    outcome = played(deep(), Script().send(2, "BUY", "1000"))
    assert sum(fill.quantity for fill in outcome.fills) == 300
    assert outcome.statuses == ["CANCELED"]


def test_what_must_be_closed_pays_five_percent_for_the_rest():
    """700 beyond the 300: at 50,000.05 × 1.05 = 52,500.0525, so 52,500.1."""
    assert played(deep(), Script().send(2, "BUY", "1000", forced=True)).of(0)[-1] == ("700", "52500.1")


def test_a_limit_stops_the_walk():
    """Limit 50,250: 2 at the ask, then lots up to 50,250 of 50,000.1 to 50,500.0505: 0.49985 of 98 = 48.985.

    Their middle is half way to the limit, 50,125.05: paid 50,125.1. An IOC order's rest is cancelled, another's rests.
    """
    expected = [("2", "50000.1"), ("48.985", "50125.1")]
    script = Script().send(2, "BUY", "60", "50250.0", ioc=True).send(2.1, "SELL", "1", "51000.0").cancel(3, 1)
    outcome = played(deep(), script)
    assert outcome.of(0) == expected
    assert outcome.statuses == ["CANCELED", "CANCELED"]
    assert played(deep(), Script().send(2, "BUY", "60", "50250.0")).statuses == ["PARTIALLY_FILLED"]


def test_depth_is_taken_once():
    """A second order begins where the first one ended, until the next snapshot: 10 of 98, then 10 of the 88."""
    script = Script().send(2, "BUY", "12").send(2.1, "BUY", "10").send(31, "BUY", "12")
    outcome = played(deep().depth(30, [], [(1, "100")]).quote(30, "50000.0", "50000.1", "1", "2"), script)
    # From 50,000.1 by 499.9505 / 98 a lot: middles at 5, 15; after the new snapshot at 5 again.
    assert outcome.of(0) == [("2", "50000.1"), ("10", "50025.7")]
    assert outcome.of(1) == [("10", "50076.7")]
    assert outcome.of(2) == [("2", "50000.1"), ("10", "50025.7")]


def test_what_a_walk_took_is_not_shown_to_us_again():
    """After a walk to 50,051.2 a rising ask first shows lots at 50,020: these were taken. At 50,060 they are new."""
    day = deep().quote(2.1, "50000.0", "50020.0", "1", "3").quote(2.2, "50000.0", "50060.0", "1", "3")
    script = Script().send(2, "BUY", "12").send(2.12, "BUY", "1", "50020.0", ioc=True)
    script.send(2.22, "BUY", "1", "50060.0", ioc=True)
    outcome = played(day, script)
    assert outcome.of(1) == []
    assert outcome.of(2) == [("1", "50060.0")]


def test_an_old_snapshot_is_none():
    """Five minutes and a millisecond later only what is shown is sold."""
    script = Script().send(301.1, "BUY", "10")
    assert played(deep(), script, until=310).of(0) == [("2", "50000.1")]


def test_what_is_shown_is_taken_once():
    """2 at the ask: the first order takes them, the second finds none, and after the next quote one of 3."""
    day = calm().quote(4, "50000.0", "50000.1", "1", "3")
    script = Script().send(2, "BUY", "2").send(2.5, "BUY", "1").send(3.9999, "BUY", "5")
    outcome = played(day, script)
    assert [outcome.of(number) for number in range(3)] == [[("2", "50000.1")], [], [("3", "50000.1")]]


def test_after_a_second_another_quote_is_new():
    """What was taken is remembered for a second: the quote of 2.5 shows 1 lot of 2 taken ones, that of 4 is new."""
    day = calm().quote(2.5, "50000.0", "50000.1", "1", "3").quote(4, "50000.0", "50000.1", "1", "2")
    script = Script().send(2, "BUY", "2").send(2.6, "BUY", "9").send(4.1, "BUY", "9")
    outcome = played(day, script)
    assert [outcome.of(number) for number in range(3)] == [[("2", "50000.1")], [("1", "50000.1")], [("2", "50000.1")]]


# -- rules 10 and 12 ---------------------------------------------------------------------------------------


def test_two_orders_share_a_trade():
    """Both behind the same 1; a sale of 5: 1 ahead, 3 to the first, 1 to the second."""
    script = buys().send(2.1, "BUY", "3", "50000.0")
    outcome = played(calm().trade(3, "50000.0", "5"), script)
    assert [outcome.of(0), outcome.of(1)] == [[("3", "50000.0")], [("1", "50000.0")]]


def test_the_better_price_is_served_first():
    """The later order pays more: a sale of 4 through both gives it 3 and the other one 1."""
    day = Scenario().quote(1, "50000.0", "50000.5", "1", "2").trade(3, "49999.0", "4")
    outcome = played(day, buys().send(2.1, "BUY", "3", "50000.2"))
    assert [outcome.of(0), outcome.of(1)] == [[("1", "50000.0")], [("3", "50000.2")]]


def test_a_seller_is_the_mirror_image():
    """2 ahead at the ask; purchases of 2.5 there and 0.4 above, then a bid of 0.3 at its price."""
    day = calm().trade(3, "50000.1", "2.5", "BUYER").trade(4, "50000.3", "0.4", "BUYER")
    day.quote(5, "50000.1", "50000.4", "0.3", "1")
    fills = played(day, Script().send(2, "SELL", "3", "50000.1")).of(0)
    assert fills == [("0.5", "50000.1"), ("0.4", "50000.1"), ("0.3", "50000.1")]


def test_a_reduce_only_order_is_cut_to_the_position():
    """2 are held, 5 are to be sold: 1 at the bid is all that is shown, and never more than 2."""
    script = Script().send(2, "BUY", "2").send(3, "SELL", "5", reduce_only=True).send(4, "BUY", "1", reduce_only=True)
    outcome = played(calm().quote(2.5, "50000.0", "50000.1", "9", "2"), script)
    assert outcome.of(1) == [("2", "50000.0")]
    assert outcome.statuses[2] == "REJECTED"


def test_a_cancelled_order_gets_nothing_more():
    """Its cancellation arrives at 3.0055; a sale in the millisecond before still fills it."""
    day = calm().trade(3.005, "50000.0", "2").trade(3.006, "50000.0", "2")
    outcome = played(day, buys().cancel(3, 0))
    assert outcome.of(0) == [("1", "50000.0")]
    assert outcome.statuses == ["CANCELED"]


# -- any market, any orders --------------------------------------------------------------------------------

SIZES = st.sampled_from(["0.001", "0.3", "1", "2", "7"])
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, 30, 400, 1500]),
        st.sampled_from(["quote", "quote", "sale", "purchase", "depth"]),
        st.integers(-3, 3),
        st.integers(1, 3),
        SIZES,
        SIZES,
    ),
    min_size=20,
    max_size=80,
)
ORDERS = st.lists(
    st.tuples(
        st.integers(0, 6_000),
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(["0.5", "3", "40"]),
        st.sampled_from([None, -4, -1, 0, 1, 3]),
        st.sampled_from([{}, {}, {"post_only": True}, {"ioc": True}]),
        st.sampled_from([None, None, 20, 900]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, ORDERS, st.sampled_from(["none", "bounded", "proportional"]), st.booleans())
def test_any_orders_on_any_market(events, orders, depletion, implied):
    """Exchange and second implementation agree fill for fill."""
    day, tenth, moment = Scenario(), 500_000, 1000
    day.quote(0.9, "50000.0", "50000.1", "1", "2")
    for gap, kind, move, spread, size, other in events:
        moment += gap
        if kind == "quote":
            tenth += move
            day.quote(moment / 1000, f"{tenth / 10}", f"{(tenth + spread) / 10}", size, other)
        elif kind == "depth":
            if day.depths and day.depths[-1][0] == at(moment / 1000):
                continue  # two snapshots of one instant would be one
            day.depth(moment / 1000, [(1, size), (2, "50")], [(1, other), (2, "50")])
        else:
            price = tenth - abs(move) + 1 if kind == "sale" else tenth + abs(move)
            day.trade(moment / 1000, f"{price / 10}", size, "SELLER" if kind == "sale" else "BUYER")
    script = Script()
    for number, (after, side, quantity, offset, how, life) in enumerate(sorted(orders, key=lambda one: one[0])):
        sent = 1 + after / 1000 + number * 1e-6
        limit = None if offset is None else f"{(500_000 + offset) / 10}"
        script.send(sent, side, quantity, limit, **({} if limit is None else how))
        if life is not None and limit is not None and not how.get("ioc"):
            script.cancel(sent + life / 1000, number)
    played(day, script, until=120, implied=implied, queue_depletion=depletion)
