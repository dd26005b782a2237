"""Replaying what matters gives what replaying everything gives."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pytest
from fakes.law import assert_skipping_changes_nothing
from fakes.scenario import Scenario, as_rows, both, recomputed, request_of, terms_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phoenix_core.backtest.experiment import Experiment, VenueParameters
from phoenix_core.backtest.run import run
from phoenix_core.backtest.venue import as_traded, order_latency_ns
from phoenix_core.execution.decisions import OrderReason
from phoenix_core.instruments.table import specification
from phoenix_core.market import Listing
from phoenix_core.verification.files import data_of
from phoenix_core.verification.replayer import Replayer

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


def scenario(ticks, *, with_quotes, with_depth):
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
    if with_depth:
        day.depth(2, [(1, "0.5"), (2, "4")], [(1, "0.5"), (2, "4")]).depth(9, [(1, "0"), (3, "90")], [(1, "90")])
    day.funds(20, "0.0001", bid).mark(59.999, bid)
    # The last signal ends all quoting anew, which would otherwise go on every 50 ms until midnight.
    return day.trade(moment + 4, bid, "1").trade(moment + 5, bid, "1", "BUYER").signal(moment + 6, 0.1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    TICKS,
    st.booleans(),
    st.booleans(),
    st.fixed_dictionaries(
        {
            "order_latency_ms": st.sampled_from([0, 7, 30]),
            "order_latency_spread_ms": st.sampled_from([0, 0, 25, 4000]),
            "price_protection_ticks": st.sampled_from([0, 0, 3]),
            "queue_position": st.booleans(),
            "queue_depletion": st.sampled_from(["none", "bounded", "proportional"]),
            "prob_fill_on_limit": st.sampled_from([1.0, 1.0, 0.5, 0.0]),
            "prob_slippage": st.sampled_from([0.0, 0.0, 0.5]),
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
@pytest.mark.slow
def test_on_any_market(ticks, with_quotes, with_depth, venue, strategy):
    """Both modes agree fill for fill and cent for cent, under every setting of costs, queue, latency and order life.

    So does a second implementation of docs/fills.md that shares no code with them. And what holds of any run: the books are the account, no position exceeds the leverage, an entry is a
    maker at its limit or better, and never bought where a seller already stood.
    """
    day = scenario(ticks, with_quotes=with_quotes, with_depth=with_depth)
    outcome = both(day, venue=venue, expected_alpha=0.01, **strategy)
    held_by_hand(outcome, VenueParameters.model_validate(venue), strategy["max_leverage"])
    if with_quotes and not venue["prob_slippage"] and venue["prob_fill_on_limit"] == 1:
        second = recomputed(day, outcome, venue)
        assert second.fills == as_rows(outcome.fills)
        charges = sum(one.amount for one in outcome.settled)
        assert abs(second.account(VenueParameters().starting_balance) + charges - outcome.final) < Decimal("0.01")
    if with_quotes and not venue["order_latency_spread_ms"]:
        late_ns = order_latency_ns(VenueParameters.model_validate(venue)) + 500_000
        entries = [fill for fill in outcome.fills if fill.decision.reason is OrderReason.ENTRY]
        assert all(fill.price < ask_at(day, fill.decision.ts + late_ns) for fill in entries)


def held_by_hand(outcome, venue, max_leverage):
    """The account and the position from the fills alone, by the plainest arithmetic."""
    allowed = min(Decimal(repr(max_leverage)), venue.leverage)
    cash, held, paid = venue.starting_balance, Decimal(0), Decimal(0)
    events = [(fill.ts, 0, fill) for fill in outcome.fills] + [(one.ts, 1, one) for one in outcome.settled]
    for _, is_charge, event in sorted(events, key=lambda item: item[:2]):
        if is_charge:
            cash += event.amount
            continue
        if event.decision.reason is OrderReason.ENTRY:
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
    """The ask that the exchange showed at an instant."""
    return [quote for quote in day.quotes if quote.ts_init <= instant][-1].ask_price.as_decimal()


@pytest.mark.slow
@pytest.mark.parametrize("venue", [{}, {"order_latency_ms": 0.0, "queue_position": False, "prob_slippage": 0.3}])
def test_both_modes_agree_on_a_synthetic_market(market, venue):
    """Two days in one go, with positions, funding and marks, from the catalog's files."""
    chosen = Experiment.parse(
        listing="um:BTCUSDT", first=market.days[0], last=market.days[1], venue=venue,
        strategy={"lpi_entry_threshold": 0.7},
    )  # fmt: skip
    skipping, full = assert_skipping_changes_nothing(market.lake, chosen)
    assert skipping.fills.height > 10
    assert skipping.events * 10 < full.events


