"""Arrays and ticks agree: edges and sums to the last digit, scores to 1e-12."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phoenix_core.catalog.store import read_by_role
from phoenix_core.columns import Role
from phoenix_core.datasets import AGG_TRADES, BOOK_DEPTH, METRICS
from phoenix_core.errors import InputMissing
from phoenix_core.market import DAY_NS, Listing, day_start_ns
from phoenix_core.signals.days import SignalDays
from phoenix_core.signals.parameters import SignalParameters
from phoenix_core.signals.table import SignalInputs, signal_table
from phoenix_core.signals.volume_buckets import volume_buckets
from phoenix_core.strategies.indicators import LiquidationPressure

SCALE = 10**16
SCORES = ("fsi", "z_fsi", "vpin", "ldr", "oi_z", "lpi", "rv")
DECIMAL = pl.Decimal(38, 16)


def raw(value):
    return int(value.scaleb(16))


def tick_by_tick(trades, depth, open_interest, parameters):
    """Feed all events in the engine's order: at one instant trades come before other data."""
    events = [(row["ts_event"], 0, "trade", row) for row in trades.iter_rows(named=True)]
    events += [(row["ts_init"], 1, "depth", row) for row in depth.iter_rows(named=True)]
    events += [(row["ts_init"], 1, "interest", row) for row in open_interest.iter_rows(named=True)]
    pressure = LiquidationPressure(parameters)
    signals = []
    for ts, _, kind, row in sorted(events, key=lambda event: event[:2]):
        if kind == "depth":
            pressure.on_depth(ts, row["band_edge"], row["band_notional"])
        elif kind == "interest":
            pressure.on_open_interest(ts, row["open_interest"])
        else:
            signals.append(
                pressure.on_trade(
                    ts, int(row["trade_id"]), raw(row["price"]), raw(row["size"]), is_sell=row["aggressor_side"] == 2
                )
            )
    return [signal for signal in signals if signal is not None]


def assert_same(table, buckets, ticks):
    assert table.height == len(ticks)
    for row, bucket, tick in zip(table.iter_rows(named=True), buckets.iter_rows(named=True), ticks, strict=True):
        assert (row["ts_event"], row["bucket"], row["first_trade"], row["last_trade"], row["fsi_ready"]) == (
            tick.ts_event,
            tick.bucket,
            tick.first_trade,
            tick.last_trade,
            tick.fsi_ready,
        )
        assert Decimal(tick.buy_notional).scaleb(-32) == bucket["buy_notional"]
        assert Decimal(tick.sell_notional).scaleb(-32) == bucket["sell_notional"]
        for name in SCORES:
            expected = getattr(tick, name)
            if expected is None:
                assert row[name] is None, name
            else:
                assert row[name] == pytest.approx(expected, abs=1e-12), name


