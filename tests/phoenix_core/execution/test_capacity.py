import polars as pl
import pytest

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.run import run
from phoenix_core.execution.capacity import Capacity, capacity

MINUTE = 60 * 10**9


def of(fills, volumes, largest=0.1):
    times, quantities = zip(*fills, strict=True)
    minutes = {"minute_ns": [MINUTE * (at + 1) - 1 for at in volumes], "volume": list(volumes.values())}
    return capacity(pl.DataFrame({"ts": times, "quantity": quantities}), pl.DataFrame(minutes), largest)


def test_shares_are_those_of_a_minutes_trades():
    """1 of 10, 2 + 1 of 10, 0.1 of 10: median 10 %, worst 30 %, of which one lies above 10 %."""
    fills = [(5, 1.0), (MINUTE, 2.0), (2 * MINUTE - 1, 1.0), (2 * MINUTE, 0.1)]
    found = of(fills, {0: 10.0, 1: 10.0, 2: 10.0})
    assert (found.median, found.worst, found.minutes, found.above) == (0.1, 0.3, 3, 1)
    assert found.worst_ns == 2 * MINUTE - 1


def test_a_minute_without_trades_counts_as_a_whole():
    """Whatever a quote gave there."""
    assert of([(5, 0.001)], {}).worst == 1.0


def test_without_fills_nothing_is_taken():
    """And nothing is above any share."""
    empty = pl.DataFrame(schema={"ts": pl.Int64, "quantity": pl.Float64})
    assert capacity(empty, pl.DataFrame({"minute_ns": [1], "volume": [1.0]}), 0.1) == Capacity()


@pytest.mark.parametrize(("balance", "bears"), [(1_000, True), (10_000_000, False)])
def test_a_result_knows_what_the_market_bears(market, balance, bears):
    """A thousand is little beside the market; ten million are more than its trades."""
    day = market.days[0]
    result = run(
        market.lake, Experiment.parse(listing="um:BTCUSDT", first=day, last=day, venue={"starting_balance": balance})
    )
    assert result.fills.height
    assert (result.capacity.above == 0) is bears
    assert result.capacity.median <= result.capacity.worst