@cache
def published(archive, days):
    """What the files of these days say, read once for all that is asked of them."""
    folder = archive / "data/futures/um/daily"

    def zips(dataset):
        return [
            path for day in days for path in [folder / dataset / "BTCUSDT" / f"BTCUSDT-{dataset}-{day}.zip"]
            if path.is_file()
        ]  # fmt: skip

    data = data_of(zips("aggTrades"), zips("bookTicker"), zips("bookDepth"))
    return replace(data, trades=list(data.trades), quotes=list(data.quotes))


def by_zips(archive, result):
    """The result's fills and account anew, from the published files of its days."""
    data = published(archive, tuple(result.days))
    venue = result.experiment.venue
    terms = terms_of(as_traded(specification(Listing.parse("um:BTCUSDT"), result.days[0]), venue), venue)
    return Replayer(data, [request_of(one) for one in result.sent], terms).run()


def assert_same(replayer, result):
    """Fill for fill, and the account to the cent."""
    columns = ("ts", "order_id", "side", "quantity", "price", "liquidity")
    assert replayer.fills == list(result.fills.select(columns).iter_rows())
    venue = result.experiment.venue
    cash = replayer.account(venue.starting_balance) + result.ledger.parts.funding
    assert abs(cash - result.final_balance) < Decimal("0.01")


@pytest.mark.parametrize("venue", [{}, {"starting_balance": 10**8}, {"queue_depletion": "proportional"}])
def test_a_second_implementation_agrees_on_a_synthetic_market(market, venue):
    """From the zips, at a size that the market bears and at one that it does not."""
    result = run(
        market.lake,
        Experiment.parse(
            listing="um:BTCUSDT", first=market.days[0], last=market.days[1], venue=venue,
            strategy={"lpi_entry_threshold": 0.7},
        ),
    )  # fmt: skip
    assert result.fills.height > 10
    assert_same(by_zips(market.archive, result), result)


@pytest.mark.parametrize(
    ("bucket", "venue"),
    [(1_000_000, {}), (200_000, {"queue_depletion": "bounded"}), (50_000, {}), (200_000, {"starting_balance": 10**8})],
)
def test_a_second_implementation_agrees_on_real_minutes(real_minutes, real_files, bucket, venue):
    """From the zips of 2024-08-08, with few signals and with many."""
    result = run(
        real_minutes,
        Experiment.parse(
            listing="um:BTCUSDT", first=date(2024, 8, 8), last=date(2024, 8, 8), venue=venue,
            strategy={
                "oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5,
                "signals": {"vol_bucket_size": bucket},
            },
        ),
    )  # fmt: skip
    assert result.fills.height > 0
    assert_same(by_zips(real_files, result), result)


def test_both_modes_agree_on_real_minutes(real_minutes):
    """66,088 quotes and 10,447 aggregate trades of 2024-08-08, gates off, threshold 0.5: it trades."""
    chosen = Experiment.parse(
        listing="um:BTCUSDT", first=date(2024, 8, 8), last=date(2024, 8, 8),
        strategy={"oi_gate": False, "depth_gate": False, "lpi_entry_threshold": 0.5},
    )  # fmt: skip
    skipping, _ = assert_skipping_changes_nothing(real_minutes, chosen)
    assert skipping.fills.height > 0
    assert any("mark_prices" in what for what in skipping.without[date(2024, 8, 8)])
