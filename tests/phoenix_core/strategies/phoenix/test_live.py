"""Fed tick by tick the strategy computes its own signals, and sends the orders that it sends on the arrays."""

import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.gaps import gaps_of, with_blocked_entries
from phoenix_core.backtest.run import run
from phoenix_core.market import DAY_NS
from phoenix_core.strategies.phoenix.live import _Outages

MINUTE = 60 * 10**9


def result(market, first, **values):
    chosen = Experiment.parse(
        listing="um:BTCUSDT", first=market.days[first], last=market.days[1],
        strategy={"lpi_entry_threshold": 0.7}, **values,
    )  # fmt: skip
    return run(market.lake, chosen)


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 1], ids=["two days", "a day with a day before it"])
def test_the_same_orders_come_of_live_signals_as_of_arrays(market, first):
    """Fill for fill and cent for cent; decided a nanosecond later, on figures that agree to 1e-12."""
    arrays, live = result(market, first), result(market, first, replay="live")
    assert arrays.fills.height > 4
    exact = ["ts", "side", "quantity", "price", "fee", "liquidity", "why", "bucket", "first_trade", "last_trade"]
    assert live.fills.select(exact).equals(arrays.fills.select(exact))
    assert live.final_balance == arrays.final_balance
    assert len(live.decisions) == len(arrays.decisions)
    for own, other in zip(live.decisions, arrays.decisions, strict=True):
        late = 1 if other.annotations else 0
        assert (own.ts - other.ts, own.reason, own.side) == (late, other.reason, other.side)
        assert (own.quantity, own.price, own.mid) == (other.quantity, other.price, other.mid)
        for (name, value), (_, expected) in zip(own.annotations, other.annotations, strict=True):
            assert value == (None if expected is None else pytest.approx(expected, abs=1e-12)), name
    assert f"um/btcusdt/open_interest@{market.days[first]}" in live.versions
    assert f"um/btcusdt/signals@{market.days[first]}" not in live.versions


def test_a_live_result_has_a_folder_of_its_own():
    """Its figures may differ in the thirteenth digit; full and skipping replay share one."""
    names = {
        mode: Experiment.parse(listing="um:BTCUSDT", first="2024-01-01", last="2024-01-01", replay=mode).name
        for mode in ("signals", "full", "live")
    }
    assert names["signals"] == names["full"] != names["live"]


@pytest.mark.parametrize(
    "minutes", [[0, 1, 9, 10, 11, 20], [7, 8, 9, 30, 31, 36, 37], [4, 5, 6], [5, 6, 11, 12, 18], [0, 6, 13]]
)
def test_outages_are_those_of_the_arrays(minutes):
    """At each minute with a trade: whether entries are blocked, found only from what came before."""
    import polars as pl  # noqa: PLC0415 - for this test alone

    start = 19_800 * DAY_NS
    times = [start + minute * MINUTE + 7 for minute in minutes]
    gaps = gaps_of(pl.Series([start + (minute + 1) * MINUTE - 1 for minute in minutes]), start)
    expected = with_blocked_entries(pl.DataFrame({"ts_init": times}), gaps)["entries_blocked"].to_list()
    outages, found = _Outages(), []
    for ts in times:
        outages.on_trade(ts)
        found.append(ts <= outages.blocked_until_ns)
    assert found == expected
