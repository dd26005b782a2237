"""Ticks that are passed over would have changed nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phoenix_core.execution.depth import Grid
from phoenix_core.execution.passing import Passage
from phoenix_core.execution.rule import Market, Order, QueueDepletion, Rule
from phoenix_core.execution.tape import Place, Quotes, Tape, Trades

UNIT, LOT = 100, 10
TICKS = st.lists(
    st.tuples(
        st.integers(0, 2),  # ms since the last event
        st.sampled_from(["quote", "sale", "purchase"]),
        st.integers(96, 104),
        st.integers(1, 3),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=60,
)
ORDERS = st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(95, 105), st.integers(1, 30)), min_size=1, max_size=4)


def tape_of(ticks):
    """A tape, and the same events in the order of docs/fills.md."""
    moment, trades, quotes, events = 0, [], [], []
    for gap, kind, price, spread, size, other in ticks:
        moment += gap * 1_000_000
        if kind == "quote":
            row = (moment, price, size, price + spread, other)
            events.append((moment, 1, len(quotes), row[1:]))
            quotes.append(row)
        else:
            row = (moment, price, size, 1 if kind == "purchase" else -1)
            events.append((moment, 0, len(trades), row[1:]))
            trades.append(row)
    columns = [np.array(rows, dtype=np.int64).reshape(-1, width).T for rows, width in ((trades, 4), (quotes, 5))]
    return Tape(Trades(*columns[0]), Quotes(*columns[1]), UNIT, LOT), sorted(events)


def market_with(orders, depletion, *, quotes_fill):
    market = Market(Rule(Grid(UNIT, LOT), depletion=depletion, quotes_fill=quotes_fill))
    market.quote(99 * UNIT, 5 * LOT, 101 * UNIT, 5 * LOT)
    fills = []
    for number, (sign, price, lots) in enumerate(orders):
        fills += market.arrive(Order(str(number), sign, lots * LOT, price * UNIT, rests=True))
    return market, fills


def told_everything(market, events):
    """Every tick; the number of each in the order of time, with what it filled."""
    for _, is_quote, row, values in events:
        if is_quote:
            bid, bid_size, ask, ask_size = values
            filled = market.quote(bid * UNIT, bid_size * LOT, ask * UNIT, ask_size * LOT)
        else:
            price, size, aggressor = values
            filled = market.trade(price * UNIT, size * LOT, aggressor)
        if filled:
            yield bool(is_quote), row, filled


@given(TICKS, ORDERS, st.sampled_from(list(QueueDepletion)), st.booleans())
def test_what_concerns_no_order_can_be_left_out(ticks, orders, depletion, quotes_fill):
    """Buyers and sellers, makers that wait behind others or took before they rested; the same fills at the same ticks."""
    tape, events = tape_of(ticks)
    expected = list(told_everything(market_with(orders, depletion, quotes_fill=quotes_fill)[0], events))
    passage = Passage(market_with(orders, depletion, quotes_fill=quotes_fill)[0], tape)
    end = Place(tape.trades.ts.size, tape.quotes.ts.size)
    found = []
    while filled := passage.until(end):
        found.append((passage.place, filled))
    places = [tape.behind_quote(row) if is_quote else tape.behind_trade(row) for is_quote, row, _ in expected]
    assert found == list(zip(places, (filled for *_, filled in expected), strict=True))
    assert passage.place == end


@given(TICKS, st.tuples(ORDERS, ORDERS), st.sampled_from(list(QueueDepletion)))
def test_what_was_found_for_one_experiment_serves_another(ticks, both, depletion):
    """On a tape that others went along before, fills are those on a tape of one's own."""
    tape, _ = tape_of(ticks)
    end = Place(tape.trades.ts.size, tape.quotes.ts.size)
    for orders in (*both, both[0]):
        alone, shared = (
            Passage(market_with(orders, depletion, quotes_fill=True)[0], one) for one in (tape_of(ticks)[0], tape)
        )
        while filled := alone.until(end):
            assert (shared.until(end), shared.place) == (filled, alone.place)
        assert (shared.until(end), shared.place) == ([], end)


def test_what_concerns_an_order_is_looked_for_once():
    """Of two experiments that send the same order, whatever its size, the second looks at no column again."""
    tape, _ = tape_of([(1, "quote", 99, 2, 5, 5), (1, "sale", 99, 1, 9, 0), (1, "quote", 98, 2, 5, 5)])
    watched = []
    for lots in (1, 3):
        passage = Passage(market_with([(1, 99, lots)], QueueDepletion.NONE, quotes_fill=True)[0], tape)
        assert passage.until(Place(1, 2))
        watched.append(list(tape.watched.values()))
    assert len(watched[0]) == 1
    assert watched[0][0] is watched[1][0]
    assert len(watched[1]) == 1


def test_an_instant_is_trades_first_then_quotes():
    """Two trades and two quotes of one millisecond, and where places around them lie."""
    tape, _ = tape_of(
        [(1, "quote", 99, 1, 1, 1), (0, "sale", 99, 1, 1, 0), (0, "quote", 98, 1, 1, 1), (0, "sale", 98, 1, 1, 0)]
    )
    assert tape.behind_the_first(1_000_000) == tape.behind_trade(0) == Place(1, 0)
    assert (tape.behind_trade(1), tape.behind_quote(0), tape.at(1_000_000)) == (Place(2, 0), Place(2, 1), Place(2, 2))
    assert tape.behind_the_first(2_000_000) == tape.at(999_999 + 1) == Place(2, 2)
    assert tape.at(999_999) == Place(0, 0)
