"""Replaying what matters gives what replaying everything gives."""

from datetime import date
from decimal import Decimal

import pytest
from fakes.scenario import Scenario, both
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nautilus_trader.model.enums import AggressorSide

from phoenix_core.backtest.experiment import Experiment, VenueParameters
from phoenix_core.backtest.run import run
from phoenix_core.backtest.venue import order_latency_ns
from phoenix_core.strategies.events import Why

TICKS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 5, 40, 900, 20_000]),  # ms since the last event, often none
        st.integers(-6, 6),  # ticks the bid moves
        st.integers(1, 4),  # ticks of spread
        st.sampled_from(["quote", "sale", "purchase", "pressure", "calm"]),
        st.sampled_from(["0.010", "0.300", "2.000"]),
    ),
    min_size=5,
    max_size=90,
)


def scenario(ticks, *, with_quotes):
    day = Scenario()
    moment, bid = 1.0, Decimal("50000.0")
    if with_quotes:
        day.quote(moment, bid, bid + Decimal("0.1"), "1", "1")
    for gap, move, spread, kind, size in ticks:
        moment += gap / 1000
        bid += move * Decimal("0.1")
        ask = bid + spread * Decimal("0.1")
        if kind == "quote" and with_quotes:
            day.quote(moment, bid, ask, size, size)
        elif kind in {"sale", "quote"}:
            day.trade(moment, bid, size)
        elif kind == "purchase":
            day.trade(moment, ask, size, "BUYER")
        else:
            day.trade(moment, bid, size).signal(moment, 0.9 if kind == "pressure" else 0.1)
    day.funds(20, "0.0001", bid).mark(59.999, bid)
    # The last signal ends all quoting anew, which would otherwise go on every 50 ms until midnight.
    return day.trade(moment + 4, bid, "1").trade(moment + 5, bid, "1", "BUYER").signal(moment + 6, 0.1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    TICKS,
    st.booleans(),
    st.fixed_dictionaries(
        {
            "order_latency_ms": st.sampled_from([0, 7, 30]),
            "order_latency_spread_ms": st.sampled_from([0, 0, 25, 4000]),
            "price_protection_ticks": st.sampled_from([0, 0, 3]),
            "queue_position": st.booleans(),
            "liquidity_consumption": st.sampled_from([None, True, False]),
            "prob_fill_on_limit": st.sampled_from([0.0, 0.5, 1.0]),
            "prob_slippage": st.sampled_from([0.0, 0.5]),
            "feed_latency_ms": st.sampled_from([0, 0, 3, 500]),
            "maker_fee": st.sampled_from(["-0.0001", "0", "0.0002"]),
            "taker_fee": st.sampled_from(["0", "0.0005"]),
            "leverage": st.sampled_from([1, 2, 10]),
            "maintenance_margin": st.sampled_from([None, "0.4999", "0.9"]),  # so high that it is reached
            "liquidation": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "entry_timeout_secs": st.sampled_from([0.05, 3.0, 60.0]),
            "requote": st.booleans(),
            "max_leverage": st.sampled_from([0.5, 2.0, 9.0]),
        }
    ),
)
def test_on_any_market(ticks, with_quotes, venue, strategy):
    """Both modes agree fill for fill and cent for cent, under every setting of costs, queue, latency and order life.

    And what holds of any run: the books are the account, no position exceeds the leverage, an entry is a
    maker at its limit or better, and never bought where a seller already stood.
    """
    day = scenario(ticks, with_quotes=with_quotes)
    outcome = both(day, venue=venue, expected_alpha=0.01, **strategy)
    held_by_hand(outcome, VenueParameters.model_validate(venue), strategy["max_leverage"])
    if with_quotes and not venue["order_latency_spread_ms"]:
        latency_ns = order_latency_ns(VenueParameters.model_validate(venue))
        entries = [fill for fill in outcome.fills if fill.decision.why is Why.ENTRY]
        assert all(fill.price < ask_at(day, fill.decision.ts + latency_ns) for fill in entries)


def held_by_hand(outcome, venue, max_leverage):
    """The account and the position from the fills alone, by the plainest arithmetic."""
    allowed = min(Decimal(repr(max_leverage)), venue.leverage)
    cash, held, paid = venue.starting_balance, Decimal(0), Decimal(0)
    events = [(fill.ts, 0, fill) for fill in outcome.fills] + [(one.ts, 1, one) for one in outcome.settled]
    for _, is_charge, event in sorted(events, key=lambda item: item[:2]):
        if is_charge:
            cash += event.amount
            continue
        if event.decision.why is Why.ENTRY:
            assert event.liquidity == "MAKER"
            equity = cash + held * event.price - paid
            held, paid = held + event.quantity, paid + event.quantity * event.price
            # Fees of earlier parts of the same order have left the account since it was sized.
            assert held * event.price <= allowed * equity * Decimal("1.002") + Decimal("0.01")
        else:
            average = paid / held
            cash += event.quantity * (event.price - average)
            held, paid = held - event.quantity, paid - event.quantity * average
        cash -= event.fee
    assert held == 0
    assert abs(cash - outcome.final) < Decimal("0.01")


def ask_at(day, instant):
    """The ask that the exchange showed at an instant: of the last quote, or above it where a purchase paid more since."""
    quote = [quote for quote in day.quotes if quote.ts_init <= instant][-1]
    since = [trade for trade in day.trades if quote.ts_init <= trade.ts_init <= instant]
    paid = [trade.price for trade in since if trade.aggressor_side == AggressorSide.BUYER]
    return max([quote.ask_price, *paid]).as_decimal()


@pytest.mark.slow
@pytest.mark.parametrize("venue", [{}, {"order_latency_ms": 0.0, "queue_position": False, "prob_slippage": 0.3}])
def test_both_modes_agree_on_a_synthetic_market(market, venue):
    """Two days in one go, with positions, funding and marks, from the catalog's files."""
    results = {}
    for mode in ("signals", "full"):
        chosen = Experiment.parse(
            listing="um:BTCUSDT", first=market.days[0], last=market.days[1], replay=mode, venue=venue,
            strategy={"lpi_entry_threshold": 0.7},
        )  # fmt: skip
        results[mode] = run(market.lake, chosen)
    signals, full = results["signals"], results["full"]
    assert signals.fills.height > 10
    assert signals.fills.equals(full.fills)
    assert signals.ledger.rows.equals(full.ledger.rows)
    assert signals.final_balance == full.final_balance
    assert signals.equity.equals(full.equity)
    assert signals.events * 10 < full.events


def test_both_modes_agree_on_real_minutes(real_minutes):
    """66,088 quotes and 10,447 aggregate trades of 2024-08-08, gates off, threshold 0.5: it trades."""
    results = []
    for mode in ("signals", "full"):
        chosen = Experiment.parse(
            listing="um:BTCUSDT", first=date(2024, 8, 8), last=date(2024, 8, 8), replay=mode,
            strategy={"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5},
        )  # fmt: skip
        results.append(run(real_minutes, chosen))
    assert results[0].fills.height > 0
    assert results[0].fills.equals(results[1].fills)
    assert results[0].final_balance == results[1].final_balance
    assert any("mark_prices" in what for what in results[0].without[date(2024, 8, 8)])