TRADES = st.lists(
    st.tuples(
        st.integers(0, 2 * 10**9),  # ns to the next trade, sometimes none
        st.decimals("100.0", "101.0", places=1),
        st.decimals("0.001", "9.999", places=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=120,
)
DEPTH = st.lists(st.tuples(st.integers(1, 10**10), st.integers(1, 10**6)), max_size=20)
INTEREST = st.lists(st.tuples(st.integers(1, 2 * 10**10), st.none() | st.integers(1, 10**9)), max_size=20)
START = day_start_ns(date(2024, 3, 30))


@settings(max_examples=60, deadline=None)
@given(TRADES, DEPTH, INTEREST)
def test_arrays_and_ticks_agree_on_any_flow(trades, depth, interest):
    """Generated flow, depth and open interest, with values that arrive in the same nanosecond."""
    parameters = SignalParameters(
        vol_bucket_size=Decimal(400), fsi_window=7, vpin_window=3, min_samples=3, max_depth_age_secs=20,
        rv_window_minutes=1,
    )  # fmt: skip
    times = pl.Series([gap for gap, *_ in trades], dtype=pl.Int64).cum_sum() + START
    flow = pl.DataFrame(
        {
            "price": pl.Series([p for _, p, _, _ in trades], dtype=DECIMAL),
            "size": pl.Series([q for _, _, q, _ in trades], dtype=DECIMAL),
            "aggressor_side": pl.Series([2 if s else 1 for *_, s in trades], dtype=pl.UInt8),
            "trade_id": [str(n) for n in range(len(trades))],
            "ts_event": times.cast(pl.UInt64),
        }
    )
    book = pl.DataFrame(
        {
            "ts_init": (pl.Series([gap for gap, _ in depth], dtype=pl.Int64).cum_sum() + START).cast(pl.UInt64),
            "band_edge": pl.Series([Decimal(-1)] * len(depth), dtype=DECIMAL),
            "band_notional": pl.Series([Decimal(n) for _, n in depth], dtype=DECIMAL),
        }
    )
    samples = pl.DataFrame(
        {
            "ts_init": (pl.Series([gap for gap, _ in interest], dtype=pl.Int64).cum_sum() + START).cast(pl.UInt64),
            "open_interest": pl.Series([None if v is None else Decimal(v) for _, v in interest], dtype=DECIMAL),
        }
    )
    buckets = volume_buckets(flow, parameters.vol_bucket_size)
    table = signal_table(SignalInputs(START, buckets, buckets.clear(), flow, book, samples), parameters)
    assert_same(table, buckets, tick_by_tick(flow, book, samples, parameters))


def frames(lake, listing, days):
    empty = {
        "depth": pl.DataFrame(schema={"ts_init": pl.UInt64, "band_edge": DECIMAL, "band_notional": DECIMAL}),
        "open_interest": pl.DataFrame(schema={"ts_init": pl.UInt64, "open_interest": DECIMAL}),
    }

    def read(dataset, *columns):
        found = []
        for day in days:
            try:
                found.append(read_by_role(lake, dataset, listing, day, columns))
            except InputMissing:
                continue
        return pl.concat(found) if found else empty[dataset.catalog_name]

    return (
        read(AGG_TRADES, "ts_event", "ts_init", "trade_id", "price", "size", "aggressor_side"),
        read(BOOK_DEPTH, "ts_init", Role.BAND_EDGE, Role.BAND_NOTIONAL),
        read(METRICS, "ts_init", Role.OPEN_INTEREST),
    )


def test_arrays_and_ticks_agree_on_real_minutes(real_minutes):
    """The real flow of 2024-08-08: 10,447 trades."""
    listing, day = Listing.parse("um:BTCUSDT"), date(2024, 8, 8)
    days = SignalDays(real_minutes, listing)
    ticks = tick_by_tick(*frames(real_minutes, listing, [day]), days.parameters)
    assert len(ticks) == 134
    assert_same(days.signals(day), days.buckets(day), ticks)


def test_a_second_day_knows_what_a_trader_would_remember(market):
    """Two synthetic days fed without a break equal the second day's arrays, which read yesterday's files."""
    days = SignalDays(market.lake, market.listing)
    second = market.days[1]
    every = tick_by_tick(*frames(market.lake, market.listing, market.days), days.parameters)
    own = [tick for tick in every if tick.ts_event >= day_start_ns(second)]
    assert len(own) > 100
    assert_same(days.signals(second), days.buckets(second), own)


def test_buckets_restart_at_midnight(market):
    """What was open at 24:00 is no part of the next day."""
    first, second = (SignalDays(market.lake, market.listing).buckets(day) for day in market.days)
    assert second["bucket"][0] == 0
    assert second["opened_ns"][0] >= day_start_ns(market.days[1])
    assert first["ts_event"][-1] < day_start_ns(market.days[0]) + DAY_NS


def test_a_change_of_the_future_changes_nothing_before_it(market):
    """Cut a day off at noon: the morning's signals stay, bit for bit."""
    listing, day = market.listing, market.days[0]
    trades, depth, interest = frames(market.lake, listing, [day])
    noon = day_start_ns(day) + DAY_NS // 2
    parameters = SignalParameters()

    def morning(flow, book, samples):
        buckets = volume_buckets(flow, parameters.vol_bucket_size)
        table = signal_table(SignalInputs(day_start_ns(day), buckets, buckets.clear(), flow, book, samples), parameters)
        return table.filter(pl.col("ts_init") < noon)

    early = pl.col("ts_init") < noon
    assert morning(trades, depth, interest).equals(
        morning(trades.filter(early), depth.filter(early), interest.filter(early))
    )
    assert morning(trades, depth, interest).height > 50


def test_signals_say_what_they_lacked(market):
    """Without yesterday and 30 days of open interest, the first day says so."""
    from phoenix_core.manifest import Manifest  # noqa: PLC0415 - for this test alone

    first, second = (Manifest(market.lake).find("um/btcusdt/signals", day) for day in market.days)
    assert (first.facts["yesterday"], second.facts["yesterday"]) == (False, True)
    assert second.facts["open_interest_days_before"] == 1
    assert f"um/btcusdt/open_interest@{market.days[0]}" in second.sources
    assert market.days[1] - market.days[0] == timedelta(1)
