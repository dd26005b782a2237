"""The interval of a day made by hand, from its trades alone; and random days whose quotes the trades leave open."""

from decimal import Decimal

import numpy as np
import polars as pl

from fakes.scenario import START, Scenario, at
from phoenix_core.backtest.experiment import VenueParameters
from phoenix_core.backtest.interval import terms_of
from phoenix_core.backtest.venue import as_traded, feed_latency_ns, order_latency_ns
from phoenix_core.intervals.prints import SCALE, Prints
from phoenix_core.intervals.terms import Evidence, Known
from phoenix_core.market import DAY_NS
from phoenix_core.strategies.contract import default_strategy
from phoenix_core.strategies.phoenix.bounds import PhoenixBounds

TICK = SCALE // 10  # of BTCUSDT


def tape_of(scenario, margin_ns=0):
    """The trades of a scenario."""
    rows = [(one.ts_init, one.price.as_decimal(), one.size.as_decimal(), int(one.aggressor_side))
            for one in sorted(scenario.trades, key=lambda one: one.ts_init)]  # fmt: skip
    schema = {"ts_init": pl.Int64, "price": pl.Decimal(38, 16), "size": pl.Decimal(38, 16), "aggressor_side": pl.UInt8}
    return Prints.of([pl.DataFrame(rows, schema=schema, orient="row")], TICK, margin_ns)


def interval_of(scenario, *, venue=None, margin_ns=0, **strategy):
    """Bounds of what `Scenario.run` can give on any quotes within the hull."""
    exchange = VenueParameters.model_validate({"order_latency_ms": 5} | (venue or {}))
    spec = as_traded(scenario.specification, exchange)
    chosen = default_strategy().parameters.model_validate({"max_leverage": 0.5} | strategy)
    bounds = PhoenixBounds(chosen, terms_of(exchange, spec))
    end, closing = START + DAY_NS - 1, order_latency_ns(exchange) + 2_000_000
    inputs, late_ns = scenario.inputs(), feed_latency_ns(exchange)
    signals = inputs.signals.with_columns(pl.col("ts_init") + late_ns)
    funding = [(due.ts, float(-due.rate * due.mark)) for due in inputs.funding]
    lows = [(mark.ts, float(mark.low)) for mark in inputs.marks]
    bounds.plan(Known(signals, (end - 2 * closing, end - closing), funding, lows, inputs.brackets))
    depth = (inputs.depth,) if scenario.depths else ()
    bounds.look(Evidence(START, end, tape_of(scenario, margin_ns), depth))
    return bounds.interval()


def open_market(seed, events=120):
    """A day of prints; its quotes are drawn from all that the prints leave open, and change whenever they like.

    One day in three has the lowest quotes with next to nothing displayed, one the highest with all that anybody wants.
    """
    rng, edge = np.random.default_rng(seed), seed % 3
    day, base = Scenario(), 500_000
    times = 10 + np.cumsum(rng.integers(1, 900, events)) / 1000
    level = base + np.cumsum(rng.integers(-6, 7, events))
    for number, (seconds, price) in enumerate(zip(times, level, strict=True)):
        is_sale = number != 1 and (number == 0 or rng.random() < 0.5)  # both sides have traded before any quote
        size = Decimal(int(rng.integers(1, 900))) / 1000
        paid = int(price) if is_sale else int(price) + int(rng.integers(1, 4))
        day.trade(float(seconds), str(Decimal(paid) / 10), str(size), "SELLER" if is_sale else "BUYER")
    tape = tape_of(day)
    for number in range(1, events):
        begin = round(float(times[number]) * 1000)
        end = round(float(times[number + 1]) * 1000) if number + 1 < events else begin + 1
        moments = sorted({begin, *(int(x) for x in rng.integers(begin, end, 2))})
        for moment in moments:
            low, high = (value // TICK for value in _open_at(tape, at(moment / 1000), is_last=number + 1 == events))
            bid = (int(rng.integers(low, high + 1)), low, high)[edge]
            ask = (int(rng.integers(bid + 1, high + 2)), bid + 1, bid + 1)[edge]
            sizes = (str(Decimal(int(lots)) / 1000) for lots in _sizes(rng, edge))
            day.quote(moment / 1000, str(Decimal(bid) / 10), str(Decimal(ask) / 10), *sizes)
    return _with_the_rest(day, rng, float(times[-1]), has_holes=not edge)


def _sizes(rng, edge):
    return (rng.integers(1, 3000, 2), (1, 1), (10**6, 10**6))[edge]


def _open_at(tape, ns, *, is_last):
    if not is_last:
        return tape.bid(ns)
    ends = (int(tape.sales.price[-1]), int(tape.purchases.price[-1]) - TICK)
    return min(ends), max(ends)


def _with_the_rest(day, rng, until, *, has_holes):
    """Depth with holes, signals of all kinds, funding, marks."""
    for seconds in np.arange(5, until, 20):
        if not has_holes or rng.random() < 0.8:
            far = [
                str(round(float(lots), 3))
                for lots in np.cumsum(rng.uniform(*((0.5, 20) if has_holes else (50, 90)), 3))
            ]
            bands = list(zip(("1", "2", "5"), far, strict=True))
            day.depth(float(seconds), bands, bands)
    for moment in np.sort(rng.integers(11_000, int(until * 1000), 40)):
        day.signal(int(moment) / 1000, float(rng.choice([0.05, 0.5, 0.9], p=[0.35, 0.15, 0.5])))
    day.funds(float(rng.uniform(11, until)), str(round(rng.uniform(-0.01, 0.01), 4)), "50000")
    for seconds in range(60, int(until) + 60, 60):
        day.mark(seconds, "50000", "49900", "50100")
    return day
